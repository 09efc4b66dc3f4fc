"""Who may have a file of the hub: those who sent all of it, and those to whom a document gave it."""

import hashlib
from io import BytesIO

import pytest

from exchange.errors import CorruptFileError, FileMissingError, LimitError, StorageError
from exchange.files.hub import HubFileExchange
from exchange.model.envelope import FileEntry, FileRole
from exchange.model.unit import UnitCode, parse_unit_code
from exchange.ports.hub import HubStore
from exchange.testing.files import MemoryFiles
from exchange.testing.stores import memory_hub_store
from exchange.trust.digest import measure

DATA = b"0123456789" * 100
SHA = hashlib.sha256(DATA).hexdigest()
SENDER, RECIPIENT, STRANGER = (parse_unit_code(f"520304-{n:03}") for n in (1, 2, 3))


class Crash(BaseException):
    """The process ends here."""


@pytest.fixture
def store() -> HubStore:
    return memory_hub_store()


@pytest.fixture
def files() -> MemoryFiles:
    return MemoryFiles()


@pytest.fixture
def hub(files: MemoryFiles, store: HubStore) -> HubFileExchange:
    return HubFileExchange(files, store)


def entry(data: bytes = DATA, **changed: str) -> FileEntry:
    found = measure(BytesIO(data))
    return FileEntry(
        role=FileRole.BODY,
        name="通知.pdf",
        media_type="application/pdf",
        size=found.size,
        sha256=found.sha256,
        sm3=changed.get("sm3", found.sm3),
    )


def send(hub: HubFileExchange, unit: UnitCode, data: bytes = DATA) -> int:
    """As a node does: from where the hub says, in chunks, until it needs no more."""
    wanted = entry(data)
    sent, offset = 0, hub.offset(unit, wanted)
    while offset < wanted.size:
        chunk = data[offset : offset + 300]
        offset = hub.upload(unit, wanted, offset, chunk)
        sent += len(chunk)
    return sent


def test_a_unit_reads_what_it_has_sent(hub: HubFileExchange) -> None:
    assert send(hub, SENDER) == len(DATA)
    assert hub.download(SENDER, SHA, 10, 20) == DATA[10:30]
    assert hub.offset(SENDER, entry()) == len(DATA)


def test_a_unit_reads_what_a_document_gives_it_and_sends_it_on_without_sending_it_again(
    hub: HubFileExchange, store: HubStore
) -> None:
    send(hub, SENDER)
    with store.begin() as session:
        session.add_claims(RECIPIENT, [SHA])
    assert hub.download(RECIPIENT, SHA, 0, 10_000) == DATA
    assert send(hub, RECIPIENT) == 0


def test_a_file_of_others_and_one_that_does_not_exist_get_the_same_answer(hub: HubFileExchange) -> None:
    send(hub, SENDER)
    answers = []
    for sha256 in (SHA, "0" * 64):
        with pytest.raises(FileMissingError) as refused:
            hub.download(STRANGER, sha256, 0, 10)
        answers.append(str(refused.value).replace(sha256, "?"))
    assert answers[0] == answers[1]


def test_knowing_a_digest_gives_nothing_without_all_the_bytes(hub: HubFileExchange) -> None:
    send(hub, SENDER)
    assert hub.offset(STRANGER, entry()) == 0
    hub.upload(STRANGER, entry(), 0, DATA[:-1])
    with pytest.raises(FileMissingError):
        hub.download(STRANGER, SHA, 0, 10)
    with pytest.raises(CorruptFileError):
        hub.upload(STRANGER, entry(), len(DATA) - 1, b"?")
    with pytest.raises(FileMissingError):
        hub.download(STRANGER, SHA, 0, 10)
    assert hub.download(SENDER, SHA, 0, 10_000) == DATA


def test_announcing_a_size_of_nothing_does_not_give_the_file(hub: HubFileExchange) -> None:
    send(hub, SENDER)
    right = entry()
    lie = FileEntry(
        role=right.role, name=right.name, media_type=right.media_type, size=0, sha256=right.sha256, sm3=right.sm3
    )
    assert hub.offset(STRANGER, lie) == 0
    with pytest.raises(FileMissingError):
        hub.download(STRANGER, SHA, 0, 10)


def test_a_wrong_sm3_is_refused_and_spoils_the_file_for_nobody(hub: HubFileExchange) -> None:
    send(hub, SENDER)
    with pytest.raises(CorruptFileError):
        hub.upload(STRANGER, entry(sm3="0" * 64), 0, DATA)
    with pytest.raises(FileMissingError):
        hub.download(STRANGER, SHA, 0, 10)
    assert hub.download(SENDER, SHA, 0, 10_000) == DATA


def test_an_upload_goes_on_where_the_line_broke(hub: HubFileExchange) -> None:
    hub.upload(SENDER, entry(), 0, DATA[:300])
    assert hub.offset(SENDER, entry()) == 300
    assert send(hub, SENDER) == len(DATA) - 300


@pytest.mark.parametrize("step", ["append.after", "complete.before", "complete.after", "check.before"])
def test_an_upload_comes_to_its_end_wherever_the_hub_crashed(
    hub: HubFileExchange, files: MemoryFiles, step: str
) -> None:
    def crash(name: str, _: str) -> None:
        if name == step and files.received(SENDER, SHA) in (0, len(DATA)):
            raise Crash

    files.hook = crash
    with pytest.raises(Crash):
        send(hub, SENDER)
    files.hook = None
    send(hub, SENDER)
    assert hub.download(SENDER, SHA, 0, 10_000) == DATA


def test_an_empty_file_is_the_units_without_a_byte_sent(hub: HubFileExchange) -> None:
    assert send(hub, SENDER, b"") == 0
    assert hub.download(SENDER, entry(b"").sha256, 0, 10) == b""


def test_more_bytes_than_announced_are_refused(hub: HubFileExchange) -> None:
    with pytest.raises(LimitError):
        hub.upload(SENDER, entry(), 0, DATA + b"!")


def test_a_full_disk_is_told_and_claims_nothing(hub: HubFileExchange, files: MemoryFiles) -> None:
    files.capacity = 500
    with pytest.raises(StorageError):
        send(hub, SENDER)
    files.capacity = None
    assert send(hub, SENDER) == len(DATA) - 300


def test_a_file_that_went_bad_is_asked_for_again(hub: HubFileExchange, files: MemoryFiles) -> None:
    send(hub, SENDER)
    files.flip(SHA)
    with pytest.raises(CorruptFileError):
        files.check(entry())
    assert send(hub, SENDER) == len(DATA)
    assert hub.download(SENDER, SHA, 0, 10_000) == DATA
