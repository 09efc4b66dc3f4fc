"""Receipt <-> its canonical body (namespace `urn:yidi:receipt:1`, `schemas/receipt-1.xsd`).

Not here: whether its author may say it (`exchange.services.hub.acknowledge`).
"""

from exchange.codec.canonical import attribute, element, escape, moment, optional
from exchange.codec.kind import DocumentKind
from exchange.codec.reader import Fields, read_body
from exchange.model.envelope import EnvelopeId, EnvelopeKey
from exchange.model.events import Event, Speaker
from exchange.model.receipt import Actor, Noted, Reason, Receipt, ReceiptId, Subject
from exchange.model.unit import UnitCode

__all__ = ["decode", "encode"]


def encode(receipt: Receipt) -> bytes:
    """The body to sign: exclusive C14N, so the same receipt always gives the same bytes."""
    return "".join(
        (
            f'<Receipt xmlns="{DocumentKind.RECEIPT.namespace}" Id="r-{receipt.id}" version="1">',
            element("Hub", receipt.hub),
            element("Event", receipt.event.value),
            _write_actor(receipt.actor),
            element("At", moment(receipt.at)),
            _write_subject(receipt.subject),
            optional("Reason", receipt.reason),
            optional("Text", receipt.text),
            *[f'<Attribute name="{attribute(name)}">{escape(value)}</Attribute>' for name, value in receipt.attributes],
            *[_write_noted(noted) for noted in receipt.noted],
            optional("Checkpoint", receipt.checkpoint),
            "</Receipt>",
        )
    ).encode()


def _write_actor(actor: Actor) -> str:
    unit, person = optional("Unit", actor.unit), optional("Person", actor.person)
    return f'<Actor speaker="{actor.speaker.value}">{unit}{person}</Actor>'


def _write_subject(subject: Subject | None) -> str:
    if subject is None:
        return ""
    return "".join(
        (
            "<Subject>",
            element("Sender", subject.envelope.sender),
            element("EnvelopeId", subject.envelope.id),
            element("EnvelopeDigest", subject.digest),
            optional("Recipient", subject.recipient),
            "</Subject>",
        )
    )


def _write_noted(noted: Noted) -> str:
    fault = "" if noted.fault is None else f' fault="{attribute(noted.fault)}"'
    return f'<Noted digest="{noted.digest}"{fault} receipt="{noted.receipt}"></Noted>'


def decode(body: bytes) -> Receipt:
    """Read a body. Raises XmlError (code of the rule broken, or SCHEMA) and LimitError."""
    return read_body(body, DocumentKind.RECEIPT, _read)


def _read(fields: Fields, id_in_root: str) -> Receipt:
    actor = fields.fields("Actor")
    unit, reason = actor.optional("Unit"), fields.optional("Reason")
    return Receipt(
        id=ReceiptId(id_in_root),
        hub=fields.text("Hub"),
        event=Event(fields.text("Event")),
        actor=Actor(
            speaker=Speaker(actor.element.get("speaker", "")),
            unit=None if unit is None else UnitCode(unit),
            person=actor.optional("Person"),
        ),
        at=fields.moment("At"),
        subject=_read_subject(fields),
        reason=None if reason is None else Reason(reason),
        text=fields.optional("Text"),
        attributes=tuple((node.get("name", ""), node.text or "") for node in fields.many("Attribute")),
        noted=tuple(
            Noted(
                receipt=ReceiptId(node.get("receipt", "")),
                digest=node.get("digest", ""),
                fault=node.get("fault"),
            )
            for node in fields.many("Noted")
        ),
        checkpoint=fields.optional("Checkpoint"),
    )


def _read_subject(fields: Fields) -> Subject | None:
    for subject in fields.each("Subject"):
        recipient = subject.optional("Recipient")
        return Subject(
            envelope=EnvelopeKey(UnitCode(subject.text("Sender")), EnvelopeId(subject.text("EnvelopeId"))),
            digest=subject.text("EnvelopeDigest"),
            recipient=None if recipient is None else UnitCode(recipient),
        )
    return None
