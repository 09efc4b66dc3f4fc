"""The zip that an evidence package, an archive and a carry package are: members are stored, not compressed, and read
with suspicion.

Stored members cannot be a bomb: what unpacks is what is there. Members must follow each other from the first
byte to the directory, so that no tool finds anything in the archive that this one does not. Written twice,
the same members give the same bytes.

Not here: which members there must be, and what they say (`exchange.ledger.manifest`,
`exchange.ledger.package`, `exchange.ledger.archive`, `exchange.services.carry.package`).
"""

import hashlib
import os
import stat
import struct
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, Final, cast

from exchange.errors import PackageError

__all__ = ["Member", "Reader", "Writer", "faults_of", "new_file", "open_member", "open_reader", "open_writer"]

_CHUNK: Final = 1024 * 1024
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the earliest time a zip can state: it states none
_MAX_DIRECTORY_BYTES_PER_MEMBER: Final = 512
_ENCRYPTED: Final = 0x01

# APPNOTE.TXT 4.3.7, 4.3.16, 4.3.15, 4.3.14
_LOCAL_HEADER_SIZE: Final = 30
_END: Final = struct.Struct("<4s4H2LH")
_LOCATOR_64: Final = struct.Struct("<4sLQL")
_END_64: Final = struct.Struct("<4sQ2H2L4Q")

_FOREIGN = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    EOFError,
    LookupError,
    OSError,
    OverflowError,
    RuntimeError,  # encrypted; and NotImplementedError: an unknown version or method
    ValueError,
    struct.error,
)


@contextmanager
def faults_of(member: str, what: str = "cannot be read", *, code: str | None = None) -> Iterator[None]:
    """Turn whatever zipfile or the disk raises into a `PackageError` that names the member."""
    try:
        yield
    except _FOREIGN as error:
        why = f": {error.strerror}" if isinstance(error, OSError) and error.strerror else ""
        raise PackageError(f"{member}: {what}{why}", code=code, detail=f"{type(error).__name__}: {error}") from error


