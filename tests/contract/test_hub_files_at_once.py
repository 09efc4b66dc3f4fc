"""Files that one unit gives up while another brings the same bytes: whoever is told that the hub has a file, has it.

Two hubs' workers on one database and one directory, here on SQLite; `tests.integration` does it on PostgreSQL.
"""

import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import BinaryIO

import pytest

from exchange.errors import FileMissingError, StorageError
from exchange.files.hub import HubFileExchange
from exchange.files.local import LocalFiles
from exchange.model.envelope import Envelope, FileEntry
from exchange.model.unit import UnitCode
from exchange.ports.hub import HubStore
from exchange.ports.transport import Delivered, Message, PublishResult
from exchange.services.hub.discard import Discarder
from exchange.services.hub.hub import Hub
from exchange.services.hub.route import Router
from exchange.services.secrecy.plain_text import PlainText
from exchange.settings import Quota
from exchange.testing.clock import FakeClock
from exchange.testing.ids import SeededIds
from exchange.testing.keys import HUB
from exchange.testing.metrics import RecordingLog, RecordingMetrics
from tests.contract.store_records import Open
from tests.unit.services.hub_and_node import COUNTY, A, B, C, Shortest, an_entry, an_envelope, directory_record, signed

DATA = b"%PDF-1.7 " + bytes(range(256)) * 40
ENTRY = an_entry(DATA)


class Gate(LocalFiles):
    """A directory of files in which something else happens just before a file is deleted."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.meanwhile = threading.Event()
        self.go_on = threading.Event()

    def discard(self, sha256: str) -> None:
        self.meanwhile.set()
        # Who must wait for this deletion does not come: then it goes on without.
        self.go_on.wait(0.5)
        super().discard(sha256)


class Nobody:
    """A broker's two ends."""

    def publish(self, batch: Sequence[Message]) -> list[PublishResult]:
        return [PublishResult.ACCEPTED] * len(batch)

    def receive(self, limit: int, wait_seconds: float) -> list[Delivered]:
        return []

    def ack(self, tags: Iterable[int]) -> None: ...
    def reject(self, tags: Iterable[int], *, requeue: bool) -> None: ...
    def close(self) -> None: ...


class Side:
    """One process of the hub's."""

    def __init__(self, store: HubStore, files: LocalFiles, quota: Quota) -> None:
        self.store, self.files, self.log = store, files, RecordingLog()
        self.hub = Hub(
            id=HUB,
            store=store,
            files=files,
            publisher=Nobody(),
            signer=COUNTY.hub,
            clock=FakeClock(),
            ids=SeededIds(id(self)),
            chance=Shortest(),
            metrics=RecordingMetrics(),
            log=self.log,
            quota=quota,
        )
        self.exchange = HubFileExchange(files, store)

    def route(self, envelope: Envelope) -> int:
        message = Delivered(tag=1, queue="work.normal", body=signed(envelope), user=envelope.sender)
        return Router(self.hub, PlainText()).route([message], Nobody())

    def discard(self) -> int:
        return Discarder(self.hub).discard()

    def bring(self, unit: UnitCode, envelope: Envelope) -> None:
        """What a node does: upload what the hub lacks, send the document, until it is accepted."""
        for _ in range(20):
            try:
                if self.exchange.offset(unit, ENTRY) < ENTRY.size:
                    self.exchange.upload(unit, ENTRY, 0, DATA)
            except (FileMissingError, StorageError):
                continue
            assert self.files.has(ENTRY.sha256)
            if self.route(envelope):
                return
        raise AssertionError("never accepted")


def read(stream: BinaryIO) -> bytes:
    with stream:
        return stream.read()


@pytest.mark.parametrize("refused", ["quota", "secret"])
def test_a_file_given_up_by_one_unit_stays_with_the_other_that_brings_it_meanwhile(
    open_again: Open, tmp_path: Path, refused: str
) -> None:
    quota = Quota(documents_per_day_of={A: 0})
    gate = Gate(tmp_path / "files")
    one, other = Side(open_again(), gate, quota), Side(open_again(), LocalFiles(tmp_path / "files"), quota)
    with one.store.begin() as session:
        session.add_directory(directory_record())
    content = "机密★一年\n关于某事的通知" if refused == "secret" else None
    one.exchange.upload(A, ENTRY, 0, DATA)

    def others() -> None:
        gate.meanwhile.wait(20)
        other.bring(B, an_envelope(C, sender=B, files=(ENTRY,)))
        gate.go_on.set()

    thread = threading.Thread(target=others)
    thread.start()
    assert one.route(an_envelope(C, files=(ENTRY,), content=content)) == 0
    one.discard()
    thread.join(timeout=30)
    assert gate.go_on.is_set()
    # Accepted means that the hub has everything; and what B was told it has, it has.
    assert read(other.exchange.open(B, ENTRY.sha256)) == DATA


def test_who_finishes_a_file_that_is_being_deleted_is_told_to_bring_it_again(open_again: Open, tmp_path: Path) -> None:
    quota = Quota(documents_per_day_of={A: 0})

    class Late(LocalFiles):
        def check(self, entry: FileEntry) -> None:
            super().check(entry)
            one.discard()

    one = Side(open_again(), LocalFiles(tmp_path / "files"), quota)
    other = Side(open_again(), Late(tmp_path / "files"), quota)
    with one.store.begin() as session:
        session.add_directory(directory_record())
    one.exchange.upload(A, ENTRY, 0, DATA)
    one.route(an_envelope(C, files=(ENTRY,)))
    with pytest.raises(FileMissingError):
        other.exchange.upload(B, ENTRY, 0, DATA)
    assert other.exchange.offset(B, ENTRY) == 0
    other.bring(B, an_envelope(C, sender=B, files=(ENTRY,)))
