"""Fetch: the files that an envelope names, from the hub into this node's store, resumed where a cut left off.

Every digest is checked even when the blob is already here: another unit of this node may have fetched it, and disks
rot. What this disk spoilt is fetched again.
"""

from collections.abc import Iterable

from exchange.errors import CorruptFileError, StorageError, TransportError
from exchange.model.envelope import FileEntry
from exchange.model.unit import UnitCode
from exchange.services.node.node import Node

__all__ = ["fetch_files"]


def fetch_files(node: Node, unit: UnitCode, entries: Iterable[FileEntry]) -> None:
    """Raises FileMissingError or TransportError (come again later), CorruptFileError (the hub's copy is bad),
    StorageError."""
    for entry in entries:
        if node.files.has(entry.sha256) and _is_sound(node, entry):
            continue
        offset = node.files.received(unit, entry.sha256)
        while offset < entry.size:
            chunk = node.exchange.download(unit, entry.sha256, offset, node.timing.chunk_bytes)
            if not chunk:
                break  # shorter than signed: `complete` says so
            offset = _append(node, unit, entry, offset, chunk)
        node.files.complete(unit, entry.sha256, entry.size)
        node.files.check(entry)


def _append(node: Node, unit: UnitCode, entry: FileEntry, offset: int, chunk: bytes) -> int:
    try:
        return node.files.append(unit, entry.sha256, offset, chunk)
    except StorageError as error:
        if error.code != "OFFSET":
            raise
        # For another document of this unit's the same file is coming: what it brings is ours, too.
        raise TransportError(f"file {entry.sha256}: it is coming already", code="OFFSET") from error


def _is_sound(node: Node, entry: FileEntry) -> bool:
    """Whether the blob held is the file that was signed; False when it has gone bad here and was set aside."""
    files = node.files
    try:
        files.check(entry)
    except CorruptFileError as error:
        if files.has(entry.sha256):
            raise  # the blob is right, the sender's entry is not
        node.log.alarm("file_corrupt_here", digest=entry.sha256, code=error.code)
        return False
    return True
