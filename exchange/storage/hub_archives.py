"""Which bytes were archived, and their removal, month by month.

Entries, tree nodes, checkpoints, deliveries and the rows that say what a document or receipt is stay. So do, in their
own rows, the bytes of receipts that are still asked for: each ACCEPTED, which answers a duplicate, and whatever is
still on its way to a unit.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import and_, delete, exists, func, literal_column, or_, select, update

from exchange.model.envelope import EnvelopeKey
from exchange.model.events import BusinessState, Event, TransportState
from exchange.model.receipt import ReceiptId
from exchange.ports.hub import ArchiveRecord
from exchange.storage import tables_hub as tables
from exchange.storage.hub_originals import Originals, partition
from exchange.storage.rows import (
    ARCHIVE,
    archive_record,
    archive_values,
    from_time,
    to_time,
)
from exchange.storage.session import key_of
from exchange.storage.transaction import columns

__all__ = ["Archiving"]

_KEY = ("at", "digest")


class Archiving(Originals):
    def archives(self) -> list[ArchiveRecord]:
        ordered = select(*columns(tables.archives, ARCHIVE)).order_by(tables.archives.c.start, tables.archives.c.file)
        return [archive_record(row) for row in self._sql.rows(ordered)]

    def add_archive(self, record: ArchiveRecord) -> None:
        self._sql.add_new(tables.archives, ARCHIVE, [archive_values(record)])

    def finish_archive(self, file: str, removed: datetime) -> None:
        self._sql.change(tables.archives, ("removed",), [(to_time(removed), file)], key=("file",), empty="removed")

    def oldest_original(self, since: datetime) -> datetime | None:
        originals = tables.originals.c
        row = self._sql.first(select(func.min(originals.at)).where(originals.at >= to_time(since)))
        return None if row is None or row[0] is None else from_time(row[0])

    def originals_between(self, start: datetime, end: datetime) -> int:
        return self._count(tables.originals, *_between(start, end))

    def originals_among(self, keys: Iterable[tuple[datetime, str]]) -> int:
        found = select(*columns(tables.originals, _KEY))
        return sum(1 for _ in self._sql.rows_of(found, columns(tables.originals, _KEY), _values(keys)))

    def unsettled(self, start: datetime, end: datetime, limit: int) -> list[EnvelopeKey]:
        documents, deliveries = tables.documents.c, tables.deliveries.c
        # What a recipient that has it was asked to give back, without having said anything yet.
        asked_back = and_(
            deliveries.transport == TransportState.DELIVERED.value,
            deliveries.business < BusinessState.RETURNED.value,
            deliveries.moments.contains('"recall_requested"'),
            ~deliveries.moments.contains('"recall_denied"'),
        )
        waits = or_(
            deliveries.transport < TransportState.EXPIRED.value,
            deliveries.due.is_not(None),
            deliveries.remind.is_not(None),
            asked_back,
        )
        waited_for = exists().where(
            deliveries.envelope_id == documents.envelope_id, deliveries.sender == documents.sender, waits
        )
        in_month = and_(documents.received >= to_time(start), documents.received < to_time(end))
        found = select(documents.envelope_id, documents.sender).where(in_month, waited_for)
        ordered = found.order_by(documents.envelope_id, documents.sender).limit(limit)
        return [key_of(row) for row in self._sql.rows(ordered)]

    def keep_receipts(self, ids: Iterable[ReceiptId]) -> None:
        receipts, originals, forwards = tables.receipts, tables.originals.c, tables.forwards.c
        original = select(originals.document).where(
            originals.at == receipts.c.recorded, originals.digest == receipts.c.digest
        )
        under_way = exists().where(forwards.receipt_id == receipts.c.receipt_id)
        asked_for = or_(receipts.c.event == literal_column(f"'{Event.ACCEPTED}'"), under_way)
        kept = update(receipts).where(receipts.c.document.is_(None), asked_for)
        self._sql.run_for(
            kept.values(document=original.scalar_subquery()), [receipts.c.receipt_id], [(id_,) for id_ in ids]
        )

    def remove_originals(self, keys: Sequence[tuple[datetime, str]]) -> None:
        self._sql.run_for(delete(tables.originals), columns(tables.originals, _KEY), _values(keys))

    def drop_month(self, start: datetime, end: datetime, originals: int) -> bool:
        name = partition(start)
        if name not in self._partitions():
            return False
        self._sql.command("SET LOCAL lock_timeout = '2s'")
        # Nobody may add to it from here on; nobody else is kept waiting while it is counted.
        self._sql.command(f"LOCK TABLE {name} IN SHARE MODE")
        if self.originals_between(start, end) != originals:
            return False
        # For a moment this waits for, and stops, everybody who reads any month.
        self._sql.command(f"DROP TABLE {name}")
        return True


def _between(start: datetime, end: datetime) -> tuple[object, ...]:
    return tables.originals.c.at >= to_time(start), tables.originals.c.at < to_time(end)


def _values(keys: Iterable[tuple[datetime, str]]) -> Iterable[tuple[object, ...]]:
    return ((to_time(at), digest) for at, digest in keys)
