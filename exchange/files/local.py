"""A content-addressed store in a local directory.

    ab/cd/<sha256>             complete, on stable storage, never changed again
    partial/<owner>/<sha256>   an upload that has not come to its end
    corrupt/<sha256>.<n>       a blob whose bytes turned out wrong, never served again; <sha256>.<n>.txt says why

Paths are built from digests and owner names that match a strict pattern, never from a name that a peer chose. Several
processes may work on one directory: an upload is locked while it is touched, a blob appears by one atomic rename, and
the folder of a blob is locked while its name comes or goes.

Limits: needs a local POSIX file system (rename, flock, fsync of directories); not a network share.
"""

import errno
import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from exchange.errors import CorruptFileError, FileMissingError, InvalidValueError, LimitError, StorageError
from exchange.model.envelope import MAX_FILE_SIZE, FileEntry
from exchange.ports.files import Stored
from exchange.trust.digest import Digests, measure

__all__ = ["MAX_CHUNK", "LocalFiles", "check_digest"]

MAX_CHUNK = 4 * 1024 * 1024

_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
_OWNER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", re.ASCII)
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FANOUT = re.compile(r"[0-9a-f]{2}", re.ASCII)


class LocalFiles:
    """Implements `exchange.ports.files.Files` under `root`, made if need be. Trouble of the disk is StorageError."""

    def __init__(self, root: Path) -> None:
        self._root = root
        with _plain_words("make the directory of"):
            for directory in (root, self._partials, self._set_aside):
                directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    @property
    def _partials(self) -> Path:
        return self._root / "partial"

    @property
    def _set_aside(self) -> Path:
        return self._root / "corrupt"

    def has(self, sha256: str) -> bool:
        return self._blob(sha256).is_file()

    def received(self, owner: str, sha256: str) -> int:
        try:
            return self._partial(owner, sha256).stat().st_size
        except FileNotFoundError:
            return 0

    def append(self, owner: str, sha256: str, offset: int, chunk: bytes) -> int:
        if len(chunk) > MAX_CHUNK or offset + len(chunk) > MAX_FILE_SIZE:
            raise LimitError(f"file {sha256}: at most {MAX_CHUNK} bytes at a time, {MAX_FILE_SIZE} in all", code="SIZE")
        path = self._partial(owner, sha256)
        with _plain_words("write to"):
            path.parent.mkdir(mode=0o700, exist_ok=True)
            with _locked(path, os.O_RDWR | os.O_CREAT) as file:
                length = file.seek(0, os.SEEK_END)
                if length != offset:
                    raise StorageError(f"file {sha256}: {length} bytes here, cannot go on at {offset}", code="OFFSET")
                _write(file, offset, chunk)
                if not chunk:
                    os.utime(file.fileno())  # it is still wanted
        return offset + len(chunk)

    @contextmanager
    def finished(self, owner: str, sha256: str, size: int) -> Iterator[tuple[Path, BinaryIO]]:
        """The unfinished upload, found to be the whole file and nobody else's meanwhile. Raises as `complete`."""
        if size == 0:
            self.append(owner, sha256, 0, b"")  # of an empty file nobody sends a chunk
        path = self._partial(owner, sha256)
        with (
            _missing(f"file {sha256}: no upload to complete"),
            _plain_words("store a file in"),
            _locked(path, os.O_RDWR) as file,
        ):
            found = measure(file)
            if (found.size, found.sha256) != (size, sha256):
                path.unlink()
                raise CorruptFileError(f"file {sha256}: the {found.size} bytes sent have digest {found.sha256}")
            yield path, file

    def complete(self, owner: str, sha256: str, size: int) -> None:
        blob = self._blob(sha256)
        with self.finished(owner, sha256, size) as (path, file):
            # The order is the promise: (1) the bytes, (2) the directories, (3) the name, (4) the name on the disk.
            _sync(file, path)
            self._make_way(blob)
            with _alone(blob.parent):
                path.rename(blob)

    def open(self, sha256: str, offset: int = 0) -> BinaryIO:
        with _missing(f"file {sha256}: not here"), _plain_words("read"):
            stream = os.fdopen(os.open(self._blob(sha256), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb")
            stream.seek(offset)
            return stream

    def check(self, entry: FileEntry) -> None:
        with self.open(entry.sha256) as stream, _plain_words("read"):
            found = measure(stream)
            wrong = found.sha256 != entry.sha256
            aside = wrong and self._put_aside(entry.sha256, found, stream)
        if aside:
            raise CorruptFileError(f"file {entry.sha256}: its bytes have changed and were set aside")
        if wrong:
            return self.check(entry)
        # The blob is what its name says, so the one who signed these is wrong; others may have signed the right ones.
        if (found.size, found.sm3) != (entry.size, entry.sm3):
            raise CorruptFileError(f"file {entry.sha256}: {found.size} bytes, SM3 {found.sm3}, not as signed")
        return None

    def discard(self, sha256: str) -> None:
        blob = self._blob(sha256)
        with _plain_words("delete from"), suppress(FileNotFoundError), _alone(blob.parent):
            blob.unlink()

    def digests(self) -> Iterator[str]:
        return (blob.sha256 for blob in self.stored())

    def stored(self) -> Iterator[Stored]:
        with _plain_words("list"):
            for first in sorted(path for path in self._root.iterdir() if _FANOUT.fullmatch(path.name)):
                for second in sorted(first.iterdir()):
                    for blob in sorted(path for path in second.iterdir() if _DIGEST.fullmatch(path.name)):
                        with suppress(FileNotFoundError):
                            found = blob.stat()
                            yield Stored(blob.name, found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))

    def corrupt(self) -> list[str]:
        """What was set aside, a line each: a person must look at it."""
        with _plain_words("list"):
            return [path.read_text(encoding="utf-8").strip() for path in sorted(self._set_aside.glob("*.txt"))]

    def sweep(self, older_than: datetime) -> int:
        """Delete unfinished uploads not touched since; returns how many. One being written now is left alone."""
        swept = 0
        with _plain_words("clean up"):
            for path in sorted(self._partials.glob("*/*")):
                with suppress(FileNotFoundError, BlockingIOError), _locked(path, os.O_RDWR, wait=False) as file:
                    if os.fstat(file.fileno()).st_mtime < older_than.timestamp():
                        path.unlink()
                        swept += 1
        return swept

    def _blob(self, sha256: str) -> Path:
        check_digest(sha256)
        return self._root / sha256[:2] / sha256[2:4] / sha256

    def _partial(self, owner: str, sha256: str) -> Path:
        if not _OWNER.fullmatch(owner):
            raise InvalidValueError(f"owner of an upload: {owner[:60]!r} is not a plain name")
        return self._partials / owner / self._blob(sha256).name

    def _make_way(self, blob: Path) -> None:
        for directory in (blob.parent.parent, blob.parent):
            if not directory.is_dir():
                directory.mkdir(mode=0o700, exist_ok=True)
                _sync_directory(directory.parent)

    def _put_aside(self, sha256: str, found: Digests, read: BinaryIO) -> bool:
        """False when what was `read` is not there any more: another has set it aside, or the right bytes have come."""
        blob = self._blob(sha256)
        with _plain_words("set a corrupt file aside in"), _alone(blob.parent):
            if not _same_file(blob, read.fileno()):
                return False
            number = len(list(self._set_aside.glob(f"{sha256}.*.txt"))) + 1
            reason = self._set_aside / f"{sha256}.{number}.txt"
            reason.touch(mode=0o600)
            reason.write_text(f"{sha256}: {found.size} bytes with SHA-256 {found.sha256}\n", encoding="utf-8")
            blob.rename(reason.with_suffix(""))
            _sync_directory(self._set_aside)
        return True


def check_digest(sha256: str) -> None:
    """Raises InvalidValueError: no path is built from anything else."""
    if not _DIGEST.fullmatch(sha256):
        raise InvalidValueError("digest: expected 64 lower-case hexadecimal digits")


@contextmanager
def _missing(message: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise FileMissingError(message) from error


@contextmanager
def _plain_words(doing: str) -> Iterator[None]:
    """What the operating system says, as an error a person can act on; a missing or busy file the caller explains."""
    try:
        yield
    except (FileNotFoundError, BlockingIOError):
        raise
    except OSError as error:
        code = None
        if error.errno in _FULL:
            code, cause = "STORAGE_FULL", "the disk is full"
        elif error.errno == errno.EIO:
            cause = "the disk does not answer rightly"
        elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            cause = "it may not be written to or read"
        else:
            cause = os.strerror(error.errno) if error.errno else "unknown cause"
        raise StorageError(f"cannot {doing} the file store: {cause}", code=code, detail=repr(error)) from error


@contextmanager
def _locked(path: Path, flags: int, *, wait: bool = True) -> Iterator[BinaryIO]:
    """`path` opened for us alone, unbuffered. Another may delete or rename it while we wait: then look again."""
    while True:
        with os.fdopen(os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600), "r+b", buffering=0) as file:
            fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _same_file(path, file.fileno()):
                yield file
                return


def _same_file(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.lstat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _write(file: BinaryIO, offset: int, chunk: bytes) -> None:
    """All of `chunk` or nothing: half of it would stand where the next attempt begins."""
    rest = memoryview(chunk)
    try:
        while rest:
            rest = rest[file.write(rest) :]
    except OSError:
        with suppress(OSError):
            file.truncate(offset)
        raise


def _sync(file: BinaryIO, path: Path) -> None:
    try:
        os.fsync(file.fileno())
    except OSError:
        # After a failed fsync the kernel may call the lost pages clean: a second one would lie. Have it sent again.
        path.unlink()
        raise


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Among those that add and remove names in it; at the end they are on the disk."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
