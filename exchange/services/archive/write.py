"""A month's archive file, filled part by part from the store.

The ledger is walked, not the month's bytes: entries stand nearly in the order of their times, and neighbours share most
of their proofs. Not here: when a month may be archived, where the file goes, what is made of it (`archive`).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache

from exchange.codec.read import read_directory
from exchange.errors import StorageError
from exchange.ledger.archive import ArchiveWriter, Original, Part, Snapshot
from exchange.ledger.checkpoint import Checkpoint
from exchange.ledger.container import Writer
from exchange.ledger.entry import LedgerEntry
from exchange.ledger.excerpt import beside
from exchange.model.envelope import EnvelopeId, EnvelopeKey
from exchange.model.receipt import ReceiptId
from exchange.model.unit import UnitCode
from exchange.ports.hub import HubStore

__all__ = ["Month", "MonthWriter"]

_PAGE = 256
_PART_BYTES = 1024 * 1024
# Batches are recorded a little out of order, and clocks are set.
_MARGIN = timedelta(days=1)
_IN_HAND = timedelta(seconds=10)


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A month of UTC's."""

    start: datetime

    @classmethod
    def of(cls, at: datetime) -> "Month":
        return cls(at.replace(day=1, hour=0, minute=0, second=0, microsecond=0))

    def later(self, months: int) -> "Month":
        year, month = divmod(self.start.year * 12 + self.start.month - 1 + months, 12)
        return Month(self.start.replace(year=year, month=month + 1))

    @property
    def end(self) -> datetime:
        return self.later(1).start

    def __str__(self) -> str:
        return f"{self.start:%Y-%m}"


class MonthWriter:
    """`checkpoint`: what everything is proved against; `total`: how many of the month's bytes the store has."""

    def __init__(self, store: HubStore, month: Month, checkpoint: Checkpoint, total: int) -> None:
        self._store, self._month, self._checkpoint, self._total = store, month, checkpoint, total

    def fill(self, container: Writer, hub: str, sign_note: Callable[[str], str]) -> Iterator[int]:
        """Write everything; yields after each bounded piece how many of the bytes are written. Raises StorageError."""
        month, total, writer = self._month, self._total, ArchiveWriter(container)
        found = 0
        for page in self._entries():
            originals, here = self._originals([one for one in page if month.start <= one[1].recorded < month.end])
            found += here
            for some in _cut(originals):
                writer.add_part(self._part(some))
            yield found
            if found >= total and min(entry.recorded for _, entry in page) > month.end + _MARGIN:
                break
        if found < total:
            raise StorageError(
                f"{total - found} of the month's documents and receipts have no entry in the ledger: "
                "yidi ledger verify says which",
                code="STORAGE_CORRUPT",
            )
        for snapshot in self._snapshots():
            writer.add_directory(snapshot)
        writer.finish(
            hub,
            month.start,
            month.end,
            lambda lines: sign_note(replace(self._checkpoint, extensions=lines).body()),
        )

    def _entries(self) -> Iterator[list[tuple[int, LedgerEntry]]]:
        """Pages of sealed entries, from where the month most likely begins to the end, and then from the beginning:
        nearly all stand in the order of their times, and what a restored hub took back stands anywhere later."""
        first = self._first(self._month.start - _MARGIN)
        for place, end in ((first, self._checkpoint.size), (0, first)):
            start = place
            while start < end:
                with self._store.begin() as session:
                    page = [(index, one) for index, one in session.entries(start, _PAGE) if index < end]
                if not page:
                    break
                start = page[-1][0] + 1
                yield page

    def _first(self, at: datetime) -> int:
        low, high = 0, self._checkpoint.size
        while low < high:
            middle = (low + high) // 2
            with self._store.begin() as session:
                page = session.entries(middle, 1)
            if page and page[0][1].recorded < at:
                low = middle + 1
            else:
                high = middle
        return low

    def _originals(self, page: Sequence[tuple[int, LedgerEntry]]) -> tuple[list[Original], int]:
        """What the store has the bytes of, and how many of these count as the month's."""
        keys = [_key(entry) for _, entry in page if entry.kind == "ENVELOPE"]
        ids = [ReceiptId(entry.id) for _, entry in page if entry.kind == "RECEIPT"]
        with self._store.begin() as session:
            documents, receipts = session.documents(keys), session.receipts(ids)
            held = []
            for index, entry in page:
                of_envelope = entry.kind == "ENVELOPE"
                record = documents.get(_key(entry)) if of_envelope else receipts.get(ReceiptId(entry.id))
                if record is not None and not record.archived:
                    held.append(Original(index=index, entry=entry, document=record.document))
            return held, session.originals_among((one.entry.recorded, one.entry.digest) for one in held)

    def _part(self, originals: Sequence[Original]) -> Part:
        with self._store.begin() as session:
            node = cache(session.tree_node)
            nodes = beside([one.index for one in originals], self._checkpoint.size, node)
        return Part(originals=tuple(originals), nodes=nodes)

    def _snapshots(self) -> Iterator[Snapshot]:
        """What was in force, and the versions that declare a restoring of what was lost."""
        month = self._month
        with self._store.begin() as session:
            records = session.directories_in_force(month.start - _IN_HAND, month.end)
            newest = session.directory()
            restorings = read_directory(newest.document).restorings if newest else ()
            for one in restorings:
                if one.backup < month.end < one.at:
                    later = session.directories_in_force(one.at, one.at + _IN_HAND)
                    records += [record for record in later if record.stored >= one.at]
        for version, record in sorted({record.version: record for record in records}.items()):
            yield Snapshot(version=version, stored=record.stored, document=record.document)


def _key(entry: LedgerEntry) -> EnvelopeKey:
    return EnvelopeKey(UnitCode(entry.sender), EnvelopeId(entry.envelope_id))


def _cut(originals: Sequence[Original]) -> Iterator[list[Original]]:
    """Parts of about one size, whatever the size of a document."""
    some: list[Original] = []
    size = 0
    for one in originals:
        some.append(one)
        size += len(one.document)
        if size >= _PART_BYTES:
            yield some
            some, size = [], 0
    if some:
        yield some
