"""The hub's envelopes, their files, and their deliveries to each recipient."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, Update, exists, func, or_, select, tuple_, update

from exchange.model.envelope import EnvelopeKey
from exchange.model.events import TransportState
from exchange.model.unit import UnitCode
from exchange.ports.records import DeliveryKey, DeliveryRecord, DocumentRecord
from exchange.storage import tables_hub as tables
from exchange.storage.hub_originals import Originals, with_original
from exchange.storage.hub_tallies import Tallies
from exchange.storage.rows import (
    DELIVERY,
    DOCUMENT,
    Row,
    delivery_record,
    delivery_values,
    document_record,
    document_values,
    to_time,
)
from exchange.storage.session import delivery_ids, envelope_ids, key_of
from exchange.storage.transaction import columns

__all__ = ["Documents"]

_ENVELOPE = ("envelope_id", "sender")
_DELIVERY_KEY = ("envelope_id", "sender", "recipient")
_UNSETTLED = tuple(state.value for state in TransportState if not state.settled)
_LEAN = tuple(name for name in DOCUMENT if name != "document")
_DOCUMENTS = select(*with_original(tables.documents, DOCUMENT, "received"))
_DIGESTS = select(*columns(tables.documents, (*_ENVELOPE, "digest")))
_STATES = select(tables.deliveries.c.transport, func.count()).group_by(tables.deliveries.c.transport)
_DELIVERIES = select(*columns(tables.deliveries, DELIVERY))
_LOCKED = _DELIVERIES.order_by(*columns(tables.deliveries, _DELIVERY_KEY)).with_for_update()


class Documents(Originals, Tallies):
    def digests(self, keys: Iterable[EnvelopeKey]) -> dict[EnvelopeKey, str]:
        rows = self._sql.rows_of(_DIGESTS, columns(tables.documents, _ENVELOPE), envelope_ids(keys))
        return {key_of((envelope_id, sender)): digest for envelope_id, sender, digest in rows}

    def documents(self, keys: Iterable[EnvelopeKey]) -> dict[EnvelopeKey, DocumentRecord]:
        rows = self._sql.rows_of(_DOCUMENTS, columns(tables.documents, _ENVELOPE), envelope_ids(keys))
        return {record.key: record for record in self._with_files(list(rows))}

    def add_documents(self, records: Sequence[DocumentRecord]) -> None:
        # Sorted: two routers with the same documents in different orders would wait for each other for ever.
        lean = [
            (*values[:3], *values[4:], record.number, record.type)
            for record in sorted(records, key=lambda one: (one.key.id, one.key.sender))
            for values in [document_values(record)]
        ]
        self._sql.add(tables.documents, (*_LEAN, "number", "type"), lean)
        self._add_originals((to_time(record.received), record.digest, record.document) for record in records)
        self._tally({"documents": len(records)})
        files = [
            (record.key.id, record.key.sender, position, sha256)
            for record in records
            for position, sha256 in enumerate(record.files)
        ]
        self._sql.add(tables.document_files, (*_ENVELOPE, "position", "sha256"), files)

    def latest(self, limit: int) -> list[DocumentRecord]:
        newest = _DOCUMENTS.order_by(tables.documents.c.received.desc(), tables.documents.c.envelope_id).limit(limit)
        return self._with_files(self._sql.rows(newest))

    def documents_after(self, after: EnvelopeKey | None, limit: int) -> list[DocumentRecord]:
        key = columns(tables.documents, _ENVELOPE)
        page = _DOCUMENTS if after is None else _DOCUMENTS.where(tuple_(*key) > (after.id, after.sender))
        return self._with_files(self._sql.rows(page.order_by(*key).limit(limit)))

    def spoken_of(self, unit: UnitCode, since: datetime, after: EnvelopeKey | None, limit: int) -> list[EnvelopeKey]:
        key = columns(tables.receipts, _ENVELOPE)
        deliveries = tables.deliveries.c
        was_sent_it = exists().where(
            deliveries.envelope_id == tables.receipts.c.envelope_id,
            deliveries.sender == tables.receipts.c.sender,
            deliveries.recipient == unit,
        )
        is_document = exists().where(
            tables.documents.c.envelope_id == tables.receipts.c.envelope_id,
            tables.documents.c.sender == tables.receipts.c.sender,
        )
        found = select(*key).distinct().where(tables.receipts.c.recorded >= to_time(since), is_document)
        found = found.where(or_(tables.receipts.c.sender == unit, was_sent_it))
        if after is not None:
            found = found.where(tuple_(*key) > (after.id, after.sender))
        return [key_of(row) for row in self._sql.rows(found.order_by(*key).limit(limit))]

    def find(self, id_or_prefix: str) -> list[EnvelopeKey]:
        found = self._matching(tables.documents, select(*columns(tables.documents, _ENVELOPE)), id_or_prefix)
        return [key_of(row) for row in found]

    def _with_files(self, rows: Sequence[Row]) -> list[DocumentRecord]:
        files = self._files(tables.document_files, _ENVELOPE, [(row[0], row[1]) for row in rows])
        return [
            document_record(row, files.get((row[0], row[1]), ()), self._archived_in(row[4], row[3])) for row in rows
        ]

    def add_deliveries(self, records: Sequence[DeliveryRecord]) -> None:
        self._sql.add(tables.deliveries, DELIVERY, map(delivery_values, records))
        self._tally_states([], (record.state.transport for record in records))

    def lock_deliveries(self, keys: Iterable[DeliveryKey]) -> dict[DeliveryKey, DeliveryRecord]:
        """Those that another transaction has locked are waited for: a caller takes what is missing for unknown."""
        # Sorted, so that two transactions never wait for each other.
        ordered = sorted(delivery_ids(set(keys)))
        rows = self._sql.rows_of(_LOCKED, columns(tables.deliveries, _DELIVERY_KEY), ordered)
        return {record.key: record for record in map(delivery_record, rows)}

    def deliveries_of(self, envelope: EnvelopeKey) -> list[DeliveryRecord]:
        of_envelope = _DELIVERIES.where(
            tables.deliveries.c.envelope_id == envelope.id, tables.deliveries.c.sender == envelope.sender
        )
        return [delivery_record(row) for row in self._sql.rows(of_envelope.order_by(tables.deliveries.c.recipient))]

    def save_deliveries(self, records: Sequence[DeliveryRecord]) -> None:
        ids = delivery_ids(record.key for record in records)
        before = self._sql.rows_of(_STATES, columns(tables.deliveries, _DELIVERY_KEY), ids)
        self._tally_states([(row[0], row[1]) for row in before], (record.state.transport for record in records))
        self._save(tables.deliveries, DELIVERY, [delivery_values(record) for record in records], _DELIVERY_KEY)

    def due_deliveries(self, now: datetime, limit: int) -> list[DeliveryRecord]:
        return self._due(
            _DELIVERIES.where(tables.deliveries.c.due <= to_time(now)).order_by(tables.deliveries.c.due), limit
        )

    def undelivered_to(self, unit: UnitCode) -> list[EnvelopeKey]:
        deliveries = tables.deliveries.c
        # The states by name, so that the index leads to those that are open, and not through all that ever were.
        waiting = select(*columns(tables.deliveries, _ENVELOPE)).where(
            deliveries.transport.in_(_UNSETTLED), deliveries.recipient == unit
        )
        oldest = waiting.order_by(deliveries.expires, *columns(tables.deliveries, _ENVELOPE))
        return [key_of(row) for row in self._sql.rows(oldest)]

    def due_reminders(self, now: datetime, limit: int) -> list[DeliveryRecord]:
        come = _DELIVERIES.where(tables.deliveries.c.remind <= to_time(now)).order_by(tables.deliveries.c.remind)
        return self._due(come, limit)

    def _due(self, statement: Select[Any], limit: int) -> list[DeliveryRecord]:
        rows = self._sql.rows(statement.limit(limit).with_for_update(skip_locked=True))
        return [delivery_record(row) for row in rows]

    def hasten_deliveries(self, keys: Iterable[DeliveryKey], due: datetime) -> None:
        self._sql.run_for(_sooner(due, due), columns(tables.deliveries, _DELIVERY_KEY), delivery_ids(keys))

    def hasten_open(self, due: datetime, beyond: datetime) -> None:
        # Forwards first, as everywhere.
        forwards = tables.forwards
        late = update(forwards).where(forwards.c.due > to_time(beyond)).values(due=to_time(due))
        self._sql.run_ordered(late, columns(forwards, ("unit", "receipt_id")))
        self._sql.run_ordered(_sooner(due, beyond), columns(tables.deliveries, _DELIVERY_KEY))


def _sooner(due: datetime, beyond: datetime) -> Update:
    deliveries = tables.deliveries
    unsettled = deliveries.c.transport < TransportState.EXPIRED.value
    return update(deliveries).where(unsettled, deliveries.c.due > to_time(beyond)).values(due=to_time(due))
