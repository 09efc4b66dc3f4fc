"""The hub's files as its units may use them, for nodes in the hub's own process and for the hub's HTTP.

A unit may read what it has itself sent or what a document has given it, and nothing else; that a file exists is no
secret worth more than its digest, so a foreign file and a missing one get the same answer.

To claim a file a unit sends all of its bytes, even when the hub holds them already. Were the digest enough, whoever
learns a digest (from a log, a receipt, a former colleague) could name it in an envelope to itself and be given the
file.

Not here: how long a claim lasts, and whose quota a file counts against.
"""

from typing import BinaryIO

from exchange.errors import CorruptFileError, FileMissingError, LimitError
from exchange.model.envelope import FileEntry
from exchange.model.unit import UnitCode
from exchange.ports.files import Files
from exchange.ports.hub import HubStore

__all__ = ["HubFileExchange"]

MAX_DOWNLOAD = 4 * 1024 * 1024


class HubFileExchange:
    """Implements `exchange.ports.files.FileExchange`."""

    def __init__(self, files: Files, store: HubStore) -> None:
        self._files = files
        self._store = store

    def offset(self, unit: UnitCode, entry: FileEntry) -> int:
        # A claim outlives a blob that was set aside as corrupt: then the bytes are wanted again.
        if self._claimed(unit, entry.sha256) and self._files.has(entry.sha256):
            return entry.size
        received = self._files.received(unit, entry.sha256)
        if received < entry.size:
            return received
        # All is here but not claimed: the last answer was lost, or the file is empty and nobody would send a byte.
        try:
            return self._finish(unit, entry)
        except (CorruptFileError, FileMissingError):
            return 0  # and the upload is gone: begin anew

    def upload(self, unit: UnitCode, entry: FileEntry, offset: int, chunk: bytes) -> int:
        if offset + len(chunk) > entry.size:
            raise LimitError(f"file {entry.sha256}: more than the {entry.size} bytes announced", code="SIZE")
        length = self._files.append(unit, entry.sha256, offset, chunk)
        return length if length < entry.size else self._finish(unit, entry)

    def download(self, unit: UnitCode, sha256: str, offset: int, limit: int) -> bytes:
        with self.open(unit, sha256, offset) as stream:
            return stream.read(min(limit, MAX_DOWNLOAD))

    def open(self, unit: UnitCode, sha256: str, offset: int = 0) -> BinaryIO:
        """Raises FileMissingError, also for a file that `unit` may not read."""
        if not self._claimed(unit, sha256):
            raise FileMissingError(f"file {sha256}: not here")
        return self._files.open(sha256, offset)

    def _finish(self, unit: UnitCode, entry: FileEntry) -> int:
        # (1) the bytes are the file that the digest names, and synced; (2) size and SM3 are as signed too;
        # (3) only now is it the unit's, unless it was deleted meanwhile, since another unit had given it up
        self._files.complete(unit, entry.sha256, entry.size)
        self._files.check(entry)
        with self._store.begin() as session:
            session.lock_file(entry.sha256)
            if not self._files.has(entry.sha256):
                raise FileMissingError(f"file {entry.sha256}: deleted while it came: upload it again")
            session.add_claims(unit, [entry.sha256])
        return entry.size

    def _claimed(self, unit: UnitCode, sha256: str) -> bool:
        with self._store.begin() as session:
            return bool(session.claimed(unit, [sha256]))
