"""An office system behind a node: it takes documents, learns of receipts, and gives documents to send.

Adapters are found by entry point (group `yidi.adapters`). `Any` stops here: an adapter's own types never reach a
service.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from exchange.model.document import BusinessKind, Metadata
from exchange.model.envelope import Envelope, EnvelopeKey, FileRole, RecipientRole
from exchange.model.receipt import Receipt
from exchange.model.unit import UnitCode

__all__ = ["Address", "Draft", "DraftFile", "HandOver", "OfficeAdapter"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftFile:
    """A file to send. `open` may be called more than once."""

    role: FileRole
    name: str
    media_type: str
    open: Callable[[], BinaryIO]
    pages: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """To whom: a unit code or a group id, as main or copy."""

    to: str
    role: RecipientRole = RecipientRole.MAIN
    print_quota: int = 1
    paper: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a person, a program or an adapter asks a node to send. `reference` is the caller's own id: the same one
    twice is one document."""

    sender: UnitCode
    kind: BusinessKind = BusinessKind.DOCUMENT
    to: tuple[Address, ...]
    metadata: Metadata
    content: str | None = None
    files: tuple[DraftFile, ...] = ()
    operator: str
    declared_by: str
    reviewed_by: str | None = None
    sign_within_hours: int | None = None
    handle_within_hours: int | None = None
    reply_required: bool = False
    in_reply_to: str | None = None
    supersedes: str | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver:
    """One received document for the office system. Taking the same `key` again must change nothing there."""

    unit: UnitCode
    key: EnvelopeKey
    envelope: Envelope
    document: bytes
    open_file: Callable[[str], BinaryIO]


class OfficeAdapter(Protocol):
    def hand_over(self, item: HandOver) -> str:
        """Store it in the office system, idempotent by key; returns the office's own id. Raises AdapterError."""
        ...

    def tell(self, unit: UnitCode, receipt: Receipt, document: bytes) -> None:
        """Give the office a receipt about a document it sent, or of a recall or reminder of one it received; idempotent
        by receipt id. Raises AdapterError."""
        ...

    def collect(self, unit: UnitCode) -> Iterable[Draft]:
        """Documents waiting to be sent. Each stays waiting until `sent` or `refused` is called for its reference."""
        ...

    def sent(self, unit: UnitCode, reference: str, key: EnvelopeKey) -> None: ...

    def refused(self, unit: UnitCode, reference: str, code: str, message: str) -> None: ...
