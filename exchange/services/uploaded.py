"""Uploaded: files that a program of a unit's gives to its node ahead of the document that names them.

As at the hub, knowing a digest is not having the file: a unit's programs send all of its bytes, even when the node
holds them for another unit.
"""

from exchange.errors import FileMissingError, LimitError
from exchange.model.envelope import FileEntry
from exchange.model.unit import UnitCode
from exchange.services.node import Node

__all__ = ["UploadedFiles"]


class UploadedFiles:
    """`offset` and `upload` as in `exchange.ports.files.FileExchange`."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def offset(self, unit: UnitCode, entry: FileEntry) -> int:
        if self._size(unit, entry.sha256) is not None and self._node.files.has(entry.sha256):
            return entry.size
        received = self._node.files.received(unit, entry.sha256)
        return received if received < entry.size else self._finish(unit, entry)

    def upload(self, unit: UnitCode, entry: FileEntry, offset: int, chunk: bytes) -> int:
        if offset + len(chunk) > entry.size:
            raise LimitError(f"file {entry.sha256}: more than the {entry.size} bytes announced", code="SIZE")
        length = self._node.files.append(unit, entry.sha256, offset, chunk)
        return length if length < entry.size else self._finish(unit, entry)

    def check(self, unit: UnitCode, sha256: str) -> None:
        """Raises FileMissingError unless a program of `unit` uploaded it."""
        if self._size(unit, sha256) is None or not self._node.files.has(sha256):
            raise FileMissingError(f"file {sha256[:64]}: not uploaded by {unit}")

    def _size(self, unit: UnitCode, sha256: str) -> int | None:
        with self._node.store.begin() as session:
            return session.uploaded(unit, sha256)

    def _finish(self, unit: UnitCode, entry: FileEntry) -> int:
        self._node.files.complete(unit, entry.sha256, entry.size)
        with self._node.store.begin() as session:
            session.add_upload(unit, entry.sha256, entry.size, self._node.clock.now())
        return entry.size
