"""One seed in which months go by, and the old one is archived by processes that die anywhere, while others work on.

Afterwards the hub may be restored from a backup that knows nothing of the archive, and units send again what was
archived. Then healing and the audit, with the files and without them: nothing is lost, nothing is there twice, and
nothing is different from what it was.
"""

from contextlib import closing
from datetime import timedelta
from pathlib import Path

from exchange.services.archive.month import Archiver, Postponed, Step
from exchange.services.archive.shelf import Shelf
from exchange.testing.stores import contents
from tests.simulation.county import COUNTY
from tests.simulation.crash import SimulatedCrash
from tests.simulation.restored import a_world, live, restore_hub, verdict_of
from tests.simulation.run import heal
from tests.simulation.world import World

__all__ = ["hub_archived"]

_LATER = timedelta(days=200).total_seconds()
_CRASH = 0.08


def hub_archived(seed: int, folder: Path) -> list[str]:
    """What is wrong in the end; empty when every promise held. `folder`: an empty one for the files."""

    def decide(_count: int, name: str) -> None:
        if world.running == "archiver" and world.chance.random() < _CRASH:
            raise SimulatedCrash(name)

    world, chance = a_world(seed, decide)
    live(world, chance.randint(20, 60))
    _grow_old(world)
    taken, content, files = world.clock.now(), contents(world.hub_store.inner), set(world.hub_files.digests())
    failures = _archive(world, folder)
    if chance.random() < 0.5:
        restore_hub(world, taken, content, files)
        live(world, chance.randint(0, 20))
        _grow_old(world)
        failures += _archive(world, folder)
    _send_again(world)
    live(world, chance.randint(5, 20))
    with closing(Shelf(folder)) as shelf:
        failures += verdict_of(world, shelf)
    failures += verdict_of(world)
    return failures


def _grow_old(world: World) -> None:
    heal(world)
    for _ in range(3):  # reminders come to their end
        world.pass_time(timedelta(days=3).total_seconds())
        heal(world)
    world.points.quiet = world.calm = False
    world.pass_time(_LATER)


def _archive(world: World, folder: Path) -> list[str]:
    """Again and again until one comes to its end."""
    waits: list[Step] = []
    while True:
        world.running = "archiver"
        archiver = Archiver(
            world.hub_store,
            world.clock,
            COUNTY.ledger.note,
            COUNTY.anchor,
            folder,
            4,
            world.log,
            holder=world.ids.new(),
        )
        try:
            for step in archiver.run(take_over=True):
                waits += [step] if isinstance(step, Postponed) else []
                if world.chance.random() < 0.1:
                    live(world, 1)
            break
        except SimulatedCrash as crash:
            world.event(f"archiver dies at {crash}")
        finally:
            world.running = ""
    with world.hub_store.inner.begin() as session:
        archives = session.archives()
    failures = [f"{record.file} was not finished" for record in archives if record.removed is None]
    return failures if archives or waits else ["nothing was archived"]


def _send_again(world: World) -> None:
    """Every unit sends everything once more, as if no answer had ever come."""
    for room in world.mailrooms:
        with room.store.inner.begin() as session:
            for unit in room.units:
                keys = [key for key in world.promised if key.sender == unit]
                session.reopen_envelopes(unit, keys, world.clock.now())
