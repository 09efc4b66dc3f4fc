"""What a carry package holds, for people: of any package what it says of itself, of a verified one each document.

    claims     whose it is and which way it goes, unproven: enough to put packages of a folder in order
    contents   title by title, of a package that was checked

Nothing is stored from here. Not here: taking it in (`carry_node`, `carry_hub`).
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from exchange.codec import carry as carry_codec
from exchange.codec.kind import DocumentKind
from exchange.codec.read import read_envelope, read_receipt
from exchange.codec.signed import parse_signed
from exchange.errors import YidiError
from exchange.model.carry import ENVELOPES, RECEIPTS, Carry
from exchange.model.envelope import EnvelopeKey
from exchange.model.events import Event
from exchange.model.unit import UnitCode
from exchange.services.carry.package import CarryReader, open_carry

__all__ = ["Contents", "PackedDocument", "PackedReceipt", "claims", "contents"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedDocument:
    """`size`: bytes of the envelope and its files, `files` how many those are."""

    key: EnvelopeKey
    title: str
    recipients: tuple[UnitCode, ...]
    files: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedReceipt:
    """`key`: the document it is about; None of a NOTED, which is about receipts. `unit`: whose receipt, None for the
    hub's."""

    event: Event
    key: EnvelopeKey | None
    unit: UnitCode | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """`unreadable`: documents that unpacking would set aside."""

    carry: Carry
    documents: tuple[PackedDocument, ...]
    receipts: tuple[PackedReceipt, ...]
    unreadable: int


def claims(path: Path) -> Carry:
    """What the package says of itself; anybody may have written it. Raises YidiError: it is no package."""
    with open_carry(path) as package:
        return carry_codec.decode(parse_signed(package.manifest, DocumentKind.CARRY).body)


def contents(package: CarryReader, carry: Carry) -> Contents:
    """Of a package after its `check`. Each document speaks for itself, and is judged when it is taken in."""
    documents, receipts = tuple(_documents(package)), tuple(_receipts(package))
    named = sum(part.name.startswith((ENVELOPES, RECEIPTS)) for part in carry.parts)
    return Contents(
        carry=carry, documents=documents, receipts=receipts, unreadable=named - len(documents) - len(receipts)
    )


def _documents(package: CarryReader) -> Iterator[PackedDocument]:
    for document in package.documents(ENVELOPES):
        with suppress(YidiError):
            envelope = read_envelope(document)
            yield PackedDocument(
                key=envelope.key,
                title=envelope.metadata.title,
                recipients=tuple(recipient.unit for recipient in envelope.recipients),
                files=len(envelope.files),
                size=len(document) + sum(entry.size for entry in envelope.files),
            )


def _receipts(package: CarryReader) -> Iterator[PackedReceipt]:
    for document in package.documents(RECEIPTS):
        with suppress(YidiError):
            receipt = read_receipt(document)
            key = receipt.subject.envelope if receipt.subject else None
            yield PackedReceipt(event=receipt.event, key=key, unit=receipt.actor.unit)
