"""Uploaded: files that a program of a unit's gives to its node ahead of the document that names them.

As at the hub, knowing a digest is not having the file: a unit's programs send all of its bytes, even when the node
holds them for another unit.

Not here: deleting what was never sent (`unsent`).
"""

from datetime import datetime, timedelta

from exchange.errors import FileMissingError, LimitError, StorageError
from exchange.model.envelope import FileEntry
from exchange.model.unit import UnitCode
from exchange.services.node.node import Node

__all__ = ["UploadedFiles"]


class UploadedFiles:
    """`offset` and `upload` as in `exchange.ports.files.FileExchange`. Whoever asks for an upload still wants it."""

    def __init__(self, node: Node) -> None:
        self._node = node

    @property
    def kept(self) -> timedelta:
        """How long an upload is kept that nobody asks for, and that no document names."""
        return timedelta(days=self._node.timing.unsent_days)

    def expires(self) -> datetime:
        """Until when one is kept that was just asked for."""
        return self._node.clock.now() + self.kept

    def offset(self, unit: UnitCode, entry: FileEntry) -> int:
        if self._renew(unit, entry.sha256):
            return entry.size
        if (received := self._touch(unit, entry.sha256)) < entry.size:
            return received
        try:
            return self._finish(unit, entry)
        except FileMissingError:
            return 0  # begin anew

    def upload(self, unit: UnitCode, entry: FileEntry, offset: int, chunk: bytes) -> int:
        if offset + len(chunk) > entry.size:
            raise LimitError(f"file {entry.sha256}: more than the {entry.size} bytes announced", code="SIZE")
        length = self._node.files.append(unit, entry.sha256, offset, chunk)
        return length if length < entry.size else self._finish(unit, entry)

    def check(self, unit: UnitCode, sha256: str) -> None:
        """Raises FileMissingError unless a program of `unit` uploaded it; then it stays until it can be sent."""
        node = self._node
        with node.store.look() as session:
            asked = session.uploaded(unit, sha256)
        # What was asked for lately, nobody deletes; that saves a commit.
        here = asked is not None and node.files.has(sha256)
        if asked is not None and node.clock.now() - asked > self.kept / 2:
            here = self._renew(unit, sha256)
        if not here:
            raise FileMissingError(f"file {sha256[:64]}: not uploaded by {unit}, or expired")

    def _renew(self, unit: UnitCode, sha256: str) -> bool:
        """Whether it is all here, and the unit's; then it stays."""
        with self._node.store.begin() as session:
            here = session.uploaded(unit, sha256) is not None and self._node.files.has(sha256)
            if here:
                session.renew_upload(unit, sha256, self._node.clock.now())
        return here

    def _touch(self, unit: UnitCode, sha256: str) -> int:
        """How much has come; it is kept on. Another may go on with it, or delete it, between two looks."""
        files = self._node.files
        while True:
            try:
                return files.append(unit, sha256, files.received(unit, sha256), b"")
            except StorageError as error:
                if error.code != "OFFSET":
                    raise

    def _finish(self, unit: UnitCode, entry: FileEntry) -> int:
        self._node.files.complete(unit, entry.sha256, entry.size)
        with self._node.store.begin() as session:
            if not self._node.files.has(entry.sha256):
                raise FileMissingError(f"file {entry.sha256}: expired while it came: upload it again")
            session.add_upload(unit, entry.sha256, entry.size, self._node.clock.now())
        return entry.size
