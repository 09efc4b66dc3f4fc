"""The hub's receipts: those it holds, those on their way to units, and the confirmations it owes."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import and_, delete, exists, literal_column, select, update

from exchange.model.envelope import EnvelopeKey
from exchange.model.receipt import Noted, ReceiptId
from exchange.model.unit import UnitCode
from exchange.ports.hub import BackSince, Forward, Owed, Refusal
from exchange.ports.records import ReceiptRecord
from exchange.storage import tables_hub as tables
from exchange.storage.hub_originals import Originals, with_original
from exchange.storage.rows import (
    NOTED,
    RECEIPT,
    Row,
    from_time,
    noted_record,
    noted_values,
    receipt_record,
    receipt_values,
    to_time,
)
from exchange.storage.session import envelope_ids
from exchange.storage.transaction import columns

__all__ = ["Receipts"]

_LEAN = tuple(name for name in RECEIPT if name != "document")
_RECEIPTS = select(*with_original(tables.receipts, RECEIPT, "recorded"))
_DIGESTS = select(tables.receipts.c.receipt_id, tables.receipts.c.digest)
_ENVELOPE = columns(tables.receipts, ("envelope_id", "sender"))
_RECORDED = _RECEIPTS.order_by(tables.receipts.c.recorded, tables.receipts.c.receipt_id)
# Literal, because SQLite matches a partial index by the text of the condition.
_ACCEPTED = tables.receipts.c.event == literal_column("'ACCEPTED'")
# The earliest of a document last, where a restored hub has said it twice.
_ACCEPTED_RECEIPTS = _RECEIPTS.where(_ACCEPTED).order_by(tables.receipts.c.at.desc())
# Those that carry checkpoints.
_OF_HUB = ("ACCEPTED", "REFUSED")
_LATEST = 20
_REFUSAL = ("broker_user", "digest", "receipt_id", "document")
_FORWARD = ("unit", "receipt_id", "due", "attempts")


class Receipts(Originals):
    def receipt_digests(self, ids: Iterable[ReceiptId]) -> dict[ReceiptId, str]:
        rows = self._sql.rows_of(_DIGESTS, [tables.receipts.c.receipt_id], ((id_,) for id_ in ids))
        return {ReceiptId(id_): digest for id_, digest in rows}

    def receipts(self, ids: Iterable[ReceiptId]) -> dict[ReceiptId, ReceiptRecord]:
        rows = self._sql.rows_of(_RECEIPTS, [tables.receipts.c.receipt_id], ((id_,) for id_ in ids))
        return {record.id: record for record in map(self._receipt, rows)}

    def receipts_of(self, envelope: EnvelopeKey) -> list[ReceiptRecord]:
        """In the order in which they were recorded."""
        return [self._receipt(row) for row in self._sql.rows_of(_RECORDED, _ENVELOPE, envelope_ids([envelope]))]

    def receipts_after(self, after: ReceiptId | None, limit: int) -> list[ReceiptRecord]:
        page = _RECEIPTS if after is None else _RECEIPTS.where(tables.receipts.c.receipt_id > after)
        return [self._receipt(row) for row in self._sql.rows(page.order_by(tables.receipts.c.receipt_id).limit(limit))]

    def accepted_receipts(self, envelopes: Iterable[EnvelopeKey]) -> dict[EnvelopeKey, ReceiptRecord]:
        rows = self._sql.rows_of(_ACCEPTED_RECEIPTS, _ENVELOPE, envelope_ids(envelopes))
        return {record.envelope: record for record in map(self._receipt, rows)}

    def back_since(self, at: datetime) -> BackSince:
        """Reads every receipt: for people who ask, not for a worker."""
        receipts, time = tables.receipts.c, to_time(at)
        back = and_(receipts.at <= time, receipts.recorded > time)
        has_document = exists().where(
            tables.documents.c.envelope_id == receipts.envelope_id, tables.documents.c.sender == receipts.sender
        )
        document = with_original(tables.receipts, ["document"], "recorded")
        newest = select(*document).where(back, receipts.event.in_(_OF_HUB)).order_by(receipts.at.desc())
        return BackSince(
            receipts=self._count(tables.receipts, back),
            accepted=self._count(tables.receipts, back, _ACCEPTED),
            without_document=self._count(tables.receipts, back, _ACCEPTED, ~has_document),
            latest=tuple(bytes(one) for (one,) in self._sql.rows(newest.limit(_LATEST)) if one is not None),
        )

    def _receipt(self, row: Row) -> ReceiptRecord:
        return receipt_record(row, self._archived_in(row[8], row[6]))

    def add_receipts(self, records: Sequence[ReceiptRecord]) -> None:
        self._sql.add(tables.receipts, _LEAN, [values[:6] + values[7:] for values in map(receipt_values, records)])
        self._add_originals((to_time(record.recorded), record.digest, record.document) for record in records)

    def refusals(self, keys: Iterable[tuple[UnitCode, str]]) -> dict[tuple[UnitCode, str], Refusal]:
        key = columns(tables.refusals, ("broker_user", "digest"))
        found = {}
        for user, digest, receipt, document in self._sql.rows_of(
            select(*columns(tables.refusals, _REFUSAL)), key, keys
        ):
            refusal = Refusal(user=user, digest=digest, receipt=receipt, document=document)
            found[refusal.user, refusal.digest] = refusal
        return found

    def add_refusals(self, refusals: Sequence[Refusal]) -> None:
        rows = [(refusal.user, refusal.digest, refusal.receipt, refusal.document) for refusal in refusals]
        self._sql.add(tables.refusals, _REFUSAL, sorted(rows))

    def add_forwards(self, forwards: Sequence[Forward]) -> None:
        rows = [(one.unit, one.receipt, to_time(one.due), one.attempts) for one in forwards]
        self._sql.add_new(tables.forwards, _FORWARD, rows)

    def due_forwards(self, now: datetime, limit: int) -> list[Forward]:
        come = select(*columns(tables.forwards, _FORWARD)).where(tables.forwards.c.due <= to_time(now))
        oldest = come.order_by(tables.forwards.c.due).limit(limit).with_for_update(skip_locked=True)
        return [
            Forward(unit=unit, receipt=receipt, due=from_time(due), attempts=attempts)
            for unit, receipt, due, attempts in self._sql.rows(oldest)
        ]

    def forwards_to(self, unit: UnitCode) -> list[ReceiptId]:
        forwards = tables.forwards.c
        waiting = select(forwards.receipt_id).where(forwards.unit == unit)
        return [ReceiptId(id_) for (id_,) in self._sql.rows(waiting.order_by(forwards.due, forwards.receipt_id))]

    def save_forwards(self, forwards: Sequence[Forward]) -> None:
        """One that was closed meanwhile stays closed."""
        rows = [(to_time(one.due), one.attempts, one.unit, one.receipt) for one in forwards]
        self._sql.change(tables.forwards, ("due", "attempts"), rows, key=("unit", "receipt_id"))

    def close_forwards(self, unit: UnitCode, receipts: Iterable[ReceiptId]) -> None:
        noted = delete(tables.forwards).where(tables.forwards.c.unit == unit)
        self._sql.run_for(noted, [tables.forwards.c.receipt_id], ((receipt,) for receipt in receipts))

    def hasten_forwards(self, keys: Iterable[tuple[UnitCode, ReceiptId]], due: datetime) -> None:
        time = to_time(due)
        sooner = update(tables.forwards).where(tables.forwards.c.due > time).values(due=time)
        self._sql.run_for(sooner, columns(tables.forwards, ("unit", "receipt_id")), keys)

    def owe(self, owed: Sequence[Owed]) -> None:
        self._sql.add_new(tables.owed, ("unit", *NOTED), [(one.unit, *noted_values(one.noted)) for one in owed])
        came = [(one.unit, *noted_values(one.noted), to_time(one.carried)) for one in owed if one.carried is not None]
        self._add_carried(tables.carried, came)

    def carried(self, unit: UnitCode) -> list[Noted]:
        return self._carried(tables.carried, unit)

    def forget_carried(self, unit: UnitCode, before: datetime) -> None:
        self._forget_carried(tables.carried, unit, before)

    def take_owed(self, limit: int) -> list[Owed]:
        rows = self._take(tables.owed, ("unit", *NOTED), limit)
        return [Owed(unit=unit, noted=noted_record(noted)) for unit, *noted in rows]
