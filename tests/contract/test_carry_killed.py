"""A process that unpacks a carry package dies at each of its steps and is started again: nothing is lost, nothing is
twice in effect.

One story goes four ways on a disk: a unit's documents to the hub, on to the recipient, receipts to the hub, and home.
A step is a commit that writes something, or what is done to a file. Not here: what the commands print, a real SIGKILL
(`tests/scenarios/test_s5_carry.py`).
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from exchange.conformance.watched import Commits
from exchange.model.envelope import EnvelopeKey
from exchange.ports.node import Box
from exchange.services.hub.acknowledge import Acknowledger
from exchange.services.hub.route import Router
from tests.unit.services.carried_world import Disk
from tests.unit.services.hub_and_node import A, B, Died, Texts, World, a_file

PARTS = 4  # so that two cores have something to do
FEWEST_STEPS = 24
BODY = b"%PDF-1.7 " + b"x" * 9000


class Story:
    """`die_at`: the step at which the unpacking process dies, 0 for never."""

    def __init__(self, folder: Path, die_at: int = 0) -> None:
        self.world = World()
        self.disk = Disk(self.world, folder)
        self.die_at = die_at
        self.steps: list[str] = []

    def play(self) -> list[EnvelopeKey]:
        world, disk = self.world, self.disk
        keys = [world.submit(B, files=[a_file(data=BODY)]), world.submit(B, files=[a_file(data=BODY)])]
        self.unpack(disk.from_node(A), disk.to_hub)
        self.unpack(disk.from_hub(B), disk.to_node)
        world.receiving.officer.hand_over()
        world.receiving.decider.sign(B, keys[0], "王五")
        self.unpack(disk.from_node(B), disk.to_hub)
        self.unpack(disk.from_hub(A), disk.to_node)
        for unit in (B, A):  # until each knows that the other knows
            disk.up(unit)
            disk.down(unit)
            disk.up(unit)
        return keys

    def unpack(self, path: Path, do: Callable[[Path], object]) -> None:
        self._watch(self.reach)
        try:
            do(path)
        except Died:
            self._watch(None)
            hub = self.world.hub  # what the dead process knew is gone with it
            hub.router, hub.acknowledger = Router(hub.hub, Texts()), Acknowledger(hub.hub)
            do(path)
        self._watch(None)

    def reach(self, step: str) -> None:
        self.steps.append(step)
        if len(self.steps) == self.die_at:
            raise Died

    def _watch(self, reach: Callable[[str], None] | None) -> None:
        for side in (self.world.hub, *self.world.nodes):
            side.steps.watch = Commits(reach) if reach else None
            side.files.hook = (lambda step, _sha256: reach(f"file {step}")) if reach else None

    def faults(self, keys: list[EnvelopeKey]) -> list[str]:
        world = self.world
        with world.receiving.store.begin() as session:
            inbox = len(session.listing(B, Box.INBOX))
        first, second = keys
        expected: dict[str, tuple[object, object]] = {
            "said of the first": (world.hub.said(first), ["ACCEPTED", "DELIVERED", "IMPORTED", "SIGNED"]),
            "said of the second": (world.hub.said(second), ["ACCEPTED", "DELIVERED", "IMPORTED"]),
            "known to the sender": (world.sending.said(A, first), ["ACCEPTED", "DELIVERED", "IMPORTED", "SIGNED"]),
            "documents at the hub": (world.hub.counts()["documents"], 2),
            "documents in the inbox": (inbox, 2),
            "documents in the office": (len(world.receiving.office.taken), 2),
            "files": ([len(list(side.files.digests())) for side in (world.hub, world.receiving)], [1, 1]),
            "set aside": ([*world.hub.quarantine(), *world.receiving.quarantine()], []),
            "not confirmed by the hub": ([*world.sending.open_outbox(A), *world.receiving.open_outbox(B)], []),
            "not confirmed by units": (world.hub.counts()["forwards_open"], 0),
        }
        return [f"{what}: {found}" for what, (found, wanted) in expected.items() if found != wanted]


@pytest.mark.parametrize("part", range(PARTS))
def test_death_at_any_step_of_unpacking_loses_and_doubles_nothing(tmp_path: Path, part: int) -> None:
    story = Story(tmp_path)
    assert story.faults(story.play()) == []
    assert len(story.steps) > FEWEST_STEPS
    found = []
    for number, step in list(enumerate(story.steps, 1))[part::PARTS]:
        again = Story(tmp_path, number)
        found += [f"dead at step {number}, {step}: {fault}" for fault in again.faults(again.play())]
        assert again.steps[:number] == story.steps[:number]
    assert not found, "\n".join(found)
