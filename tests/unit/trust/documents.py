"""Envelopes, receipts and a carry package of a small county, for the tests of signatures."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from exchange.model.carry import ENVELOPES, Carry, CarryId, Part, Way, numbered_part
from exchange.model.document import BusinessKind, DocumentType, Metadata
from exchange.model.envelope import Declaration, Envelope, EnvelopeId, FileEntry, FileRole, Recipient
from exchange.model.events import Event, Speaker
from exchange.model.receipt import Actor, Receipt, ReceiptId, Subject
from exchange.testing.keys import HUB, county, unit_code

NOW = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
COUNTY = county(4)
SENDER, RECIPIENT, THIRD = unit_code(1), unit_code(2), unit_code(3)

ENVELOPE = Envelope(
    id=EnvelopeId("6f1c1f6e-53a5-4c61-9f0e-0a3f5f9f1d11"),
    hub=HUB,
    kind=BusinessKind.DOCUMENT,
    sender=SENDER,
    recipients=(Recipient(unit=RECIPIENT), Recipient(unit=THIRD)),
    directory_version=1,
    created=NOW,
    declaration=Declaration(name="张三", at=NOW),
    operator="李四",
    metadata=Metadata(
        document_identifier="1.2.156.3005.2",
        document_type=DocumentType.NOTICE,
        title="关于做好汛期安全工作的通知",
        issuer_identification=("播州区人民政府文件",),
        issuer_signatures=("播州区人民政府",),
        issued_date=date(2026, 11, 23),
        issued_number="播府办发〔2026〕12号",
    ),
    files=(
        FileEntry(
            role=FileRole.BODY,
            name="通知.pdf",
            media_type="application/pdf",
            size=1024,
            sha256="ab" * 32,
            sm3="cd" * 32,
            pages=2,
        ),
    ),
)


def envelope(**changes: Any) -> Envelope:
    return replace(ENVELOPE, **changes)


DELIVERED = Receipt(
    id=ReceiptId("0b6e2f0e-0d7c-4a57-8c43-7d2d6a1d7c55"),
    hub=HUB,
    event=Event.DELIVERED,
    actor=Actor(speaker=Speaker.NODE, unit=RECIPIENT),
    at=NOW,
    subject=Subject(envelope=ENVELOPE.key, digest="ef" * 32, recipient=RECIPIENT),
)

ACCEPTED = replace(
    DELIVERED,
    event=Event.ACCEPTED,
    actor=Actor(speaker=Speaker.HUB),
    subject=Subject(envelope=ENVELOPE.key, digest="ef" * 32),
)

CARRY = Carry(
    id=CarryId("5d0a3f52-6c1e-4a7b-9b52-2f8f6f0c8e44"),
    hub=HUB,
    unit=SENDER,
    way=Way.TO_HUB,
    made=NOW,
    whole=True,
    parts=(Part(name=numbered_part(ENVELOPES, 1), size=2048, sha256="ef" * 32),),
)
