"""The way to the hub's files, each chunk of which shows that its loop moves.

A step may take hours over a thin line. What watches the loops, a person or a machine, must be able to tell that from a
step that hangs.
"""

from exchange.model.envelope import FileEntry
from exchange.model.unit import UnitCode
from exchange.ports.files import FileExchange
from workers.runner import beat

__all__ = ["Pulsing"]


class Pulsing:
    """`exchange.ports.files.FileExchange` over another."""

    def __init__(self, inner: FileExchange) -> None:
        self._inner = inner

    def offset(self, unit: UnitCode, entry: FileEntry) -> int:
        beat()
        return self._inner.offset(unit, entry)

    def upload(self, unit: UnitCode, entry: FileEntry, offset: int, chunk: bytes) -> int:
        beat()
        return self._inner.upload(unit, entry, offset, chunk)

    def download(self, unit: UnitCode, sha256: str, offset: int, limit: int) -> bytes:
        beat()
        return self._inner.download(unit, sha256, offset, limit)
