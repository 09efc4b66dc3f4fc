"""Blobs by digest. Every blob is hashed at every hand-over; what is visible is complete, right and on stable
storage."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, Protocol

from exchange.model.envelope import FileEntry
from exchange.model.unit import UnitCode

__all__ = ["FileExchange", "Files", "Stored"]


@dataclass(frozen=True, slots=True)
class Stored:
    """A complete blob: digest, size in bytes, and since when it lies there."""

    sha256: str
    size: int
    since: datetime


class Files(Protocol):
    """A content-addressed store. Keys are SHA-256 in hexadecimal. An unfinished upload belongs to one `owner`."""

    def has(self, sha256: str) -> bool: ...

    def received(self, owner: str, sha256: str) -> int:
        """Bytes of `owner`'s unfinished upload held so far, 0 if none."""
        ...

    def append(self, owner: str, sha256: str, offset: int, chunk: bytes) -> int:
        """Append to the unfinished upload at exactly `offset`; returns the new length. An empty chunk says that it is
        still wanted. Raises StorageError (OFFSET: it has another length), LimitError."""
        ...

    def complete(self, owner: str, sha256: str, size: int) -> None:
        """Check size and digest of the upload, sync it and make it visible; a wrong one is deleted with
        CorruptFileError."""
        ...

    def open(self, sha256: str, offset: int = 0) -> BinaryIO:
        """Raises FileMissingError."""
        ...

    def check(self, entry: FileEntry) -> None:
        """Hash the blob again: size, SHA-256 and SM3 as signed. Raises FileMissingError, CorruptFileError (and sets
        it aside)."""
        ...

    def stored(self) -> Iterator[Stored]:
        """Every complete blob, in the order of digests. What comes or goes meanwhile may be missing."""
        ...

    def sweep(self, older_than: datetime) -> int:
        """Delete unfinished uploads not touched since; returns how many. One being written now is left alone."""
        ...

    def discard(self, sha256: str) -> None:
        """Delete a complete blob for good; nothing happens when it is not there."""
        ...


class FileExchange(Protocol):
    """The hub's files as one of its units sees them: upload what the hub lacks, download what a document gives it."""

    def offset(self, unit: UnitCode, entry: FileEntry) -> int:
        """Bytes of this file that the hub already has from `unit`; `entry.size` when it needs no more."""
        ...

    def upload(self, unit: UnitCode, entry: FileEntry, offset: int, chunk: bytes) -> int:
        """Send one chunk; returns the new offset. At `entry.size` the hub has checked, synced and claimed the file."""
        ...

    def download(self, unit: UnitCode, sha256: str, offset: int, limit: int) -> bytes:
        """At most `limit` bytes from `offset`. Raises FileMissingError, also for a file that `unit` may not read."""
        ...
