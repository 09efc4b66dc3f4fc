"""Files at a node that no document names go after days, and never while somebody is about to rely on them."""

import os
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from exchange.errors import FileMissingError
from exchange.files.local import LocalFiles
from exchange.model.envelope import FileEntry
from exchange.model.events import TransportState
from exchange.services.node.submit import Submitter
from exchange.services.node.unsent import Unsent
from exchange.services.node.uploaded import UploadedFiles
from exchange.testing.files import MemoryFiles
from exchange.testing.stores import file_node_store
from tests.unit.services.hub_and_node import (
    A,
    B,
    NodeSide,
    Texts,
    World,
    a_draft,
    a_file,
    an_entry,
    directory_record,
)

DATA = b"%PDF-1.7 uploaded ahead"
ENTRY = an_entry(DATA)
DAYS = timedelta(days=1)


@pytest.fixture
def world() -> World:
    return World()


def sweep(side: NodeSide) -> list[str]:
    """One whole round; returns the files that are there after it."""
    unsent = Unsent(side.node)
    while unsent.survey(1):
        pass
    return [one.sha256 for one in side.node.files.stored()]


class Meanwhile(MemoryFiles):
    """Something else happens once, right after a file was found whole: what comes next is the commit."""

    def __init__(self) -> None:
        super().__init__()
        self.then: list[Callable[[], object]] = []

    def check(self, entry: FileEntry) -> None:
        super().check(entry)
        while self.then:
            self.then.pop()()


def meanwhile(side: NodeSide) -> Meanwhile:
    side.node.files = files = Meanwhile()
    return files


def touched(path: Path, at: datetime) -> None:
    os.utime(path, (at.timestamp(), at.timestamp()))


# what expires


def test_an_upload_that_is_never_sent_expires(world: World) -> None:
    uploads = UploadedFiles(world.sending.node)
    uploads.upload(A, ENTRY, 0, DATA)
    world.pass_time(6 * DAYS)
    assert sweep(world.sending) == [ENTRY.sha256]
    world.pass_time(2 * DAYS)
    assert sweep(world.sending) == []
    with pytest.raises(FileMissingError):
        uploads.check(A, ENTRY.sha256)
    assert uploads.offset(A, ENTRY) == 0


@pytest.mark.parametrize("ask", [UploadedFiles.offset, lambda uploads, unit, entry: uploads.check(unit, entry.sha256)])
def test_whoever_asks_for_an_upload_keeps_it(world: World, ask: Callable[..., object]) -> None:
    uploads = UploadedFiles(world.sending.node)
    uploads.upload(A, ENTRY, 0, DATA)
    for _ in range(3):
        world.pass_time(5 * DAYS)
        ask(uploads, A, ENTRY)
        assert sweep(world.sending) == [ENTRY.sha256]


def test_what_a_document_names_stays_with_its_sender_and_its_recipient(world: World) -> None:
    world.delivered(B, files=[a_file(data=DATA)])
    world.pass_time(400 * DAYS)
    assert sweep(world.sending) == sweep(world.receiving) == [ENTRY.sha256]


def test_what_a_failed_attempt_to_send_left_expires(world: World, tmp_path: Path) -> None:
    files = world.sending.node.files = LocalFiles(tmp_path)
    files.append(A, ENTRY.sha256, 0, DATA)
    files.complete(A, ENTRY.sha256, ENTRY.size)
    for days, left in ((6, [ENTRY.sha256]), (8, [])):
        touched(tmp_path / ENTRY.sha256[:2] / ENTRY.sha256[2:4] / ENTRY.sha256, world.clock.now() - days * DAYS)
        assert sweep(world.sending) == left


def test_what_came_in_part_is_kept_while_somebody_asks_for_it(world: World, tmp_path: Path) -> None:
    node, uploads = world.sending.node, UploadedFiles(world.sending.node)
    node.files = LocalFiles(tmp_path)
    assert uploads.upload(A, ENTRY, 0, DATA[:5]) == 5
    touched(part := tmp_path / "partial" / A / ENTRY.sha256, world.clock.now() - 8 * DAYS)
    assert uploads.offset(A, ENTRY) == 5
    assert Unsent(node).unfinished() == 0
    touched(part, world.clock.now() - 8 * DAYS)
    assert Unsent(node).unfinished() == 1
    assert uploads.offset(A, ENTRY) == 0


