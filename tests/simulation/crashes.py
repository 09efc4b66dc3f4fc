"""One small story, killed once at every point there is, before and after each commit and each message.

A story is short and has no other faults, so that whatever goes wrong is the crash's doing.
"""

import io
import random
from collections.abc import Callable
from functools import partial

from exchange.model.envelope import FileRole
from exchange.model.unit import UnitCode
from exchange.ports.office import Address, Draft, DraftFile
from tests.simulation.crash import SimulatedCrash
from tests.simulation.run import Outcome, heal, one_round, verdict
from tests.simulation.workload import NOTICE
from tests.simulation.world import World

__all__ = ["crash_at"]


def crash_at(point: int) -> Outcome:
    """The story with its process killed at the point of this number. `points` of the outcome is below it once there
    are no more."""

    def decide(count: int, name: str) -> None:
        if count == point:
            raise SimulatedCrash(f"{name}, point {count}")

    world = World(random.Random(0), decide=decide, nodes=2, units=3)
    failures: list[str] = []
    try:
        _story(world)
        points = world.points.count
        heal(world)
        failures += verdict(world)
    except Exception as error:  # noqa: BLE001  # whatever nobody foresaw is a finding too
        points = world.points.count
        failures.append(f"{type(error).__name__}: {error}")
    return Outcome(failures=tuple(failures), events=tuple(world.events), documents=len(world.promised), points=points)


def _story(world: World) -> None:
    """A unit sends two others a document with a file; one signs, both are asked to give it back. Whoever gets no
    answer does the same again."""
    sender, signing, other = world.units
    _insist(world, 0, "submit", partial(_submit, world, sender, (signing, other)))
    _rounds(world)
    for key in list(world.promised):
        _insist(world, 1, "sign", partial(world.mailrooms[1].decider.sign, signing, key, "李四"))
        _rounds(world)
        _insist(world, 0, "recall", partial(world.mailrooms[0].recaller.recall, key, "张三", "发错了"))
    _rounds(world)


def _insist(world: World, mailroom: int, name: str, action: Callable[[], object]) -> None:
    if not world.act(mailroom, name, action):
        world.act(mailroom, f"{name} again", action)


def _submit(world: World, sender: UnitCode, to: tuple[UnitCode, ...]) -> None:
    draft = Draft(
        sender=sender,
        to=tuple(Address(to=unit) for unit in to),
        metadata=NOTICE,
        files=(
            DraftFile(
                role=FileRole.BODY,
                name="正文.bin",
                media_type="application/octet-stream",
                open=lambda: io.BytesIO(b"7" * 6000),
            ),
        ),
        operator="张三",
        declared_by="张三",
        reference="一号",
    )
    done = world.mailrooms[0].submitter.submit(draft)
    world.promised[done.key] = done.recipients


def _rounds(world: World) -> None:
    for _ in range(4):
        if not one_round(world):
            world.pass_time(35)
