"""One seed in which the hub is restored from an older backup, perhaps twice, on a network that fails; or a node is.

Documents, decisions and recalls go on before the backup, after it, and after the restoring. Then healing and the audit:
no document is lost, none is doubled, and nothing is broken but what the declaration explains. No attacker and no new
keys here: both are judged by what the restored hub has forgotten (`run` has them).
"""

import random
from collections.abc import Callable
from datetime import datetime, timedelta

from exchange.services.archive.shelf import Shelf
from exchange.services.audit.promises import audit
from exchange.services.hub.history import Historian
from exchange.services.node.recover import Recoverer
from exchange.testing.broker import Faults
from exchange.testing.stores import contents, memory_hub_store, memory_node_store
from tests.simulation.county import COUNTY
from tests.simulation.run import heal
from tests.simulation.workload import decide, send, speak
from tests.simulation.world import World

__all__ = ["a_world", "hub_restored", "live", "node_restored", "restore_hub", "verdict_of"]

_EXPECTED = {"hub_restored", "delivery_expired", "unsigned_after_all_reminders"}


def _send(world: World) -> None:
    send(world, world.chance.randrange(len(world.mailrooms)))


_DEEDS: tuple[tuple[Callable[[World], None], int], ...] = ((_send, 6), (decide, 8), (speak, 2))


def hub_restored(seed: int) -> list[str]:
    """What is wrong in the end; empty when every promise held."""
    world, chance = a_world(seed)
    live(world, chance.randint(5, 40))
    for _ in range(chance.choice((1, 1, 2))):
        taken, content = world.clock.now(), contents(world.hub_store.inner)
        files = set(world.hub_files.digests())
        live(world, chance.randint(5, 60))
        if chance.random() < 0.3:
            heal(world)  # everything was closed when it was lost
            world.points.quiet = world.calm = False
        restore_hub(world, taken, content, files)
        live(world, chance.randint(0, 20))
    return verdict_of(world)


def restore_hub(world: World, taken: datetime, content: bytes, files: set[str]) -> None:
    """The hub is as it was `taken`, with the `files` of then, and says so."""
    world.pass_time(700)  # the clocks of a hub's workers may differ by less
    world.hub_store.inner = memory_hub_store(content)
    world.hub_store.forget()
    for digest in set(world.hub_files.digests()) - files:
        world.hub_files.discard(digest)
    if world.chance.random() < 0.5:
        world.broker.wipe(keep_topology=True)
    world.restart()
    world.points.quiet = True
    world.administrator.declare_restored(taken, "磁盘损坏")
    world.points.quiet = False
    world.pass_time(1)


def node_restored(seed: int) -> list[str]:
    world, chance = a_world(seed)
    live(world, chance.randint(5, 40))
    number = chance.randrange(len(world.mailrooms))
    room = world.mailrooms[number]
    taken, content = world.clock.now(), contents(room.store.inner)
    live(world, chance.randint(5, 60))
    heal(world)  # what the hub had not accepted is lost with the node's disk
    world.calm = False
    room.store.inner = memory_node_store(content)
    room.store.forget()
    process = world.processes[f"node-{number}"]
    process.start()
    _recover(world, number, taken)
    world.points.quiet = False
    live(world, chance.randint(0, 20))
    return verdict_of(world)


def _recover(world: World, number: int, taken: datetime) -> None:
    node, refresher = world.services[number]
    recoverer = Recoverer(node, refresher, Historian(world.hub_store, world.clock, node.log), taken, lambda: None)
    while recoverer.pending:
        recoverer.recover()


def a_world(seed: int, decide: Callable[[int, str], None] | None = None) -> tuple[World, random.Random]:
    chance = random.Random(seed)
    world = World(chance, decide=decide or (lambda _count, _name: None), nodes=2, units=4)
    world.broker.faults = Faults(lose=0.1, duplicate=0.1, reorder=0.2, unknown_lost=0.1) if seed % 2 else Faults()
    return world, chance


def live(world: World, rounds: int) -> None:
    chance, processes = world.chance, list(world.processes.values())
    for _ in range(rounds):
        if chance.random() < 0.3:
            chance.choices([one for one, _ in _DEEDS], [weight for _, weight in _DEEDS])[0](world)
        process = chance.choice(processes)
        for step in list(process.steps):
            world.run(process, step)
        world.pass_time(chance.choice((0, 1, 5, 20)))


def verdict_of(world: World, shelf: Shelf | None = None) -> list[str]:
    """What is wrong once everything has come to an end."""
    heal(world)
    world.pass_time(timedelta(days=1).total_seconds())
    heal(world)
    report = audit(
        world.hub_store.inner,
        COUNTY.anchor,
        hub_files=world.hub_files,
        nodes=[(room.store.inner, room.files) for room in world.mailrooms],
        settled=True,
        shelf=shelf,
    )
    with world.hub_store.inner.begin() as session:
        lost = [str(key) for key in world.promised if not session.documents([key])]
    loud = {line.event for line in world.log.lines if line.level == "alarm"} - _EXPECTED
    return [*report.lines(), *(f"the hub has {key} no more" for key in lost), *(f"alarm {event}" for event in loud)]
