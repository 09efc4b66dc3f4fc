"""What every store of files does, in memory and on a disk alike."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest

from exchange.errors import CorruptFileError, FileMissingError, InvalidValueError, LimitError, StorageError
from exchange.files.local import LocalFiles
from exchange.model.envelope import MAX_FILE_SIZE, FileEntry, FileRole
from exchange.ports.files import Files
from exchange.testing.files import MemoryFiles
from exchange.trust.digest import measure

DATA = "关于防汛工作的通知".encode() * 1000
SHA = hashlib.sha256(DATA).hexdigest()
EMPTY = hashlib.sha256(b"").hexdigest()
OWNER, OTHER = "520304-001", "520304-002"


@pytest.fixture(params=["memory", "local"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> MemoryFiles | LocalFiles:
    return MemoryFiles() if request.param == "memory" else LocalFiles(tmp_path / "files")


@pytest.fixture
def damage(files: MemoryFiles | LocalFiles, tmp_path: Path) -> Callable[[str], None]:
    """Flip one bit of a stored blob behind the store's back."""

    def on_disk(sha256: str) -> None:
        path = tmp_path / "files" / sha256[:2] / sha256[2:4] / sha256
        data = bytearray(path.read_bytes())
        data[7] ^= 1
        path.write_bytes(data)

    return on_disk if isinstance(files, LocalFiles) else lambda sha256: files.flip(sha256, 7)


def entry(data: bytes = DATA, *, size: int | None = None, sm3: str | None = None) -> FileEntry:
    found = measure(BytesIO(data))
    return FileEntry(
        role=FileRole.BODY,
        name="通知.pdf",
        media_type="application/pdf",
        size=found.size if size is None else size,
        sha256=found.sha256,
        sm3=sm3 or found.sm3,
    )


def store(files: Files, data: bytes = DATA, owner: str = OWNER) -> str:
    sha256 = hashlib.sha256(data).hexdigest()
    files.append(owner, sha256, 0, data)
    files.complete(owner, sha256, len(data))
    return sha256


def content(files: Files, sha256: str, offset: int = 0) -> bytes:
    with files.open(sha256, offset) as stream:
        return stream.read()


def test_a_file_sent_in_chunks_is_read_back_whole_and_from_any_offset(files: Files) -> None:
    for offset in range(0, len(DATA), 4000):
        chunk = DATA[offset : offset + 4000]
        assert files.received(OWNER, SHA) == offset
        assert files.append(OWNER, SHA, offset, chunk) == offset + len(chunk)
    files.complete(OWNER, SHA, len(DATA))
    assert files.has(SHA)
    assert content(files, SHA) == DATA
    assert content(files, SHA, 26_995) == DATA[26_995:]
    assert content(files, SHA, len(DATA) + 1) == b""
    files.check(entry())


def test_an_unfinished_upload_is_not_visible(files: Files) -> None:
    files.append(OWNER, SHA, 0, DATA)
    assert not files.has(SHA)
    with pytest.raises(FileMissingError):
        files.open(SHA)
    with pytest.raises(FileMissingError):
        files.check(entry())


def test_a_finished_upload_begins_anew(files: Files) -> None:
    store(files)
    assert files.received(OWNER, SHA) == 0
    store(files)
    assert content(files, SHA) == DATA


def test_uploads_of_two_owners_never_mix(files: Files) -> None:
    files.append(OWNER, SHA, 0, DATA[:10])
    assert files.received(OTHER, SHA) == 0
    store(files, owner=OTHER)
    assert files.received(OWNER, SHA) == 10
    files.append(OWNER, SHA, 10, DATA[10:])
    files.complete(OWNER, SHA, len(DATA))
    assert content(files, SHA) == DATA


@pytest.mark.parametrize("offset", [0, 9, 11])
def test_a_chunk_for_another_place_is_refused_and_changes_nothing(files: Files, offset: int) -> None:
    files.append(OWNER, SHA, 0, DATA[:10])
    with pytest.raises(StorageError) as refused:
        files.append(OWNER, SHA, offset, b"xyz")
    assert refused.value.code == "OFFSET"
    assert files.received(OWNER, SHA) == 10


