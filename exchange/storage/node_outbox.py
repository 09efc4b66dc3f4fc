"""What a node still has to do: documents to publish, and documents to hand over to the office."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, func, or_, select, update

from exchange.model.envelope import EnvelopeKey
from exchange.model.events import BusinessState
from exchange.model.unit import UnitCode
from exchange.ports.node import UNKNOWN, Box, HandoverRecord, OutboxKind, OutboxRow, Standing
from exchange.storage import tables_node as tables
from exchange.storage.rows import Row, Values, envelope_key, from_time, optional_from_time, optional_to_time, to_time
from exchange.storage.session import Session
from exchange.storage.transaction import columns
from exchange.topology import Lane

__all__ = ["Outbox"]

_OUTBOX = (
    *("unit", "id", "kind", "digest", "lane", "urgency", "due", "attempts"),
    *("envelope_id", "sender", "document"),
)
_HANDOVER = ("unit", "envelope_id", "sender", "due", "attempts", "external_id", "fault")
_HANDOVERS = select(*columns(tables.handovers, _HANDOVER))
_DELIVERY_OF_IT = (
    tables.deliveries.c.unit == tables.handovers.c.unit,
    tables.deliveries.c.envelope_id == tables.handovers.c.envelope_id,
    tables.deliveries.c.sender == tables.handovers.c.sender,
    tables.deliveries.c.recipient == tables.handovers.c.unit,
)


class Outbox(Session):
    def add_outbox(self, rows: Sequence[OutboxRow]) -> None:
        self._sql.add(tables.outbox, _OUTBOX, map(_outbox_values, rows))

    def due_outbox(self, now: datetime, limit: int) -> list[OutboxRow]:
        outbox = tables.outbox.c
        # Both urgencies by name, so that within each the index leads to the rows that are due.
        come = select(*columns(tables.outbox, _OUTBOX)).where(outbox.urgency.in_((0, 1)), outbox.due <= to_time(now))
        first = come.order_by(outbox.urgency, outbox.due).limit(limit)
        return [_outbox_row(row) for row in self._sql.rows(first)]

    def open_outbox(self, unit: UnitCode) -> list[tuple[str, str]]:
        outbox = tables.outbox.c
        still = select(outbox.id, outbox.digest).where(outbox.unit == unit, outbox.due.is_not(None))
        ordered = still.order_by(outbox.urgency, outbox.due, outbox.id)
        return [(id_, digest) for id_, digest in self._sql.rows(ordered)]

    def outbox_rows(self, unit: UnitCode, ids: Sequence[str]) -> list[OutboxRow]:
        outbox = tables.outbox.c
        still = select(*columns(tables.outbox, _OUTBOX)).where(outbox.unit == unit, outbox.due.is_not(None))
        rows = self._sql.rows_of(still, [outbox.id], ((id_,) for id_ in ids))
        return sorted(map(_outbox_row, rows), key=lambda row: ids.index(row.id))

    def oldest_open(self) -> datetime | None:
        oldest = (at for _, at in self._open().values() if at is not None)
        return min(oldest, default=None)

    def standings(self) -> dict[UnitCode, Standing]:
        outbox, receipts = self._open(), tables.receipts.c
        inbox = self._by_unit(tables.handovers, tables.handovers.c.due > 0)
        untold = self._by_unit(tables.receipts, receipts.untold.is_not(None))
        nothing: tuple[int, datetime | None] = (0, None)
        return {
            unit: Standing(
                outbox=outbox.get(unit, nothing)[0],
                oldest=outbox.get(unit, nothing)[1],
                inbox=inbox.get(unit, 0),
                untold=untold.get(unit, 0),
            )
            for unit in {*outbox, *inbox, *untold}
        }

    def _by_unit(self, table: Table, which: ColumnElement[bool]) -> dict[UnitCode, int]:
        # Without its name in the group, SQLite would take the key, and so read all that the units ever held.
        unit = func.coalesce(table.c.unit, "")
        counted: list[ColumnElement[Any]] = [unit, func.count()]
        grouped = select(*counted).where(which).group_by(unit)
        return {UnitCode(code): int(count) for code, count in self._sql.rows(grouped)}

    def _open(self) -> dict[UnitCode, tuple[int, datetime | None]]:
        """By unit: how many rows are open, and when the oldest of them was stored."""
        outbox, documents, receipts = tables.outbox.c, tables.documents.c, tables.receipts.c
        stored = func.coalesce(documents.received, receipts.recorded)
        of_document = (
            (documents.unit == outbox.unit)
            & (documents.box == Box.SENT.value)
            & (documents.envelope_id == outbox.id)
            & (documents.sender == outbox.sender)
        )
        of_receipt = (receipts.unit == outbox.unit) & (receipts.receipt_id == outbox.id)
        rows = tables.outbox.outerjoin(tables.documents, of_document).outerjoin(tables.receipts, of_receipt)
        # As in `due_outbox`: so worded, the index leads to the open rows.
        unit = func.coalesce(outbox.unit, "")
        still = select(unit, func.count(), func.min(stored)).select_from(rows)
        grouped = still.where(outbox.urgency.in_((0, 1)), outbox.due > 0).group_by(unit)
        return {UnitCode(code): (int(n), optional_from_time(at)) for code, n, at in self._sql.rows(grouped)}

    def save_outbox(self, rows: Sequence[OutboxRow]) -> None:
        """Set `due`, `attempts` and `fault`; a row that was closed meanwhile stays closed."""
        values = [(to_time(row.due), row.attempts, row.fault, row.unit, row.id, row.kind.value) for row in rows]
        self._sql.change(tables.outbox, ("due", "attempts", "fault"), values, key=("unit", "id", "kind"), filled="due")

    def outbox_faults(self) -> dict[str, int]:
        outbox = tables.outbox.c
        still = select(outbox.fault, func.count()).where(outbox.urgency.in_((0, 1)), outbox.due > 0)
        grouped = still.where(outbox.fault.is_not(None)).group_by(outbox.fault).order_by(outbox.fault)
        return {fault: int(number) for fault, number in self._sql.rows(grouped)}

    def close_outbox(self, unit: UnitCode, closed: Iterable[tuple[str, str]]) -> None:
        values = [(None, unit, id_, digest) for id_, digest in closed]
        self._sql.change(tables.outbox, ("due",), values, key=("unit", "id", "digest"))

    def reopen_receipts(self, unit: UnitCode, envelope: EnvelopeKey, due: datetime) -> None:
        outbox, time = tables.outbox.c, to_time(due)
        again = update(tables.outbox).where(
            outbox.unit == unit,
            outbox.kind == OutboxKind.RECEIPT.value,
            outbox.envelope_id == envelope.id,
            outbox.sender == envelope.sender,
            or_(outbox.due.is_(None), outbox.due > time),
        )
        self._sql.run(again.values(due=time))

    def put_again(self, rows: Sequence[OutboxRow]) -> None:
        self._sql.add_new(tables.outbox, _OUTBOX, map(_outbox_values, rows))
        values = [(to_time(row.due), 0, row.unit, row.id, row.kind.value) for row in rows]
        self._sql.change(tables.outbox, ("due", "attempts"), values, key=("unit", "id", "kind"))

    def reopen_envelopes(self, unit: UnitCode, keys: Iterable[EnvelopeKey], due: datetime) -> None:
        values = [(to_time(due), 0, unit, key.id, OutboxKind.ENVELOPE.value) for key in keys]
        self._sql.change(tables.outbox, ("due", "attempts"), values, key=("unit", "id", "kind"))

    def hasten_open(self, due: datetime, beyond: datetime) -> None:
        for table in (tables.outbox, tables.handovers):
            self._sql.run(update(table).where(table.c.due > to_time(beyond)).values(due=to_time(due)))

    def add_handovers(self, records: Sequence[HandoverRecord]) -> None:
        self._sql.add(tables.handovers, _HANDOVER, map(_handover_values, records))

    def due_handovers(self, now: datetime, limit: int) -> list[HandoverRecord]:
        """Oldest first."""
        come = _HANDOVERS.where(tables.handovers.c.due <= to_time(now))
        rows = self._sql.rows(come.order_by(tables.handovers.c.due).limit(limit))
        return [_handover(row) for row in rows]

    def save_handovers(self, records: Sequence[HandoverRecord]) -> None:
        rows = [_handover_values(record) for record in records]
        self._save(tables.handovers, _HANDOVER, rows, ("unit", "envelope_id", "sender"))

    def handover_faults(self) -> dict[str, int]:
        handovers = tables.handovers.c
        still = select(handovers.fault, func.count()).where(handovers.due > 0, handovers.fault.is_not(None))
        grouped = still.group_by(handovers.fault).order_by(handovers.fault)
        return {fault: int(number) for fault, number in self._sql.rows(grouped)}

    def refused_by_offices(self) -> int:
        unsigned = tables.deliveries.c.business < BusinessState.SIGNED.value
        return self._count(tables.handovers, tables.handovers.c.fault == "OA_REJECTED", *_DELIVERY_OF_IT, unsigned)

    def hasten_handovers(self, unit: UnitCode, now: datetime) -> None:
        handovers, time = tables.handovers, to_time(now)
        waiting = (handovers.c.unit == unit) & (handovers.c.due > time)
        self._sql.run(update(handovers).where(waiting).values(due=time))

    def settle_without_office(self, units: Iterable[UnitCode], now: datetime) -> None:
        without = list(units)
        handovers, receipts = tables.handovers, tables.receipts
        due = _of_units(handovers.c.unit, without) & (handovers.c.due <= to_time(now))
        self._sql.run(update(handovers).where(due).values(due=None, external_id=None))
        untold = _of_units(receipts.c.unit, without) & receipts.c.untold.is_not(None)
        self._sql.run(update(receipts).where(untold).values(untold=None))

    def handover(self, unit: UnitCode, envelope: EnvelopeKey) -> HandoverRecord | None:
        handovers = tables.handovers.c
        row = self._sql.first(
            _HANDOVERS.where(
                handovers.unit == unit,
                handovers.envelope_id == envelope.id,
                handovers.sender == envelope.sender,
            )
        )
        return None if row is None else _handover(row)

    def in_office(self, unit: UnitCode, limit: int) -> list[tuple[HandoverRecord, BusinessState]]:
        handovers, deliveries = tables.handovers.c, tables.deliveries.c
        taken = (
            select(*columns(tables.handovers, _HANDOVER), deliveries.business)
            .where(
                handovers.unit == unit,
                handovers.external_id != UNKNOWN,  # and so neither NULL
                *_DELIVERY_OF_IT,
                deliveries.business < BusinessState.ARCHIVED.value,
            )
            .order_by(deliveries.business, deliveries.delivered_at.desc())
            .limit(limit)
        )
        return [(_handover(row), BusinessState(business)) for *row, business in self._sql.rows(taken)]


def _of_units(unit: Column[str], units: Sequence[UnitCode]) -> ColumnElement[bool]:
    """Told plainly, it would have SQLite read all that these units ever held, by their keys; so it takes the index of
    what is open."""
    return func.coalesce(unit, "").in_(units)


def _outbox_values(row: OutboxRow) -> Values:
    return (
        *(row.unit, row.id, row.kind.value, row.digest, row.lane.value),
        0 if row.lane is Lane.URGENT else 1,
        *(to_time(row.due), row.attempts, row.envelope.id, row.envelope.sender, row.document),
    )


def _outbox_row(row: Row) -> OutboxRow:
    unit, id_, kind, digest, lane, _, due, attempts, envelope_id, sender, document = row
    return OutboxRow(
        unit=unit,
        kind=OutboxKind(kind),
        id=id_,
        digest=digest,
        lane=Lane(lane),
        due=from_time(due),
        attempts=attempts,
        envelope=envelope_key(sender, envelope_id),
        document=document,
    )


def _handover_values(record: HandoverRecord) -> Values:
    key = record.envelope
    return (
        record.unit,
        key.id,
        key.sender,
        optional_to_time(record.due),
        record.attempts,
        record.external_id,
        record.fault,
    )


def _handover(row: Row) -> HandoverRecord:
    unit, envelope_id, sender, due, attempts, external_id, fault = row
    return HandoverRecord(
        unit=unit,
        envelope=envelope_key(sender, envelope_id),
        due=optional_from_time(due),
        attempts=attempts,
        external_id=external_id,
        fault=fault,
    )