def _faults_of_writing(member: str) -> AbstractContextManager[None]:
    return faults_of(member, "cannot be written", code="PACKAGE_WRITE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """What a member's bytes are: their SHA-256 (hex) and how many."""

    sha256: str
    size: int

    @classmethod
    def of(cls, content: bytes) -> "Member":
        return cls(sha256=hashlib.sha256(content).hexdigest(), size=len(content))


class Writer:
    """Writes members into a zip in the order given; made by `open_writer`."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._zip = archive

    def add(self, name: str, source: IO[bytes], told: Callable[[int], object] = lambda _size: None) -> Member:
        """Copy `source` into member `name`, a chunk at a time. `told`: the bytes of each chunk."""
        info = zipfile.ZipInfo(name, _EPOCH)
        info.create_system = 3  # Unix, wherever it is written: the same bytes everywhere
        info.external_attr = (stat.S_IFREG | 0o644) << 16
        digest, size = hashlib.sha256(), 0
        # zip64 always: the header goes out before the size is known
        with _faults_of_writing(name), self._zip.open(info, "w", force_zip64=True) as target:
            while chunk := source.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
                target.write(chunk)
                told(len(chunk))
        return Member(sha256=digest.hexdigest(), size=size)


@contextmanager
def new_file(path: Path) -> Iterator[IO[bytes]]:
    """A private file that appears at `path`, whole and synced, when the block ends; when it raises, not at all."""
    with (
        _faults_of_writing(path.name),
        tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as target,
    ):
        part = Path(target.name)
        try:
            yield target
            target.flush()
            os.fsync(target.fileno())
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    with suppress(OSError):  # some file systems of removable disks cannot
        _sync(path.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def open_writer(target: IO[bytes]) -> Iterator[Writer]:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        yield Writer(archive)


class Reader:
    """The members of a zip that was found sound; made by `open_reader`."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._zip = archive
        self.sizes = {info.filename: info.file_size for info in archive.infolist()}

    def read(self, name: str) -> bytes:
        with faults_of(name):
            return self._zip.read(name)

    def open(self, name: str) -> IO[bytes]:
        """The member as a stream. The caller closes it, and puts `faults_of` around what it reads."""
        with faults_of(name):
            return self._zip.open(name)

    def measure(self, name: str, told: Callable[[int], object] = lambda _size: None) -> Member:
        """Stream the member once and say what it is. `told`: the bytes of each chunk."""
        digest, size = hashlib.sha256(), 0
        with faults_of(name), self._zip.open(name) as source:
            while chunk := source.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
                told(len(chunk))
        return Member(sha256=digest.hexdigest(), size=size)


@contextmanager
def open_reader(path: Path, *, total_bytes: int, members: int) -> Iterator[Reader]:
    """Open the zip at `path`; what is larger, fuller or odder than allowed is refused before it is read."""
    with faults_of(path.name, "is not a readable package"):
        size = path.stat().st_size
        if size > total_bytes:  # (1) stored members: this bounds everything inside, too
            raise PackageError(f"{path.name}: {size} bytes, at most {total_bytes} are allowed")
        directory_start = _find_directory(path, size, members)  # (2) before zipfile takes the directory into memory
        archive = zipfile.ZipFile(path)  # closed below
    with archive:
        for info in archive.infolist():  # (3)
            _check_member(info)
        _check_names(archive.infolist())  # (4)
        _check_layout(archive.infolist(), directory_start)  # (5)
        yield Reader(archive)


def open_member(path: Path, name: str) -> BinaryIO:
    """Open one member of a zip that was read before, as a stream of its own. The caller closes it."""
    with faults_of(name), zipfile.ZipFile(path) as archive:
        return cast("BinaryIO", archive.open(name))  # keeps the file open for itself after the archive is closed


def _find_directory(path: Path, size: int, members: int) -> int:
    """Return where the central directory starts, after checking that it is alone at the end, and small."""
    with path.open("rb") as source:
        source.seek(max(0, size - _END.size - _LOCATOR_64.size - _END_64.size))
        tail = source.read()
    end = tail[-_END.size :]
    end_record: tuple[bytes, int, int, int, int, int, int, int] = _END.unpack(end)
    signature, disk, start_disk, _, count, length, _, comment = end_record
    if signature != b"PK\x05\x06" or comment or disk or start_disk:
        raise PackageError(f"{path.name}: does not end as a zip without comment does")
    directory_end = size - _END.size
    if tail[-_END.size - _LOCATOR_64.size :].startswith(b"PK\x06\x07"):  # zip64: its record overrides the one above
        record = _END_64.unpack(tail[: _END_64.size])
        if record[0] != b"PK\x06\x06":
            raise PackageError(f"{path.name}: zip64 end record is not where it must be")
        count, length = record[7], record[8]
        directory_end -= _LOCATOR_64.size + _END_64.size
    if count > members or length > members * _MAX_DIRECTORY_BYTES_PER_MEMBER:
        raise PackageError(f"{path.name}: more than {members} members")
    return directory_end - length


def _check_member(info: zipfile.ZipInfo) -> None:
    name = info.orig_filename
    if name != info.filename or not name.isascii():
        raise PackageError(f"{name!r}: the name is read differently by different tools")
    if info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size:
        raise PackageError(f"{name}: is compressed; members are stored as they are")
    if info.flag_bits & _ENCRYPTED:
        raise PackageError(f"{name}: is encrypted")
    if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
        raise PackageError(f"{name}: is not a plain file")


def _check_names(infos: list[zipfile.ZipInfo]) -> None:
    seen: set[str] = set()
    for info in infos:
        if info.filename in seen:
            raise PackageError(f"{info.filename}: is there twice")
        seen.add(info.filename)


def _check_layout(infos: list[zipfile.ZipInfo], directory_start: int) -> None:
    """Refuse members that overlap, and gaps that could hide one.

    A gap shorter than a local header is the extra field of the member before it.
    """
    end, last = 0, "the first member"
    for info in sorted(infos, key=lambda info: info.header_offset):
        _check_gap(last, info.header_offset - end)
        end = info.header_offset + _LOCAL_HEADER_SIZE + len(info.filename) + info.file_size
        last = info.filename
    _check_gap(last, directory_start - end)


def _check_gap(name: str, gap: int) -> None:
    if not 0 <= gap < _LOCAL_HEADER_SIZE:
        raise PackageError(f"{name}: overlaps the next member, or something is hidden between them")
