"""A node's receipts, what the office has not been told of yet, and the confirmations it owes the hub."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import or_, select, tuple_, update

from exchange.model.envelope import EnvelopeKey
from exchange.model.receipt import Noted, ReceiptId
from exchange.model.unit import UnitCode
from exchange.ports.records import ReceiptRecord
from exchange.storage import tables_node as tables
from exchange.storage.rows import (
    NOTED,
    RECEIPT,
    noted_record,
    noted_values,
    receipt_record,
    receipt_values,
    to_time,
)
from exchange.storage.session import Session
from exchange.storage.transaction import columns

__all__ = ["Receipts"]

_KEY = columns(tables.receipts, ("unit", "receipt_id"))
_DOCUMENT = columns(tables.receipts, ("unit", "envelope_id", "sender"))
_RECEIPTS = select(*columns(tables.receipts, ("unit", *RECEIPT)))
_AS_RECORDED = _RECEIPTS.order_by(tables.receipts.c.recorded, tables.receipts.c.receipt_id)


class Receipts(Session):
    def receipts(self, keys: Iterable[tuple[UnitCode, ReceiptId]]) -> dict[tuple[UnitCode, ReceiptId], ReceiptRecord]:
        return {
            (unit, record.id): record
            for unit, *values in self._sql.rows_of(_RECEIPTS, _KEY, keys)
            for record in (receipt_record(values),)
        }

    def receipts_of(self, unit: UnitCode, envelope: EnvelopeKey) -> list[ReceiptRecord]:
        """In the order in which they were recorded."""
        return self.receipts_about([(unit, envelope)]).get((unit, envelope), [])

    def receipts_about(
        self, documents: Iterable[tuple[UnitCode, EnvelopeKey]]
    ) -> dict[tuple[UnitCode, EnvelopeKey], list[ReceiptRecord]]:
        found: dict[tuple[UnitCode, EnvelopeKey], list[ReceiptRecord]] = {}
        wanted = ((unit, envelope.id, envelope.sender) for unit, envelope in documents)
        for unit, *values in self._sql.rows_of(_AS_RECORDED, _DOCUMENT, wanted):
            record = receipt_record(values)
            found.setdefault((UnitCode(unit), record.envelope), []).append(record)
        return found

    def receipts_after(
        self, after: tuple[UnitCode, ReceiptId] | None, limit: int
    ) -> list[tuple[UnitCode, ReceiptRecord]]:
        page = _RECEIPTS if after is None else _RECEIPTS.where(tuple_(*_KEY) > after)
        rows = self._sql.rows(page.order_by(*_KEY).limit(limit))
        return [(UnitCode(unit), receipt_record(values)) for unit, *values in rows]

    def receipts_since(self, since: datetime) -> list[tuple[UnitCode, ReceiptRecord]]:
        receipts, time = tables.receipts.c, to_time(since)
        rows = self._sql.rows(_AS_RECORDED.where(or_(receipts.recorded >= time, receipts.at >= time)))
        return [(UnitCode(unit), receipt_record(values)) for unit, *values in rows]

    def add_receipts(self, unit: UnitCode, records: Sequence[ReceiptRecord]) -> None:
        """Those that the unit's office must hear of are untold from now on: all about what it sent, and what others did
        to what it received. Each gets its number for programs that ask what happened."""
        self.add_receipts_of_units([(unit, record) for record in records])

    def add_receipts_of_units(self, records: Sequence[tuple[UnitCode, ReceiptRecord]]) -> None:
        rows = [
            (
                *(unit, *receipt_values(record)),
                to_time(record.recorded) if _for_office(unit, record) else None,
            )
            for unit, record in records
        ]
        self._sql.add(tables.receipts, ("unit", *RECEIPT, "untold"), rows)
        numbered = [(unit, record.id) for unit, record in records]
        self._sql.add(tables.happened, ("unit", "receipt_id"), numbered)

    def untold(self, limit: int, except_of: Iterable[UnitCode] = ()) -> list[tuple[UnitCode, ReceiptRecord]]:
        """Oldest first."""
        waiting = _RECEIPTS.where(tables.receipts.c.untold.is_not(None))
        if others := list(except_of):
            waiting = waiting.where(tables.receipts.c.unit.not_in(others))
        rows = self._sql.rows(waiting.order_by(tables.receipts.c.untold).limit(limit))
        return [(unit, receipt_record(values)) for unit, *values in rows]

    def told(self, keys: Iterable[tuple[UnitCode, ReceiptId]]) -> None:
        self._sql.run_for(update(tables.receipts).values(untold=None), _KEY, keys)

    def owe(self, unit: UnitCode, noted: Sequence[Noted], carried: datetime | None = None) -> None:
        rows = [(unit, *noted_values(one)) for one in noted]
        self._sql.add_new(tables.owed, ("unit", *NOTED), rows)
        if carried is not None:
            self._add_carried(tables.carried, [(*row, to_time(carried)) for row in rows])

    def carried(self, unit: UnitCode) -> list[Noted]:
        return self._carried(tables.carried, unit)

    def forget_carried(self, unit: UnitCode, before: datetime) -> None:
        self._forget_carried(tables.carried, unit, before)

    def take_owed(self, limit: int) -> list[tuple[UnitCode, Noted]]:
        rows = self._take(tables.owed, ("unit", *NOTED), limit)
        return [(UnitCode(unit), noted_record(noted)) for unit, *noted in rows]


def _for_office(unit: UnitCode, record: ReceiptRecord) -> bool:
    return record.envelope.sender == unit or record.event.for_recipients_office
