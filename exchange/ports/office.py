"""An office system behind a node: it takes documents, learns of receipts, gives documents to send, and says what its
people decided about those it received.

Adapters are found by entry point (group `yidi.adapters`). The node calls; an office that calls by itself is served by
an adapter that keeps what came and gives it at the next `collect` or `decisions`. Everything is at least once in both
directions: what is asked for again under the same key, receipt id or reference must change nothing.

`Any` stops here: an adapter's own types never reach a service.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from exchange.errors import YidiError
from exchange.model.document import BusinessKind, Metadata
from exchange.model.envelope import Envelope, EnvelopeKey, FileRole, RecipientRole
from exchange.model.events import BusinessState, Event
from exchange.model.receipt import Reason, Receipt
from exchange.model.unit import UnitCode

__all__ = [
    "Address",
    "Draft",
    "DraftFile",
    "HandOver",
    "InOffice",
    "Misfit",
    "OfficeAdapter",
    "OfficeCall",
    "OfficeCalls",
    "OfficeDecision",
]


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
    """One received document for the office system. Taking the same `key` again must change nothing there. `again`:
    an earlier attempt may have reached the office without our learning of it."""

    unit: UnitCode
    key: EnvelopeKey
    sender_name: str = ""
    envelope: Envelope
    document: bytes
    open_file: Callable[[str], BinaryIO]
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class InOffice:
    """A received document that the office holds under its own id, and with which nobody is finished."""

    key: EnvelopeKey
    office_id: str
    state: BusinessState


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficeDecision:
    """What a named user of the office did with a received document: SIGNED, REJECTED, RETURNED, FEEDBACK, ARCHIVED,
    RECALLED or RECALL_DENIED. `reference` is the office's own id of the deed: the same one twice is one receipt."""

    key: EnvelopeKey
    event: Event
    person: str
    reason: Reason | None = None
    text: str | None = None
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Misfit:
    """A setting that does not fit the office: `where` in the settings, what is wrong, and what to do, for a person."""

    where: str
    found: str
    cure: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficeCall:
    """What an office sent by itself, over HTTP. `token`: what it showed to be let in, or nothing. `fields` by
    lower-case names."""

    token: str
    fields: Mapping[str, str]
    body: bytes


class OfficeCalls(Protocol):
    """Where an office that calls by itself is heard, by threads that are not the adapter's."""

    largest: int  # bytes of a body

    def admits(self, address: str) -> bool:
        """Whether it may call from there at all."""
        ...

    def take(self, call: OfficeCall) -> None:
        """When this returns it will not be lost; the same again changes nothing. Raises NotAuthorisedError,
        LimitError, StorageError."""
        ...


class OfficeAdapter(Protocol):
    """A class that derives from this one need not write what an office without decisions or settings has no use for."""

    office_calls: OfficeCalls | None = None  # of an office that calls by itself

    # received documents, and receipts: towards the office

    def hand_over(self, item: HandOver) -> str:
        """Store it in the office system, idempotent by key; returns the office's own id. Raises AdapterError, with
        code OA_REJECTED when the office will never take it."""
        ...

    def tell(self, unit: UnitCode, receipt: Receipt, document: bytes) -> None:
        """Give the office a receipt about a document it sent, or of a recall or reminder of one it received, or a
        notice of the hub's (NOTICE, without a subject: most offices have no place for it); idempotent by receipt id.
        Raises AdapterError."""
        ...

    # documents to send

    def collect(self, unit: UnitCode) -> Iterable[Draft]:
        """Documents waiting to be sent. Each stays waiting until `sent` or `refused` is called for its reference."""
        ...

    def sent(self, unit: UnitCode, reference: str, key: EnvelopeKey) -> None: ...

    def refused(self, unit: UnitCode, reference: str, code: str, message: str) -> None: ...

    # decisions about received documents

    def decisions(self, unit: UnitCode, held: Callable[[], Sequence[InOffice]]) -> Iterable[OfficeDecision]:
        """Decisions waiting to be taken. Each stays waiting until `decided` is called for its reference. `held` tells
        what the office has, for adapters that must ask document by document; those nobody has signed come first."""
        return ()

    def decided(self, unit: UnitCode, reference: str, fault: YidiError | None) -> None:
        """The decision is signed and on its way; or it is refused for good, and why."""
        return None

    # what is asked before and between

    def check(self, units: Sequence[UnitCode]) -> Iterable[Misfit]:
        """Compare the settings with the office, for these units: every field, form and account they name. Changes
        nothing in the office. Raises AdapterError when the office does not answer."""
        return ()

    def close(self) -> None:
        """Let go of connections. Nothing is asked afterwards; it comes from another thread than all else."""
        return None