@pytest.mark.parametrize("sent", [DATA[:-1], DATA + b"!", DATA[:-1] + b"!", b"x"])
def test_a_wrong_upload_is_deleted_and_never_visible(files: Files, sent: bytes) -> None:
    files.append(OWNER, SHA, 0, sent)
    with pytest.raises(CorruptFileError):
        files.complete(OWNER, SHA, len(DATA))
    assert not files.has(SHA)
    assert files.received(OWNER, SHA) == 0


def test_a_right_upload_of_an_announced_wrong_size_is_refused(files: Files) -> None:
    files.append(OWNER, SHA, 0, DATA)
    with pytest.raises(CorruptFileError):
        files.complete(OWNER, SHA, len(DATA) + 1)


def test_completing_what_was_never_sent_is_refused_even_when_another_sent_it(files: Files) -> None:
    with pytest.raises(FileMissingError):
        files.complete(OWNER, SHA, len(DATA))
    store(files, owner=OTHER)
    with pytest.raises(FileMissingError):
        files.complete(OWNER, SHA, len(DATA))


def test_an_empty_file_needs_no_chunk(files: Files) -> None:
    files.complete(OWNER, EMPTY, 0)
    assert content(files, EMPTY) == b""
    files.check(entry(b""))


def test_a_blob_that_went_bad_is_set_aside_and_never_served_again(
    files: MemoryFiles | LocalFiles, damage: Callable[[str], None]
) -> None:
    store(files)
    damage(SHA)
    with pytest.raises(CorruptFileError):
        files.check(entry())
    assert not files.has(SHA)
    with pytest.raises(FileMissingError):
        files.open(SHA)
    assert [line[:64] for line in files.corrupt()] == [SHA]
    store(files)
    files.check(entry())


@pytest.mark.parametrize("wrong", [entry(size=len(DATA) + 1), entry(sm3="0" * 64)])
def test_a_document_that_lies_about_a_good_file_is_refused_and_the_file_stays(files: Files, wrong: FileEntry) -> None:
    store(files)
    with pytest.raises(CorruptFileError):
        files.check(wrong)
    assert content(files, SHA) == DATA
    files.check(entry())


def test_a_discarded_blob_is_gone_and_discarding_it_again_changes_nothing(files: Files) -> None:
    data = b"must not stay"
    sha256 = hashlib.sha256(data).hexdigest()
    files.append(OWNER, sha256, 0, data)
    files.complete(OWNER, sha256, len(data))
    files.discard(sha256)
    files.discard(sha256)
    assert not files.has(sha256)
    with pytest.raises(FileMissingError):
        files.open(sha256)


def test_blobs_are_listed_in_order(files: MemoryFiles | LocalFiles) -> None:
    stored = sorted(store(files, b"%d" % n) for n in range(20))
    files.append(OWNER, SHA, 0, b"unfinished")
    assert list(files.digests()) == stored
    assert [(blob.sha256, blob.size) for blob in files.stored()] == [(one, len(content(files, one))) for one in stored]
    assert all(blob.since <= datetime.now(UTC) for blob in files.stored())


@pytest.mark.parametrize("name", ["", "../../etc/passwd", SHA.upper(), SHA[:-1], SHA + "0", "g" * 64, "０" * 64])
def test_what_is_not_a_digest_is_refused_before_anything_is_touched(files: Files, name: str) -> None:
    calls: list[Callable[[], object]] = [
        lambda: files.has(name),
        lambda: files.received(OWNER, name),
        lambda: files.append(OWNER, name, 0, b""),
        lambda: files.complete(OWNER, name, 0),
        lambda: files.open(name),
    ]
    for call in calls:
        with pytest.raises(InvalidValueError):
            call()


def test_a_file_may_not_outgrow_the_largest_allowed(files: Files) -> None:
    with pytest.raises(LimitError):
        files.append(OWNER, SHA, MAX_FILE_SIZE, b"x")
