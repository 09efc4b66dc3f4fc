"""A node's units, and their documents and deliveries."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import select

from exchange.model.envelope import EnvelopeKey
from exchange.model.unit import UnitCode
from exchange.ports.node import Box
from exchange.ports.programs import Listed
from exchange.ports.records import DeliveryRecord, DirectoryRecord, DocumentRecord
from exchange.storage import tables_node as tables
from exchange.storage.rows import (
    DELIVERY,
    DIRECTORY,
    DOCUMENT,
    Row,
    delivery_record,
    delivery_values,
    directory_values,
    document_record,
    document_values,
    to_time,
)
from exchange.storage.session import Session, key_of
from exchange.storage.transaction import columns

__all__ = ["Documents"]

_KEY = ("unit", "box", "envelope_id", "sender")
_DELIVERY_KEY = ("unit", "envelope_id", "sender", "recipient")
_DOCUMENTS = select(*columns(tables.documents, ("unit", *DOCUMENT)))
_DELIVERIES = select(*columns(tables.deliveries, DELIVERY))
_BY_RECIPIENT = _DELIVERIES.order_by(tables.deliveries.c.recipient)


class Documents(Session):
    def units(self) -> list[UnitCode]:
        codes = self._sql.rows(select(tables.units.c.unit).order_by(tables.units.c.unit))
        return [UnitCode(code) for (code,) in codes]

    def add_unit(self, unit: UnitCode, at: datetime) -> None:
        self._sql.add(tables.units, ("unit", "added"), [(unit, to_time(at))])

    def directory(self) -> DirectoryRecord | None:
        return self._newest_directory(tables.directories)

    def directory_version(self) -> int:
        return self._directory_version(tables.directories)

    def save_directory(self, record: DirectoryRecord) -> None:
        """A version that is held already stays as it is."""
        self._sql.add_new(tables.directories, DIRECTORY, [directory_values(record)])

    def documents(
        self, box: Box, keys: Iterable[tuple[UnitCode, EnvelopeKey]]
    ) -> dict[tuple[UnitCode, EnvelopeKey], DocumentRecord]:
        wanted = [(unit, box.value, key.id, key.sender) for unit, key in keys]
        rows = self._sql.rows_of(_DOCUMENTS, columns(tables.documents, _KEY), wanted)
        return {(unit, record.key): record for unit, record in self._with_files(box, list(rows))}

    def add_documents(self, box: Box, records: Sequence[tuple[UnitCode, DocumentRecord]]) -> None:
        rows = [(unit, box.value, *document_values(record)) for unit, record in records]
        self._sql.add(tables.documents, ("unit", "box", *DOCUMENT), rows)
        files = [
            (unit, box.value, record.key.id, record.key.sender, position, sha256)
            for unit, record in records
            for position, sha256 in enumerate(record.files)
        ]
        self._sql.add(tables.document_files, (*_KEY, "position", "sha256"), files)

    def by_reference(self, unit: UnitCode, reference: str) -> EnvelopeKey | None:
        references = tables.sent_references
        row = self._sql.first(
            select(references.c.envelope_id, references.c.sender).where(
                references.c.unit == unit, references.c.reference == reference
            )
        )
        return None if row is None else key_of(row)

    def add_reference(self, unit: UnitCode, reference: str, envelope: EnvelopeKey) -> None:
        names = ("unit", "reference", "envelope_id", "sender")
        self._sql.add(tables.sent_references, names, [(unit, reference, envelope.id, envelope.sender)])

    def add_deliveries(self, unit: UnitCode, records: Sequence[DeliveryRecord]) -> None:
        self.add_deliveries_of_units([(unit, record) for record in records])

    def add_deliveries_of_units(self, records: Sequence[tuple[UnitCode, DeliveryRecord]]) -> None:
        rows = [(unit, *delivery_values(record)) for unit, record in records]
        self._sql.add(tables.deliveries, ("unit", *DELIVERY), rows)

    def deliveries(
        self, unit: UnitCode, envelope: EnvelopeKey, recipients: Iterable[UnitCode] | None = None
    ) -> list[DeliveryRecord]:
        if recipients is None:
            return self._deliveries(unit, [envelope]).get(envelope, [])
        by_key = columns(tables.deliveries, ("unit", "envelope_id", "sender", "recipient"))
        wanted = [(unit, envelope.id, envelope.sender, recipient) for recipient in sorted(recipients)]
        return [delivery_record(row) for row in self._sql.rows_of(_DELIVERIES, by_key, wanted)]

    def save_deliveries(self, unit: UnitCode, records: Sequence[DeliveryRecord]) -> None:
        rows = [(unit, *delivery_values(record)) for record in records]
        self._save(tables.deliveries, ("unit", *DELIVERY), rows, _DELIVERY_KEY)

    def listing(self, unit: UnitCode, box: Box, limit: int = 100) -> list[Listed]:
        """Newest first."""
        of_box = _DOCUMENTS.where(tables.documents.c.unit == unit, tables.documents.c.box == box.value)
        newest = of_box.order_by(tables.documents.c.received.desc(), tables.documents.c.envelope_id).limit(limit)
        return self._listed(unit, box, self._sql.rows(newest))

    def _listed(self, unit: UnitCode, box: Box, rows: Sequence[Row]) -> list[Listed]:
        records = [record for _, record in self._with_files(box, rows)]
        deliveries = self._deliveries(unit, [record.key for record in records])
        return [(record, deliveries.get(record.key, [])) for record in records]

    def find(self, unit: UnitCode | None, box: Box, id_or_prefix: str) -> list[tuple[UnitCode, EnvelopeKey]]:
        owners = select(*columns(tables.documents, ("unit", "envelope_id", "sender")))
        owners = owners.where(tables.documents.c.box == box.value)
        if unit is not None:
            owners = owners.where(tables.documents.c.unit == unit)
        found = self._matching(tables.documents, owners, id_or_prefix)
        return [(UnitCode(owner), key_of(key)) for owner, *key in found]

    def _with_files(self, box: Box, rows: Sequence[Row]) -> list[tuple[UnitCode, DocumentRecord]]:
        files = self._files(tables.document_files, _KEY, [(row[0], box.value, row[1], row[2]) for row in rows])
        return [
            (unit, document_record(values, files.get((unit, box.value, values[0], values[1]), ())))
            for unit, *values in rows
        ]

    def _deliveries(self, unit: UnitCode, keys: Sequence[EnvelopeKey]) -> dict[EnvelopeKey, list[DeliveryRecord]]:
        by_key = columns(tables.deliveries, ("unit", "envelope_id", "sender"))
        found: dict[EnvelopeKey, list[DeliveryRecord]] = {}
        for row in self._sql.rows_of(_BY_RECIPIENT, by_key, [(unit, key.id, key.sender) for key in keys]):
            record = delivery_record(row)
            found.setdefault(record.key.envelope, []).append(record)
        return found
