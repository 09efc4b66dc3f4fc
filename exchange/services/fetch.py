"""Fetch: the files that an envelope names, from the hub into this node's store, resumed where a cut left off.

Every digest is checked even when the blob is already here: another unit of this node may have fetched it, and disks
rot.
"""

from collections.abc import Iterable

from exchange.model.envelope import FileEntry
from exchange.model.unit import UnitCode
from exchange.services.node import Node

__all__ = ["fetch_files"]


def fetch_files(node: Node, unit: UnitCode, entries: Iterable[FileEntry]) -> None:
    """Raises FileMissingError or TransportError (come again later), CorruptFileError (the hub's copy is bad),
    StorageError."""
    for entry in entries:
        if not node.files.has(entry.sha256):
            offset = node.files.received(unit, entry.sha256)
            while offset < entry.size:
                chunk = node.exchange.download(unit, entry.sha256, offset, node.timing.chunk_bytes)
                if not chunk:
                    break  # shorter than signed: `complete` says so
                offset = node.files.append(unit, entry.sha256, offset, chunk)
            node.files.complete(unit, entry.sha256, entry.size)
        node.files.check(entry)
