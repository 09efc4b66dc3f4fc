"""The shelf: archive files where this hub keeps them, and the bytes that were archived in them, one by one.

What is found has the digest that was asked for, so nothing else of a file needs to be believed. Not here: whose the
bytes are, and what is in a file as a whole (`archive_verify`).
"""

from collections.abc import Sequence
from contextlib import ExitStack
from functools import lru_cache
from pathlib import Path

from exchange.errors import PackageError
from exchange.ledger.archive import ArchiveFile, open_archive
from exchange.ports.records import DocumentRecord, ReceiptRecord
from exchange.trust.digest import sha256_hex

__all__ = ["Shelf"]

# Each is a megabyte or so: what belongs together was mostly recorded together.
_PARTS_HELD = 16


class Shelf:
    """`places`: folders in which archive files lie, and single files. Keeps them open; `close` ends that."""

    def __init__(self, *places: Path) -> None:
        self._places = places
        self._open = ExitStack()
        self._files: dict[str, ArchiveFile] = {}
        self._unreadable: dict[str, PackageError] = {}
        self._part = lru_cache(maxsize=_PARTS_HELD)(self._read_part)

    def document(self, record: DocumentRecord) -> bytes | None:
        """The document's bytes; None when they were archived, and none of the files is here. Raises PackageError."""
        return self._bytes(record.document, record.archived, record.digest, record)

    def receipt(self, record: ReceiptRecord) -> bytes | None:
        """As `document`."""
        return self._bytes(record.document, record.archived, record.digest, record)

    def close(self) -> None:
        self._part.cache_clear()
        self._open.close()

    def _bytes(
        self, held: bytes, archived: Sequence[str], digest: str, record: DocumentRecord | ReceiptRecord
    ) -> bytes | None:
        if not archived:
            return held
        at = record.received if isinstance(record, DocumentRecord) else record.recorded
        for name in archived:
            file = self._file(name)
            for number in file.around(at) if file else ():
                found = self._part(name, number).get(digest)
                if found is not None:
                    return found
        return None

    def _file(self, name: str) -> ArchiveFile | None:
        if name in self._unreadable:
            raise self._unreadable[name]
        if name not in self._files:
            paths = [place if place.name == name else place / name for place in self._places]
            found = next((path for path in paths if path.is_file()), None)
            if found is None:
                return None  # it may be brought back any time
            try:
                self._files[name] = self._open.enter_context(open_archive(found))
            except PackageError as error:
                self._unreadable[name] = error
                raise
        return self._files[name]

    def _read_part(self, name: str, number: int) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        for one in self._files[name].part(number).originals:
            if sha256_hex(one.document) != one.entry.digest:
                raise PackageError(f"{name}: {one.entry.kind} {one.entry.id} has not the digest of its entry")
            found[one.entry.digest] = one.document
        return found
