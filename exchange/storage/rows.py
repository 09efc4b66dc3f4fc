"""A record of the ports <-> a row. Tuples stand in the order of the columns that the constant above each pair names.

Not here: which table, whose unit (`hub_*`, `node_*`).
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from exchange.model.envelope import EnvelopeId, EnvelopeKey
from exchange.model.events import BusinessState, Event, TransportState
from exchange.model.fold import DeliveryState, Moment
from exchange.model.notice import NoticeKind
from exchange.model.receipt import Noted, ReceiptId
from exchange.model.unit import UnitCode
from exchange.ports.hub import ArchiveRecord
from exchange.ports.notices import NoticeRecord
from exchange.ports.records import (
    DeliveryKey,
    DeliveryRecord,
    DirectoryRecord,
    DocumentRecord,
    QuarantineRecord,
    ReceiptRecord,
)

__all__ = [
    "ARCHIVE",
    "DELIVERY",
    "DIRECTORY",
    "DOCUMENT",
    "NOTED",
    "NOTICE",
    "QUARANTINE",
    "RECEIPT",
    "Row",
    "Values",
    "archive_record",
    "archive_values",
    "delivery_record",
    "delivery_values",
    "directory_record",
    "directory_values",
    "document_record",
    "document_values",
    "envelope_key",
    "from_time",
    "noted_record",
    "noted_values",
    "notice_record",
    "notice_values",
    "optional_from_time",
    "optional_to_time",
    "quarantine_record",
    "quarantine_values",
    "receipt_record",
    "receipt_values",
    "to_time",
]

# A database row knows no types; each function here gives its values theirs, and nothing untyped leaves this module.
Row = Sequence[Any]
Values = tuple[object, ...]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_time(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def from_time(value: int) -> datetime:
    return _EPOCH + timedelta(microseconds=value)


def optional_to_time(at: datetime | None) -> int | None:
    return None if at is None else (at - _EPOCH) // _MICROSECOND


def optional_from_time(value: int | None) -> datetime | None:
    return None if value is None else _EPOCH + timedelta(microseconds=value)


def envelope_key(sender: str, envelope_id: str) -> EnvelopeKey:
    return EnvelopeKey(UnitCode(sender), EnvelopeId(envelope_id))


DIRECTORY = ("version", "digest", "document", "stored")


def directory_values(record: DirectoryRecord) -> Values:
    return (record.version, record.digest, record.document, to_time(record.stored))


def directory_record(row: Row) -> DirectoryRecord:
    version, digest, document, stored = row
    return DirectoryRecord(version=version, digest=digest, document=document, stored=from_time(stored))


DOCUMENT = ("envelope_id", "sender", "digest", "document", "received", "title", "urgent")


def document_values(record: DocumentRecord) -> Values:
    key = record.key
    return (
        key.id,
        key.sender,
        record.digest,
        record.document,
        to_time(record.received),
        record.title,
        record.urgent,
    )


def document_record(row: Row, files: tuple[str, ...], archived: tuple[str, ...] = ()) -> DocumentRecord:
    envelope_id, sender, digest, document, received, title, urgent = row
    return DocumentRecord(
        key=envelope_key(sender, envelope_id),
        digest=digest,
        document=b"" if archived else document,
        received=from_time(received),
        title=title,
        urgent=urgent,
        files=files,
        archived=archived,
    )


DELIVERY = (
    *("envelope_id", "sender", "recipient", "transport", "business", "reminders", "printed"),
    *(
        "delivered_at",
        "signed_at",
        "signed_by",
        "moments",
        "digest",
        "due",
        "attempts",
        "expires",
        "sign_by",
        "remind",
    ),
)
_MOMENTS = (
    *("accepted", "delivered", "signed", "first_read", "imported", "failed", "closed"),
    *("recall_requested", "recall_denied"),
)


def delivery_values(record: DeliveryRecord) -> Values:
    key, state = record.key, record.state
    return (
        *(key.envelope.id, key.envelope.sender, key.recipient),
        *_state_values(state),
        record.digest,
        optional_to_time(record.due),
        record.attempts,
        optional_to_time(record.expires),
        optional_to_time(record.sign_by),
        optional_to_time(record.remind),
    )


def delivery_record(row: Row) -> DeliveryRecord:
    (envelope_id, sender, recipient, transport, business, reminders, printed) = row[:7]
    (moments, digest, due, attempts, expires, sign_by, remind) = row[10:]
    return DeliveryRecord(
        key=DeliveryKey(envelope_key(sender, envelope_id), UnitCode(recipient)),
        state=_state(transport, business, reminders, printed, moments),
        digest=digest,
        due=optional_from_time(due),
        attempts=attempts,
        expires=optional_from_time(expires),
        sign_by=optional_from_time(sign_by),
        remind=optional_from_time(remind),
    )


# The recipients of one document begin with one and the same state, so both directions remember the last few.
@lru_cache(maxsize=256)
def _state_values(state: DeliveryState) -> Values:
    moments = {
        name: (to_time(moment.at), moment.receipt, moment.person, moment.reason, moment.text)
        for name in _MOMENTS
        if (moment := getattr(state, name)) is not None
    }
    return (
        *(state.transport.value, state.business.value, state.reminders, state.printed),
        state.delivered and to_time(state.delivered.at),
        state.signed and to_time(state.signed.at),
        state.signed and state.signed.person,
        json.dumps(moments, ensure_ascii=False, separators=(",", ":")),
    )


@lru_cache(maxsize=256)
def _state(transport: int, business: int, reminders: int, printed: int, moments: str) -> DeliveryState:
    known: Mapping[str, tuple[int, str, str, str, str]] = json.loads(moments)
    return DeliveryState(
        transport=TransportState(transport),
        business=BusinessState(business),
        reminders=reminders,
        printed=printed,
        **{
            name: Moment(from_time(at), ReceiptId(receipt), person, reason, text)
            for name, (at, receipt, person, reason, text) in known.items()
        },
    )


RECEIPT = (
    "receipt_id",
    "envelope_id",
    "sender",
    "recipient",
    "event",
    "digest",
    "document",
    "at",
    "recorded",
)


def receipt_values(record: ReceiptRecord) -> Values:
    return (
        *(record.id, record.envelope.id, record.envelope.sender, record.recipient, record.event.value),
        *(record.digest, record.document, to_time(record.at), to_time(record.recorded)),
    )


def receipt_record(row: Row, archived: tuple[str, ...] = ()) -> ReceiptRecord:
    receipt_id, envelope_id, sender, recipient, event, digest, document, at, recorded = row
    return ReceiptRecord(
        id=ReceiptId(receipt_id),
        envelope=envelope_key(sender, envelope_id),
        recipient=None if recipient is None else UnitCode(recipient),
        event=Event(event),
        digest=digest,
        document=b"" if archived else document,
        at=from_time(at),
        recorded=from_time(recorded),
        archived=archived,
    )


ARCHIVE = (*("file", "start", "end", "sha256", "bytes", "documents", "receipts", "originals", "written", "removed"),)


def archive_values(record: ArchiveRecord) -> Values:
    return (
        *(record.file, to_time(record.start), to_time(record.end), record.sha256, record.bytes),
        *(record.documents, record.receipts, record.originals),
        *(to_time(record.written), optional_to_time(record.removed)),
    )


def archive_record(row: Row) -> ArchiveRecord:
    file, start, end, sha256, size, documents, receipts, originals, written, removed = row
    return ArchiveRecord(
        file=file,
        start=from_time(start),
        end=from_time(end),
        sha256=sha256,
        bytes=size,
        documents=documents,
        receipts=receipts,
        originals=originals,
        written=from_time(written),
        removed=optional_from_time(removed),
    )


NOTED = ("receipt_id", "digest", "fault")


def noted_values(noted: Noted) -> Values:
    return (noted.receipt, noted.digest, noted.fault)


def noted_record(row: Row) -> Noted:
    receipt_id, digest, fault = row
    return Noted(receipt=ReceiptId(receipt_id), digest=digest, fault=fault)


QUARANTINE = ("digest", "document", "queue", "broker_user", "code", "detail", "at")


def quarantine_values(record: QuarantineRecord) -> Values:
    texts = (_storable(text) for text in (record.queue, record.user, record.code, record.detail))
    return (record.digest, record.document, *texts, to_time(record.at))


def quarantine_record(row: Row) -> QuarantineRecord:
    digest, document, queue, user, code, detail, at = row
    return QuarantineRecord(
        digest=digest, document=document, queue=queue, user=user, code=code, detail=detail, at=from_time(at)
    )


NOTICE = ("receipt_id", "kind", "text", "document", "at", "until")


def notice_values(record: NoticeRecord) -> Values:
    return (
        *(record.id, record.kind.word, record.text, record.document),
        *(to_time(record.at), to_time(record.until)),
    )


def notice_record(row: Row, units: int = 1) -> NoticeRecord:
    receipt_id, kind, text, document, at, until = row
    return NoticeRecord(
        id=ReceiptId(receipt_id),
        kind=NoticeKind.of(kind),
        text=text,
        document=bytes(document),
        at=from_time(at),
        until=from_time(until),
        units=units,
    )


def _storable(text: str) -> str:
    """What is said of bad bytes may quote them, and no database takes lone surrogates, nor PostgreSQL a NUL."""
    return text.encode(errors="replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
