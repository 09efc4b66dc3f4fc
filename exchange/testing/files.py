"""`Files` in memory, with a disk that can be full or go bad."""

import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import BytesIO
from typing import BinaryIO

from exchange.errors import CorruptFileError, FileMissingError, InvalidValueError, LimitError, StorageError
from exchange.model.envelope import MAX_FILE_SIZE, FileEntry
from exchange.ports.files import Stored
from exchange.trust.digest import measure

__all__ = ["FilesHook", "MemoryFiles"]

FilesHook = Callable[[str, str], None]
"""Called with a step and a digest: `append.before`, `append.after`, `complete.before`, `complete.after`, `open.before`,
`check.before`. What it raises is what the step raises: a StorageError for a full disk, anything else for a crash."""


class MemoryFiles:
    """Knobs: `capacity` (bytes in all; StorageError beyond), `flip` (damage a blob), `lose` (remove one), `hook`."""

    def __init__(self, *, hook: FilesHook | None = None, capacity: int | None = None) -> None:
        self.hook = hook
        self.capacity = capacity
        self._blobs: dict[str, bytes] = {}
        self._partials: dict[tuple[str, str], bytes] = {}
        self._aside: list[tuple[str, bytes]] = []

    def has(self, sha256: str) -> bool:
        return _checked(sha256) in self._blobs

    def received(self, owner: str, sha256: str) -> int:
        return len(self._partials.get((owner, _checked(sha256)), b""))

    def append(self, owner: str, sha256: str, offset: int, chunk: bytes) -> int:
        self._step("append.before", sha256)
        if offset + len(chunk) > MAX_FILE_SIZE:
            raise LimitError(f"file {sha256}: too large", code="SIZE")
        held = self._partials.get((owner, _checked(sha256)), b"")
        if len(held) != offset:
            raise StorageError(f"file {sha256}: {len(held)} bytes here, cannot go on at {offset}", code="OFFSET")
        if self.capacity is not None and self._used() + len(chunk) > self.capacity:
            raise StorageError("cannot write to the file store: the disk is full")
        self._partials[owner, sha256] = held + chunk
        self._step("append.after", sha256)
        return offset + len(chunk)

    def complete(self, owner: str, sha256: str, size: int) -> None:
        self._step("complete.before", sha256)
        data = self._partials.get((owner, _checked(sha256)), None if size else b"")
        if data is None:
            raise FileMissingError(f"file {sha256}: no upload to complete")
        self._partials.pop((owner, sha256), None)
        if len(data) != size or hashlib.sha256(data).hexdigest() != sha256:
            raise CorruptFileError(f"file {sha256}: the bytes sent have another digest")
        self._blobs[sha256] = data
        self._step("complete.after", sha256)

    def open(self, sha256: str, offset: int = 0) -> BinaryIO:
        self._step("open.before", sha256)
        stream = BytesIO(self._blob(sha256))
        stream.seek(offset)
        return stream

    def check(self, entry: FileEntry) -> None:
        self._step("check.before", entry.sha256)
        found = measure(BytesIO(self._blob(entry.sha256)))
        if found.sha256 != entry.sha256:
            self._aside.append((entry.sha256, self._blobs.pop(entry.sha256)))
            raise CorruptFileError(f"file {entry.sha256}: its bytes have changed and were set aside")
        if (found.size, found.sm3) != (entry.size, entry.sm3):
            raise CorruptFileError(f"file {entry.sha256}: not as signed")

    def sweep(self, older_than: datetime) -> int:
        """Times are not kept: whatever is unfinished is old."""
        swept = len(self._partials)
        self._partials.clear()
        return swept

    def discard(self, sha256: str) -> None:
        self._step("discard", sha256)
        self._blobs.pop(_checked(sha256), None)

    def digests(self) -> Iterator[str]:
        yield from sorted(self._blobs)

    def stored(self) -> Iterator[Stored]:
        """Times are not kept: whatever is there has been for ever."""
        since = datetime.min.replace(tzinfo=UTC)
        return iter([Stored(sha256, len(data), since) for sha256, data in sorted(self._blobs.items())])

    def corrupt(self) -> list[str]:
        return [sha256 for sha256, _ in self._aside]

    def flip(self, sha256: str, position: int = 0) -> None:
        """One bit of a stored blob changes on the disk."""
        data = bytearray(self._blobs[sha256])
        data[position] ^= 1
        self._blobs[sha256] = bytes(data)

    def lose(self, sha256: str) -> None:
        del self._blobs[sha256]

    def _blob(self, sha256: str) -> bytes:
        try:
            return self._blobs[_checked(sha256)]
        except KeyError as error:
            raise FileMissingError(f"file {sha256}: not here") from error

    def _used(self) -> int:
        return sum(map(len, self._blobs.values())) + sum(map(len, self._partials.values()))

    def _step(self, name: str, sha256: str) -> None:
        if self.hook is not None:
            self.hook(name, sha256)


def _checked(sha256: str) -> str:
    if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
        raise InvalidValueError("digest: expected 64 lower-case hexadecimal digits")
    return sha256
