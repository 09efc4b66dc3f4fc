"""Told to stop in the middle of a large file, a loop ends between two pieces of it; the next life goes on there, and
nothing is lost or comes twice."""

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

import pytest

from exchange.adapters.folder import FolderAdapter
from exchange.model.envelope import FileEntry
from exchange.model.events import TransportState
from exchange.model.unit import UnitCode
from exchange.ports.files import FileExchange
from exchange.ports.office import HandOver, OfficeAdapter
from exchange.services.node.handover import Officer
from exchange.settings import NodeTiming
from exchange.testing.files import MemoryFiles
from exchange.testing.metrics import RecordingLog, RecordingMetrics
from tests.unit.services.hub_and_node import A, B, C, Office, World, a_draft, a_file, an_entry
from workers.pulse import Pulsing
from workers.runner import Runner, Step

PIECE = 4096  # of a transfer, as `World` has it
DATA = bytes(range(256)) * 16 * 16
ENTRY = an_entry(DATA)
MIDDLE = 3
LARGE = DATA * 80  # five of the pieces in which an office reads
AT_ONCE = NodeTiming(chunk_bytes=4 << 20)


@pytest.fixture
def world() -> World:
    return World()


@dataclass
class Life:
    """One life of a loop. At the piece in the middle it is told to stop, else after one round."""

    work: Callable[[], int]
    world: World
    seen: int = 0
    log: RecordingLog = field(default_factory=RecordingLog)
    runner: Runner = field(init=False)

    def __post_init__(self) -> None:
        steps = [Step(name="move", run=self.work), Step(name="end", run=self._end)]
        self.runner = Runner("loop", steps, self.world.clock, RecordingMetrics(), self.log)

    def piece(self) -> None:
        self.seen += 1
        if self.seen == MIDDLE:
            self.runner.stop()

    def _end(self) -> int:
        self.runner.stop()
        return 0

    def was_left(self) -> bool:
        self.runner.run()
        return "step_left" in self.log.events("info")


@dataclass
class Told:
    """`FileExchange` that tells of each piece that went."""

    inner: FileExchange
    tell: Callable[[], None]

    def offset(self, unit: UnitCode, entry: FileEntry) -> int:
        return self.inner.offset(unit, entry)

    def upload(self, unit: UnitCode, entry: FileEntry, offset: int, chunk: bytes) -> int:
        reached = self.inner.upload(unit, entry, offset, chunk)
        self.tell()
        return reached

    def download(self, unit: UnitCode, sha256: str, offset: int, limit: int) -> bytes:
        data = self.inner.download(unit, sha256, offset, limit)
        self.tell()
        return data


def test_a_document_that_is_copied_in_is_sent_once_by_the_next_life(world: World) -> None:
    side, office = world.sending, world.sending.office
    office.drafts = [a_draft(B, reference="OA-7", files=[a_file(data=DATA)])]
    life = Life(side.officer.collect, world)
    side.files.hook = lambda step, _: life.piece() if step == "append.after" else None
    assert life.was_left()
    assert (side.counts()["sent"], office.answers, side.files.received(A, ENTRY.sha256)) == (0, [], MIDDLE * PIECE)
    assert not Life(side.officer.collect, world).was_left()
    assert life.seen == len(DATA) / PIECE
    assert (side.counts()["sent"], [reference for reference, _ in office.answers]) == (1, ["OA-7"])


def test_a_file_on_its_way_up_goes_on_where_it_stopped(world: World) -> None:
    key, side = world.submit(B, files=[a_file(data=DATA)]), world.sending
    life = Life(side.relay.relay, world)
    side.node.exchange = Pulsing(Told(side.line, life.piece))
    assert life.was_left()
    assert sum(side.line.moved) == MIDDLE * PIECE
    assert not Life(side.relay.relay, world).was_left()
    assert sum(side.line.moved) == len(DATA)
    world.settle()
    assert side.delivery(A, key).state.transport is TransportState.DELIVERED


def test_a_file_on_its_way_down_goes_on_where_it_stopped(world: World) -> None:
    key, side = world.accepted(B, files=[a_file(data=DATA)]), world.receiving
    life = Life(side.receive, world)
    side.node.exchange = Pulsing(Told(side.line, life.piece))
    assert life.was_left()
    assert ("DELIVERED" in side.said(B, key), sum(side.line.moved)) == (False, MIDDLE * PIECE)
    world.pass_time(timedelta(hours=1))
    world.hub.dispatcher.dispatch()
    world.settle()
    assert side.said(B, key).count("DELIVERED") == 1
    assert sum(side.line.moved) == len(DATA)


class Watched(io.BytesIO):
    """A file that tells of each piece that is read."""

    def __init__(self, data: bytes, tell: Callable[[], None]) -> None:
        super().__init__(data)
        self._tell = tell

    def read(self, size: int | None = -1) -> bytes:
        self._tell()
        return super().read(size)


class WatchedFiles(MemoryFiles):
    """Whatever is read of the large file is told of."""

    def __init__(self, large: str, tell: Callable[[], None]) -> None:
        super().__init__()
        self._large, self._tell = large, tell

    def open(self, sha256: str, offset: int = 0) -> BinaryIO:
        stream = super().open(sha256, offset)
        return Watched(stream.read(), self._tell) if sha256 == self._large else stream


def handing_over(world: World, office: OfficeAdapter, large: bytes) -> tuple[Life, Callable[[], int]]:
    """C's document is small, B's is not, and comes after it."""
    officer = Officer(world.receiving.node, lambda _: office, world.receiving.submitter)
    life = Life(officer.hand_over, world)
    world.receiving.node.files = WatchedFiles(an_entry(large).sha256, life.piece)
    world.delivered(C, files=[a_file(data=DATA)])
    world.pass_time(timedelta(seconds=1))
    world.delivered(B, files=[a_file(data=large)])
    return life, officer.hand_over


def test_a_document_that_is_copied_into_an_office_is_there_once_after_the_next_life(tmp_path: Path) -> None:
    world = World(node_timing=AT_ONCE)
    life, hand_over = handing_over(world, FolderAdapter(tmp_path), LARGE)
    assert life.was_left()
    assert life.seen == MIDDLE
    (half,) = (tmp_path / B / "inbox").iterdir()
    assert (half.suffix, len(list((tmp_path / C / "inbox").iterdir()))) == (".tmp", 1)
    assert world.receiving.counts()["handovers_open"] == 1  # what the office had by then is known
    world.pass_time(timedelta(hours=1))
    assert not Life(hand_over, world).was_left()
    (whole,) = (tmp_path / B / "inbox").iterdir()
    assert (whole / "files" / "通知.pdf").read_bytes() == LARGE
    assert world.receiving.counts()["handovers_open"] == 0


class Reading(Office):
    """Reads every file of what it takes."""

    def hand_over(self, item: HandOver) -> str:
        for entry in item.envelope.files:
            with item.open_file(entry.sha256) as stream:
                stream.read()
        return super().hand_over(item)


def test_what_the_office_took_before_is_not_handed_over_again() -> None:
    world, office = World(node_timing=AT_ONCE), Reading()
    life, hand_over = handing_over(world, office, LARGE)
    assert life.was_left()
    world.pass_time(timedelta(hours=1))
    assert not Life(hand_over, world).was_left()
    assert [item.unit for item in office.taken] == [C, B]
