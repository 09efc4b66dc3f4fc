"""The way to the hub's files, with a pulse before each chunk.

A step may take hours over a thin line. What watches the loops, a person or a machine, must be able to tell that from a
step that hangs, and to end it.
"""

from exchange.model.envelope import FileEntry
from exchange.model.unit import UnitCode
from exchange.ports.files import FileExchange
from exchange.ports.pulse import pulse

__all__ = ["Pulsing"]


class Pulsing:
    """`exchange.ports.files.FileExchange` over another."""

    def __init__(self, inner: FileExchange) -> None:
        self._inner = inner

    def offset(self, unit: UnitCode, entry: FileEntry) -> int:
        pulse()
        return self._inner.offset(unit, entry)

    def upload(self, unit: UnitCode, entry: FileEntry, offset: int, chunk: bytes) -> int:
        pulse()
        return self._inner.upload(unit, entry, offset, chunk)

    def download(self, unit: UnitCode, sha256: str, offset: int, limit: int) -> bytes:
        pulse()
        return self._inner.download(unit, sha256, offset, limit)
