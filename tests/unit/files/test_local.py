"""`LocalFiles` beyond the contract: modes, names, full disks, two processes at once, old uploads."""

import hashlib
import resource
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import pytest

from exchange.errors import CorruptFileError, FileMissingError, InvalidValueError, LimitError, StorageError
from exchange.files.local import MAX_CHUNK, LocalFiles
from exchange.model.envelope import FileEntry, FileRole
from exchange.trust.digest import measure

DATA = bytes(range(256)) * 1000
SHA = hashlib.sha256(DATA).hexdigest()
OWNER = "520304-001"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "files"


@pytest.fixture
def files(root: Path) -> LocalFiles:
    return LocalFiles(root)


@contextmanager
def full_disk() -> Iterator[None]:
    """No file of this process may grow beyond 100 000 bytes: the write that would is cut short, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def store(files: LocalFiles) -> None:
    files.append(OWNER, SHA, 0, DATA)
    files.complete(OWNER, SHA, len(DATA))


def test_everything_is_for_the_owner_of_the_process_alone(files: LocalFiles, root: Path) -> None:
    store(files)
    files.append(OWNER, "0" * 64, 0, b"x")
    modes = {path.is_dir(): path.stat().st_mode & 0o777 for path in [root, *root.rglob("*")]}
    assert modes == {True: 0o700, False: 0o600}


def test_a_blob_lies_where_its_digest_says_and_nothing_is_left_of_the_upload(files: LocalFiles, root: Path) -> None:
    store(files)
    assert [path for path in root.rglob("*") if path.is_file()] == [root / SHA[:2] / SHA[2:4] / SHA]


@pytest.mark.parametrize("owner", ["", "..", "../x", "a/b", "a\\b", ".hidden", "a\0", "x" * 65, "单位"])
def test_an_owner_that_is_not_a_plain_name_is_refused(files: LocalFiles, owner: str) -> None:
    with pytest.raises(InvalidValueError):
        files.append(owner, SHA, 0, b"x")


def test_a_full_disk_is_told_plainly_and_the_upload_goes_on_once_there_is_room(files: LocalFiles) -> None:
    files.append(OWNER, SHA, 0, DATA[:60_000])
    with full_disk(), pytest.raises(StorageError, match="the disk is full") as error:
        files.append(OWNER, SHA, 60_000, DATA[60_000:])
    assert error.value.retryable
    assert files.received(OWNER, SHA) == 60_000
    files.append(OWNER, SHA, 60_000, DATA[60_000:])
    files.complete(OWNER, SHA, len(DATA))
    files.check(entry())


def test_a_directory_that_is_not_one_is_told_plainly(tmp_path: Path) -> None:
    (tmp_path / "files").write_text("in the way")
    with pytest.raises(StorageError, match="cannot make the directory of the file store"):
        LocalFiles(tmp_path / "files")


def test_a_link_in_place_of_a_blob_or_an_upload_is_never_followed(
    files: LocalFiles, root: Path, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"not yours")
    (root / SHA[:2] / SHA[2:4]).mkdir(parents=True)
    (root / SHA[:2] / SHA[2:4] / SHA).symlink_to(secret)
    (root / "partial" / OWNER).mkdir()
    (root / "partial" / OWNER / SHA).symlink_to(secret)
    with pytest.raises(StorageError):
        files.open(SHA)
    with pytest.raises(StorageError):
        files.append(OWNER, SHA, 9, b"!")
    assert secret.read_bytes() == b"not yours"


def test_a_chunk_larger_than_any_we_send_is_refused(files: LocalFiles) -> None:
    with pytest.raises(LimitError):
        files.append(OWNER, SHA, 0, bytes(MAX_CHUNK + 1))


def test_what_was_set_aside_keeps_its_bytes_and_a_reason(files: LocalFiles, root: Path) -> None:
    for number, bad in enumerate([b"bad", b"worse"], start=1):
        store(files)
        (root / SHA[:2] / SHA[2:4] / SHA).write_bytes(bad)
        with pytest.raises(CorruptFileError):
            files.check(entry())
        assert (root / "corrupt" / f"{SHA}.{number}").read_bytes() == bad
    assert files.corrupt() == [
        f"{SHA}: {len(bad)} bytes with SHA-256 {hashlib.sha256(bad).hexdigest()}" for bad in [b"bad", b"worse"]
    ]


def test_right_bytes_that_come_while_wrong_ones_are_read_are_not_set_aside(root: Path) -> None:
    class Slow(LocalFiles):
        def open(self, sha256: str, offset: int = 0) -> BinaryIO:
            stream = super().open(sha256, offset)
            store(LocalFiles(root))
            return stream

    store(LocalFiles(root))
    (root / SHA[:2] / SHA[2:4] / SHA).write_bytes(b"bad")
    Slow(root).check(entry())
    assert LocalFiles(root).has(SHA)
    assert LocalFiles(root).corrupt() == []


def test_old_uploads_are_swept_and_others_left(files: LocalFiles, root: Path) -> None:
    files.append(OWNER, SHA, 0, b"old")
    now = datetime.now(UTC)
    assert files.sweep(now - timedelta(hours=1)) == 0
    assert files.sweep(now + timedelta(hours=1)) == 1
    assert files.received(OWNER, SHA) == 0
    store(files)
    assert files.sweep(now + timedelta(hours=1)) == 0
    assert files.has(SHA)


WRITER = """
import sys
from pathlib import Path
from exchange.errors import YidiError
from exchange.files.local import LocalFiles
files, owner, data = LocalFiles(Path(sys.argv[1])), sys.argv[2], bytes(range(256)) * 1000
for _ in range(30):
    try:
        for offset in range(files.received(owner, sys.argv[3]), len(data), 64_000):
            files.append(owner, sys.argv[3], offset, data[offset:offset + 64_000])
        files.complete(owner, sys.argv[3], len(data))
    except YidiError as error:
        # Of one owner, either may find that the other was faster; that is said and harms nothing.
        assert error.code in ("OFFSET", "FILE_MISSING", "FILE_CORRUPT") and owner == "both", error
"""


@pytest.mark.parametrize("owners", [("one", "other"), ("both", "both")])
def test_two_processes_may_store_the_same_file_at_once(
    files: LocalFiles, root: Path, repository: Path, owners: tuple[str, str]
) -> None:
    command = [sys.executable, "-c", WRITER, str(root)]
    writers = [subprocess.Popen([*command, owner, SHA], cwd=repository, stderr=subprocess.PIPE) for owner in owners]
    for writer in writers:
        _, said = writer.communicate(timeout=50)
        assert (writer.returncode, said) == (0, b"")
    files.check(entry())
    assert files.corrupt() == []


def test_what_is_sent_while_a_file_is_being_completed_never_reaches_it(files: LocalFiles) -> None:
    done = threading.Event()

    def send_more() -> None:
        while not done.is_set():
            with suppress(StorageError):
                files.append(OWNER, SHA, len(DATA), b"!")

    attacker = threading.Thread(target=send_more)
    attacker.start()
    try:
        for _ in range(60):
            with suppress(StorageError, CorruptFileError, FileMissingError):
                store(files)
            if files.has(SHA):
                files.check(entry())
    finally:
        done.set()
        attacker.join()
    assert files.corrupt() == []


def entry() -> FileEntry:
    found = measure(BytesIO(DATA))
    return FileEntry(
        role=FileRole.BODY,
        name="a.bin",
        media_type="application/octet-stream",
        size=found.size,
        sha256=found.sha256,
        sm3=found.sm3,
    )
