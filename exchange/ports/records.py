"""The rows that stores keep. Documents are kept as the exact bytes that were signed; everything else can be derived
from them."""

from dataclasses import dataclass
from datetime import datetime

from exchange.model.document import DocumentType
from exchange.model.envelope import EnvelopeKey
from exchange.model.events import Event
from exchange.model.fold import DeliveryState
from exchange.model.receipt import ReceiptId
from exchange.model.unit import UnitCode

__all__ = [
    "DeliveryKey",
    "DeliveryRecord",
    "DirectoryRecord",
    "DocumentRecord",
    "QuarantineCause",
    "QuarantineRecord",
    "ReceiptRecord",
]


@dataclass(frozen=True, slots=True, order=True)
class DeliveryKey:
    envelope: EnvelopeKey
    recipient: UnitCode


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRecord:
    """An envelope held. `received`: when this store took it (the hub's: the time that judges keys). `title` is for
    listings; `files` are the SHA-256 of the files it names, kept in a table of their own so that a file's documents
    can be found. `archived`: names of the archive files of which one has the bytes; `document` is empty then. `number`
    and `type` (发文字号, 文种) are what a hub searches by; no store gives them back here."""

    key: EnvelopeKey
    digest: str
    document: bytes
    received: datetime
    title: str = ""
    urgent: bool = False
    files: tuple[str, ...] = ()
    archived: tuple[str, ...] = ()
    number: str | None = None
    type: DocumentType | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRecord:
    """One document at one recipient. `due`: when the hub looks at it again (None: never); `attempts`: dispatches so
    far."""

    key: DeliveryKey
    state: DeliveryState
    digest: str = ""
    due: datetime | None = None
    attempts: int = 0
    expires: datetime | None = None
    sign_by: datetime | None = None
    remind: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptRecord:
    """A receipt held. `recipient` is None when it speaks of all recipients. `archived` as in `DocumentRecord`."""

    id: ReceiptId
    envelope: EnvelopeKey
    recipient: UnitCode | None
    event: Event
    digest: str
    document: bytes
    at: datetime
    recorded: datetime
    archived: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryRecord:
    version: int
    digest: str
    document: bytes
    stored: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineRecord:
    """Bytes that were refused or could not be handled, kept for a person to look at. Secret matter is kept as
    digest alone. `settled`: when a person was done with it, and by what `settlement`, at the hub; else it is open."""

    digest: str
    document: bytes | None
    queue: str
    user: str
    code: str
    detail: str
    at: datetime
    settled: datetime | None = None
    settlement: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineCause:
    """All that was set aside for one cause and is open: how many messages, from how many broker users, and when."""

    code: str
    messages: int
    users: int
    first: datetime
    last: datetime
