"""What every exchange of files with the hub does, within one process and over HTTP with TLS alike."""

import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from exchange.errors import CorruptFileError, FileMissingError, LimitError, StorageError, YidiError
from exchange.model.envelope import FileEntry
from exchange.model.unit import UnitCode
from exchange.ports.files import FileExchange
from exchange.testing.keys import unit_code
from tests.contract.hub_line import HubLine, claim, entry_of, hub_line

DATA = bytes(range(256)) * 400
ENTRY = entry_of(DATA)
SENDER, RECIPIENT, STRANGER = unit_code(1), unit_code(2), unit_code(3)


@pytest.fixture
def line(tmp_path: Path) -> Iterator[HubLine]:
    with hub_line(tmp_path) as line:
        yield line


@pytest.fixture(params=["in process", "http"])
def hub(request: pytest.FixtureRequest, line: HubLine) -> FileExchange:
    return line.exchange if request.param == "in process" else line.remote


def send(hub: FileExchange, unit: UnitCode = SENDER, data: bytes = DATA, step: int = 30_000) -> int:
    """As a node does; returns the bytes sent."""
    entry = entry_of(data)
    begin = offset = hub.offset(unit, entry)
    while offset < entry.size:
        offset = hub.upload(unit, entry, offset, data[offset : offset + step])
    return offset - begin


def read(hub: FileExchange, unit: UnitCode, sha256: str, step: int = 30_000) -> bytes:
    data = b""
    while chunk := hub.download(unit, sha256, len(data), step):
        data += chunk
    return data


def test_what_a_unit_has_sent_it_reads(hub: FileExchange) -> None:
    assert send(hub) == len(DATA)
    assert hub.offset(SENDER, ENTRY) == len(DATA)
    assert read(hub, SENDER, ENTRY.sha256) == DATA


def test_any_part_is_read_and_nothing_beyond_the_end(hub: FileExchange) -> None:
    send(hub)
    assert hub.download(SENDER, ENTRY.sha256, 1000, 10) == DATA[1000:1010]
    assert hub.download(SENDER, ENTRY.sha256, len(DATA) - 3, 10) == DATA[-3:]
    assert hub.download(SENDER, ENTRY.sha256, len(DATA), 10) == b""
    assert hub.download(SENDER, ENTRY.sha256, len(DATA) + 9, 10) == b""
    assert hub.download(SENDER, ENTRY.sha256, 0, 0) == b""


def test_an_empty_file_needs_no_byte(hub: FileExchange) -> None:
    empty = entry_of(b"")
    assert hub.offset(SENDER, empty) == 0
    assert hub.download(SENDER, empty.sha256, 0, 10) == b""


def test_an_upload_goes_on_where_it_stopped(hub: FileExchange) -> None:
    assert hub.upload(SENDER, ENTRY, 0, DATA[:100]) == 100
    assert hub.offset(SENDER, ENTRY) == 100
    with pytest.raises(FileMissingError):
        hub.download(SENDER, ENTRY.sha256, 0, 10)
    assert send(hub) == len(DATA) - 100
    assert read(hub, SENDER, ENTRY.sha256) == DATA


def test_a_recipient_reads_what_a_document_gives_it(hub: FileExchange, line: HubLine) -> None:
    send(hub)
    claim(line, RECIPIENT, ENTRY.sha256)
    assert read(hub, RECIPIENT, ENTRY.sha256) == DATA


def test_a_foreign_file_and_a_missing_one_get_the_same_answer(hub: FileExchange) -> None:
    send(hub)
    answers = []
    for sha256 in (ENTRY.sha256, "0" * 64):
        with pytest.raises(FileMissingError) as refused:
            hub.download(STRANGER, sha256, 0, 10)
        answers.append((refused.value.code, refused.value.message.replace(sha256, "?")))
    assert answers[0] == answers[1]
    assert hub.offset(STRANGER, ENTRY) == 0  # nor is an upload shorter for who knows the digest


def test_uploads_of_two_units_never_mix(hub: FileExchange) -> None:
    hub.upload(SENDER, ENTRY, 0, DATA[:5000])
    hub.upload(RECIPIENT, ENTRY, 0, DATA[:700])
    assert (hub.offset(SENDER, ENTRY), hub.offset(RECIPIENT, ENTRY)) == (5000, 700)
    send(hub)
    send(hub, RECIPIENT)
    assert read(hub, RECIPIENT, ENTRY.sha256) == DATA


@pytest.mark.parametrize("offset", [0, 99, 101])
def test_a_chunk_for_another_place_is_refused_and_changes_nothing(hub: FileExchange, offset: int) -> None:
    hub.upload(SENDER, ENTRY, 0, DATA[:100])
    with pytest.raises(StorageError) as refused:
        hub.upload(SENDER, ENTRY, offset, b"xyz")
    assert refused.value.code == "OFFSET"
    assert send(hub) == len(DATA) - 100


@pytest.mark.parametrize("wrong", [entry_of(DATA, sm3="0" * 64), entry_of(DATA, sha256="1" * 64)])
def test_bytes_with_another_digest_never_become_a_file(hub: FileExchange, wrong: FileEntry) -> None:
    with pytest.raises(CorruptFileError):
        hub.upload(SENDER, wrong, 0, DATA)
    assert hub.offset(SENDER, wrong) == 0
    with pytest.raises(FileMissingError):
        hub.download(SENDER, wrong.sha256, 0, 10)


def test_more_than_was_announced_is_refused(hub: FileExchange) -> None:
    hub.upload(SENDER, ENTRY, 0, DATA[:100])
    with pytest.raises(LimitError) as refused:
        hub.upload(SENDER, ENTRY, 100, DATA)
    assert refused.value.code == "SIZE"
    assert hub.offset(SENDER, ENTRY) == 100


def test_of_two_uploads_at_once_the_file_comes_out_whole(hub: FileExchange) -> None:
    faults: list[str] = []

    def work() -> None:
        for _ in range(20):
            try:
                send(hub, step=5_000)
            except YidiError as error:
                faults.append(error.code)
            else:
                return

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert set(faults) <= {"OFFSET", "FILE_MISSING"}
    assert hashlib.sha256(read(hub, SENDER, ENTRY.sha256)).hexdigest() == ENTRY.sha256
