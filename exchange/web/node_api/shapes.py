"""What documents, receipts and pages look like in JSON, out and in. Names are those of the model, in snake_case.

Not here: what is sent (`submission.py`).
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from exchange.directory.snapshot import Directory
from exchange.model.envelope import Envelope, EnvelopeKey
from exchange.model.events import Event
from exchange.model.fold import DeliveryState, Moment
from exchange.model.receipt import Receipt
from exchange.model.unit import UnitCode
from exchange.ports.programs import Listed
from exchange.ports.records import DeliveryRecord

__all__ = [
    "AskedModel",
    "DeliveryShape",
    "DocumentShape",
    "FileShape",
    "ListedShape",
    "MetadataShape",
    "PageShape",
    "Person",
    "ReceiptShape",
    "StateShape",
    "Text",
    "delivery_shape",
    "document_shape",
    "listed_shape",
    "name_of",
    "receipt_shape",
]

Person = Annotated[
    str, Field(min_length=1, max_length=100, description="The named person who does this.", examples=["李四"])
]
Text = Annotated[str, Field(min_length=1, max_length=2000, description="Words for people, also the reason.")]


class AskedModel(BaseModel):
    """What a program sends: a name that is not known is an error, for it would be without effect."""

    model_config = ConfigDict(extra="forbid")


class MomentShape(BaseModel):
    """When something happened, who did it, and the words that came with it."""

    at: datetime
    person: str | None = None
    reason: str | None = None
    text: str | None = None


class StateShape(BaseModel):
    """How far a document is at one recipient. `transport` and `business` only ever rise."""

    transport: str = Field(examples=["DELIVERED"])
    transport_zh: str = Field(examples=["已送达"])
    business: str = Field(examples=["SIGNED"])
    business_zh: str = Field(examples=["已签收"])
    accepted: datetime | None = None
    delivered: datetime | None = None
    signed: MomentShape | None = None
    imported: datetime | None = None
    first_read: datetime | None = None
    failed: MomentShape | None = None
    closed: MomentShape | None = None
    recall_requested: MomentShape | None = None
    recall_denied: MomentShape | None = None
    reminders: int = 0
    printed: int = 0


class DeliveryShape(StateShape):
    """One recipient of a document."""

    unit: str = Field(examples=["520304-002"])
    name: str = Field(examples=["乙镇"])
    role: str = Field(examples=["main"])
    sign_by: datetime | None = None


class ListedShape(BaseModel):
    """A document in a list."""

    id: str = Field(examples=["3f2a9c01-7a0b-4c61-9f0e-6f1c1f6e53a5"])
    sender: str = Field(examples=["520304-001"])
    sender_name: str
    title: str
    urgent: bool
    received: datetime = Field(description="When this node took it.")
    digest: str = Field(description="SHA-256 of the signed document.")
    locked_until: datetime | None = None
    state: StateShape | None = Field(default=None, description="Of a received document.")
    recipients: int | None = Field(default=None, description="Of a sent document.")
    delivered: int | None = None
    signed: int | None = None


class PageShape(BaseModel):
    """`next` is for the parameter `after`; none: this was the last page."""

    items: list[ListedShape]
    next: str | None = None
    limit: int = Field(description="Entries at most on a page, as asked.")


class FileShape(BaseModel):
    """Fetch it by its digest."""

    role: str = Field(examples=["body"])
    name: str = Field(examples=["通知.pdf"])
    media_type: str
    size: int
    sha256: str
    sm3: str
    pages: int | None = None


class MetadataShape(BaseModel):
    """The 18 elements of GB/T 33480-2016."""

    document_identifier: str
    document_type: str = Field(description="文种, by the standard's code.", examples=["08"])
    document_type_zh: str
    title: str
    issuer_identification: list[str]
    issuer_signatures: list[str]
    issued_date: date
    serial_number_of_copies: str | None = None
    security_class: str | None = None
    secrecy_period: str | None = None
    emergency_degree: str | None = None
    issued_number: str | None = None
    signers: list[str] = []
    main_receivers: list[str] = []
    attachment_notes: list[str] = []
    annotation: str | None = None
    copy_receivers: list[str] = []
    printing_department: str | None = None
    printing_date: date | None = None
    release_level: str | None = None


class ReceiptShape(BaseModel):
    """A signed statement about a document. Its bytes are at `…/receipts/{id}`."""

    id: str
    event: str = Field(examples=["SIGNED"])
    event_zh: str = Field(examples=["已签收"])
    at: datetime
    by: str = Field(examples=["person"])
    unit: str | None = None
    person: str | None = None
    envelope: str | None = None
    sender: str | None = None
    digest: str | None = None
    recipient: str | None = None
    reason: str | None = None
    text: str | None = None
    attributes: dict[str, str] = {}


class DocumentShape(BaseModel):
    """A document, as it was signed, and how far it is: at each recipient for its sender, here for a recipient."""

    id: str
    sender: str
    sender_name: str
    kind: str = Field(examples=["DOCUMENT"])
    kind_zh: str
    created: datetime
    sign_by: datetime | None = None
    handle_by: datetime | None = None
    reply_required: bool
    in_reply_to: str | None = None
    supersedes: str | None = None
    operator: str
    declared_by: str
    groups: list[str]
    metadata: MetadataShape
    content: str | None = None
    files: list[FileShape]
    digest: str
    deliveries: list[DeliveryShape]
    receipts: list[ReceiptShape]


def name_of(directory: Directory, unit: str) -> str:
    entry = directory.by_code.get(UnitCode(unit))
    return entry.unit.name if entry else unit


def listed_shape(directory: Directory, listed: Listed, *, received: bool) -> ListedShape:
    record, deliveries = listed
    own = deliveries[0].state if received and deliveries else None
    return ListedShape(
        id=record.key.id,
        sender=record.key.sender,
        sender_name=name_of(directory, record.key.sender),
        title=record.title,
        urgent=record.urgent,
        received=record.received,
        digest=record.digest,
        state=StateShape(**_state(own)) if own else None,
        recipients=None if received else len(deliveries),
        delivered=None if received else sum(one.state.delivered is not None for one in deliveries),
        signed=None if received else sum(one.state.signed is not None for one in deliveries),
    )


def document_shape(
    directory: Directory,
    envelope: Envelope,
    digest: str,
    deliveries: Sequence[DeliveryRecord],
    receipts: Sequence[Receipt],
) -> DocumentShape:
    metadata = {name: getattr(envelope.metadata, name) for name in envelope.metadata.__slots__}
    return DocumentShape(
        id=envelope.id,
        sender=envelope.sender,
        sender_name=name_of(directory, envelope.sender),
        kind=envelope.kind,
        kind_zh=envelope.kind.chinese,
        created=envelope.created,
        sign_by=envelope.sign_by,
        handle_by=envelope.handle_by,
        reply_required=envelope.reply_required,
        in_reply_to=envelope.in_reply_to,
        supersedes=envelope.supersedes,
        operator=envelope.operator,
        declared_by=envelope.declaration.name,
        groups=list(envelope.groups),
        metadata=MetadataShape(document_type_zh=envelope.metadata.document_type.chinese, **metadata),
        content=envelope.content,
        files=[FileShape(**{name: getattr(file, name) for name in FileShape.model_fields}) for file in envelope.files],
        digest=digest,
        deliveries=[delivery_shape(directory, envelope, one) for one in deliveries],
        receipts=[receipt_shape(one) for one in sorted(receipts, key=lambda one: (one.at, one.id))],
    )


def delivery_shape(directory: Directory, envelope: Envelope, record: DeliveryRecord) -> DeliveryShape:
    unit = record.key.recipient
    role = next((one.role.value for one in envelope.recipients if one.unit == unit), "main")
    return DeliveryShape(
        unit=unit, name=name_of(directory, unit), role=role, sign_by=record.sign_by, **_state(record.state)
    )


def receipt_shape(receipt: Receipt) -> ReceiptShape:
    subject = receipt.subject
    key: EnvelopeKey | None = subject.envelope if subject else None
    return ReceiptShape(
        id=receipt.id,
        event=receipt.event,
        event_zh=receipt.event.chinese,
        at=receipt.at,
        by=receipt.actor.speaker,
        unit=receipt.actor.unit,
        person=receipt.actor.person,
        envelope=key.id if key else None,
        sender=key.sender if key else None,
        digest=subject.digest if subject else None,
        recipient=subject.recipient if subject else None,
        reason=receipt.reason if receipt.event.rule.reason or receipt.event is Event.RECALL_DENIED else None,
        text=receipt.text,
        attributes=dict(receipt.attributes),
    )


def _state(state: DeliveryState) -> dict[str, Any]:
    return {
        "transport": state.transport.name,
        "transport_zh": state.transport.chinese,
        "business": state.business.name,
        "business_zh": state.business.chinese,
        "accepted": _at(state.accepted),
        "delivered": _at(state.delivered),
        "signed": _moment(state.signed),
        "imported": _at(state.imported),
        "first_read": _at(state.first_read),
        "failed": _moment(state.failed),
        "closed": _moment(state.closed),
        "recall_requested": _moment(state.recall_requested),
        "recall_denied": _moment(state.recall_denied),
        "reminders": state.reminders,
        "printed": state.printed,
    }


def _at(moment: Moment | None) -> datetime | None:
    return None if moment is None else moment.at


def _moment(moment: Moment | None) -> MomentShape | None:
    if moment is None:
        return None
    return MomentShape(
        at=moment.at, person=moment.person or None, reason=moment.reason or None, text=moment.text or None
    )