def test_a_node_that_does_not_know_all_of_its_documents_deletes_nothing(world: World) -> None:
    UploadedFiles(world.sending.node).upload(A, ENTRY, 0, DATA)
    world.pass_time(8 * DAYS)
    assert Unsent(world.sending.node, lambda: True).survey() == 0
    assert sweep(world.sending) == []


# what happens at the same time


def upload_long_ago(world: World) -> UploadedFiles:
    uploads = UploadedFiles(world.sending.node)
    uploads.upload(A, ENTRY, 0, DATA)
    world.pass_time(8 * DAYS)
    return uploads


def test_a_document_whose_file_goes_before_its_commit_brings_it_again(world: World) -> None:
    files, left = meanwhile(world.sending), list[list[str]]()
    upload_long_ago(world)
    files.then.append(lambda: left.append(sweep(world.sending)))
    key = world.delivered(B, files=[a_file(data=DATA)])
    assert (left, sweep(world.sending)) == ([[]], [ENTRY.sha256])
    assert world.sending.delivery(A, key).state.transport is TransportState.DELIVERED


def test_a_document_that_names_an_upload_keeps_it(world: World) -> None:
    files = meanwhile(world.sending)
    upload_long_ago(world).check(A, ENTRY.sha256)  # as the node's API does before it submits
    files.then.append(lambda: sweep(world.sending))
    world.delivered(B, files=[replace(a_file(), open=partial(files.open, ENTRY.sha256))])
    assert sweep(world.sending) == [ENTRY.sha256]


def test_an_upload_whose_bytes_go_before_it_is_noted_is_not_called_complete(world: World) -> None:
    """As another unit's of the same digest, uploaded long ago, is deleted."""
    uploads = upload_long_ago(world)
    left = ["once"]

    def hook(step: str, _: str) -> None:
        if step == "complete.after" and left:
            left.pop()
            sweep(world.sending)

    world.sending.files.hook = hook
    other = an_entry(DATA)
    with pytest.raises(FileMissingError):
        uploads.upload(B, other, 0, DATA)
    assert uploads.offset(B, other) == 0
    assert uploads.upload(B, other, 0, DATA) == ENTRY.size
    uploads.check(B, ENTRY.sha256)


def test_a_received_document_whose_file_goes_before_its_commit_comes_again(world: World) -> None:
    key = world.accepted(B, files=[a_file(data=DATA)])
    meanwhile(world.receiving).then.append(lambda: sweep(world.receiving))
    world.receiving.receive()
    assert "DELIVERED" not in world.receiving.said(B, key)
    world.pass_time(timedelta(hours=1))
    world.hub.dispatcher.dispatch()
    world.settle()
    assert "DELIVERED" in world.receiving.said(B, key)
    assert sweep(world.receiving) == [ENTRY.sha256]


class Slow(LocalFiles):
    """A disk on which a deletion takes until somebody else relies on the file."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.relied = threading.Event()

    def discard(self, sha256: str) -> None:
        assert self.relied.wait(60)
        super().discard(sha256)


class Relying(LocalFiles):
    def __init__(self, root: Path, relied: threading.Event) -> None:
        super().__init__(root)
        self._relied = relied

    def check(self, entry: FileEntry) -> None:
        super().check(entry)
        self._relied.set()  # what comes next is the commit


def test_two_processes_delete_and_send_the_same_file_at_once(world: World, tmp_path: Path) -> None:
    sweeping, sending = (file_node_store(tmp_path / "node.db") for _ in range(2))
    slow = Slow(tmp_path / "files")
    with sweeping.begin() as session:
        session.add_unit(A, world.clock.now())
        session.save_directory(directory_record())
    sweeper = replace(world.sending.node, store=sweeping, files=slow)
    UploadedFiles(sweeper).upload(A, ENTRY, 0, DATA)
    touched(tmp_path / "files" / ENTRY.sha256[:2] / ENTRY.sha256[2:4] / ENTRY.sha256, world.clock.now())
    world.pass_time(8 * DAYS)
    sender = replace(sweeper, store=sending, files=Relying(tmp_path / "files", slow.relied))
    thread = threading.Thread(target=Unsent(sweeper).survey)
    thread.start()
    key = Submitter(sender, Texts()).submit(a_draft(B, files=[a_file(data=DATA)])).key
    thread.join(60)
    assert key.sender == A
    assert list(slow.digests()) == [ENTRY.sha256]
    slow.check(ENTRY)
    sweeping.close()
    sending.close()
