"""The hub's store. A session is one transaction: all of it is on stable storage when `begin()` exits, or none of it.

Methods take and give batches. Several routers, acknowledgers and clocks may work at once: what `due_*` and `lock_*`
return stays locked for the session (PostgreSQL: FOR UPDATE SKIP LOCKED), and adding a key twice raises
ConflictError, after which the batch is run again and finds the other's rows.

So that nobody waits in a circle, a session touches forwards before deliveries, and rows that others may touch in the
order of their keys. Within one call the store sees to that; who calls for one row after the other does it himself.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from exchange.ledger.entry import LedgerEntry
from exchange.model.envelope import EnvelopeKey
from exchange.model.receipt import Noted, ReceiptId
from exchange.model.unit import UnitCode
from exchange.ports.acts import ActSession
from exchange.ports.figures import FigureSession
from exchange.ports.holdings import HoldingSession
from exchange.ports.measures import MeasureSession
from exchange.ports.notices import HubNotices
from exchange.ports.pauses import PauseSession
from exchange.ports.presence import PresenceSession
from exchange.ports.records import (
    DeliveryKey,
    DeliveryRecord,
    DirectoryRecord,
    DocumentRecord,
    QuarantineCause,
    QuarantineRecord,
    ReceiptRecord,
)
from exchange.ports.resends import ResendSession
from exchange.ports.search import SearchSession

__all__ = [
    "ArchiveRecord",
    "BackSince",
    "EnrolmentRecord",
    "Forward",
    "HubSession",
    "HubStore",
    "Lease",
    "Owed",
    "Refusal",
    "SealedCheckpoint",
    "Usage",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forward:
    """A receipt on its way from the hub to a unit. Open until the unit's NOTED names it."""

    unit: UnitCode
    receipt: ReceiptId
    due: datetime
    attempts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """A unit's receipt that the hub has read and must confirm in its next NOTED to that unit. `carried`: when the
    package was made that it came in; then the unit's next package confirms it, too."""

    unit: UnitCode
    noted: Noted
    carried: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """The answer to bytes refused from one broker user: the same bytes again get the same receipt again."""

    user: UnitCode
    digest: str
    receipt: ReceiptId
    document: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What was accepted from one unit in one day, `bytes` of envelopes and the files that they name; and how many bytes
    it `uploaded`, whatever became of them."""

    documents: int = 0
    bytes: int = 0
    uploaded: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedCheckpoint:
    """A signed checkpoint as published."""

    size: int
    root: bytes
    note: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """Who may do what only one process may do. `epoch` rises with each new holder and is what fences the former one
    off: however long it slept, and whatever its clock says, it holds an epoch that is over."""

    name: str
    holder: str
    epoch: int
    expires: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolmentRecord:
    """A one-time code, by its SHA-256 alone."""

    unit: UnitCode
    code_sha256: str
    expires: datetime
    used: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BackSince:
    """Receipts said up to some time and recorded after it; `accepted` of them are ACCEPTED, some `without_document`.
    `latest`: a few of the hub's own, the last said first."""

    receipts: int
    accepted: int
    without_document: int
    latest: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveRecord:
    """A file that has what was recorded from `start` to `end`: verified, with this SHA-256 and so many `bytes`.
    `originals` of what is in it lay in the store when it was written; `removed`: when the last of them was gone."""

    file: str
    start: datetime
    end: datetime
    sha256: str
    bytes: int
    documents: int
    receipts: int
    originals: int
    written: datetime
    removed: datetime | None = None


class HubSession(
    PresenceSession,
    MeasureSession,
    FigureSession,
    HoldingSession,
    ActSession,
    ResendSession,
    HubNotices,
    SearchSession,
    PauseSession,
    Protocol,
):
    # directory and enrolment
    def directory(self) -> DirectoryRecord | None: ...
    def directory_version(self) -> int:
        """0 when there is none. Cheap: asked before every batch, so that a revocation holds at once."""
        ...

    def add_directory(self, record: DirectoryRecord) -> None: ...
    def enrolment(self, unit: UnitCode) -> EnrolmentRecord | None: ...
    def save_enrolment(self, record: EnrolmentRecord) -> None: ...

    # envelopes and deliveries
    def documents(self, keys: Iterable[EnvelopeKey]) -> dict[EnvelopeKey, DocumentRecord]: ...
    def digests(self, keys: Iterable[EnvelopeKey]) -> dict[EnvelopeKey, str]:
        """The digests alone of those of these that are held: without their bytes."""
        ...

    def add_documents(self, records: Sequence[DocumentRecord]) -> None: ...
    def add_deliveries(self, records: Sequence[DeliveryRecord]) -> None: ...
    def lock_deliveries(self, keys: Iterable[DeliveryKey]) -> dict[DeliveryKey, DeliveryRecord]:
        """Those of these that exist, locked. Waits for another's lock: a missing one means that it does not exist."""
        ...

    def deliveries_of(self, envelope: EnvelopeKey) -> list[DeliveryRecord]: ...
    def save_deliveries(self, records: Sequence[DeliveryRecord]) -> None: ...
    def due_deliveries(self, now: datetime, limit: int) -> list[DeliveryRecord]:
        """Those whose `due` has come, oldest first, locked."""
        ...

    def undelivered_to(self, unit: UnitCode) -> list[EnvelopeKey]:
        """Documents whose delivery to it is not settled, oldest first. Not locked."""
        ...

    def due_reminders(self, now: datetime, limit: int) -> list[DeliveryRecord]:
        """Those whose `remind` has come, oldest first, locked."""
        ...

    def hasten_deliveries(self, keys: Iterable[DeliveryKey], due: datetime) -> None:
        """Bring `due` of unsettled deliveries forward: their publication failed."""
        ...

    def hasten_open(self, due: datetime, beyond: datetime) -> None:
        """Make every unsettled delivery and every open forward that is due after `beyond` due at `due`: the broker is
        known to be new or empty, or the clock was wrong."""
        ...

    # receipts
    def receipts(self, ids: Iterable[ReceiptId]) -> dict[ReceiptId, ReceiptRecord]: ...
    def receipt_digests(self, ids: Iterable[ReceiptId]) -> dict[ReceiptId, str]:
        """As `digests`."""
        ...

    def receipts_of(self, envelope: EnvelopeKey) -> list[ReceiptRecord]: ...
    def back_since(self, at: datetime) -> BackSince: ...
    def accepted_receipts(self, envelopes: Iterable[EnvelopeKey]) -> dict[EnvelopeKey, ReceiptRecord]: ...
    def add_receipts(self, records: Sequence[ReceiptRecord]) -> None: ...
    def refusals(self, keys: Iterable[tuple[UnitCode, str]]) -> dict[tuple[UnitCode, str], Refusal]: ...
    def add_refusals(self, refusals: Sequence[Refusal]) -> None: ...

    # receipts on their way to units, and confirmations owed to them
    def add_forwards(self, forwards: Sequence[Forward]) -> None:
        """Adding one that is there already does nothing."""
        ...

    def due_forwards(self, now: datetime, limit: int) -> list[Forward]: ...
    def forwards_to(self, unit: UnitCode) -> list[ReceiptId]:
        """All that it has not confirmed. Not locked."""
        ...

    def save_forwards(self, forwards: Sequence[Forward]) -> None: ...
    def close_forwards(self, unit: UnitCode, receipts: Iterable[ReceiptId]) -> None: ...
    def hasten_forwards(self, keys: Iterable[tuple[UnitCode, ReceiptId]], due: datetime) -> None: ...
    def owe(self, owed: Sequence[Owed]) -> None:
        """Owing the same one again does nothing."""
        ...

    def take_owed(self, limit: int) -> list[Owed]:
        """Remove and return what is owed: a lost NOTED is asked for again by repeating the receipt."""
        ...

    def carried(self, unit: UnitCode) -> list[Noted]:
        """What its next package must confirm. It stays: packages are lost."""
        ...

    def forget_carried(self, unit: UnitCode, before: datetime) -> None:
        """Of packages made before: the unit's newer one would have repeated what it still waits for."""
        ...

    # ledger
    def add_entries(self, entries: Sequence[LedgerEntry]) -> None: ...
    def unsealed(self, limit: int) -> list[tuple[int, LedgerEntry]]:
        """(row id, entry) in row order. Not locked: `renew_lease` tells whether they are still the caller's to seal."""
        ...

    def seal(
        self, rows: Sequence[tuple[int, int]], nodes: Mapping[tuple[int, int], bytes], checkpoint: SealedCheckpoint
    ) -> None:
        """Give each row id its leaf index, store the new tree nodes and the checkpoint."""
        ...

    def checkpoint(self) -> SealedCheckpoint | None: ...
    def checkpoints(self) -> list[SealedCheckpoint]: ...
    def tree_node(self, level: int, index: int) -> bytes: ...
    def entries_of(self, envelope: EnvelopeKey) -> list[tuple[int | None, LedgerEntry]]:
        """(leaf index or None while unsealed, entry) of everything recorded about one envelope."""
        ...

    def entries(self, start: int, limit: int) -> list[tuple[int, LedgerEntry]]:
        """Sealed entries from leaf index `start` on, in order."""
        ...

    # what only one process may do
    def lease(self, name: str) -> Lease | None:
        """Locked for the session."""
        ...

    def take_lease(self, lease: Lease) -> bool:
        """Store the next epoch of it; False when somebody else was faster."""
        ...

    def renew_lease(self, lease: Lease) -> bool:
        """Whether holder and epoch still stand. If so, nobody can take it until the session ends."""
        ...

    # bytes of old months, which go into archive files. A document or receipt whose bytes are gone names these in
    # `archived`; keys of bytes are (received or recorded, digest).
    def archives(self) -> list[ArchiveRecord]:
        """Oldest first."""
        ...

    def add_archive(self, record: ArchiveRecord) -> None:
        """From here on bytes may go that are in it. Adding one that is there does nothing."""
        ...

    def finish_archive(self, file: str, removed: datetime) -> None: ...
    def oldest_original(self, since: datetime) -> datetime | None:
        """The time of the oldest bytes since then that are here, but for those that are kept."""
        ...

    def originals_between(self, start: datetime, end: datetime) -> int: ...
    def originals_among(self, keys: Iterable[tuple[datetime, str]]) -> int:
        """How many of these are here."""
        ...

    def unsettled(self, start: datetime, end: datetime, limit: int) -> list[EnvelopeKey]:
        """Documents received then for which something is still waited for: a delivery, a reminder, an answer to a
        recall."""
        ...

    def keep_receipts(self, ids: Iterable[ReceiptId]) -> None:
        """Keep those of these that are asked for even when their month is gone: ACCEPTED, and what is under way."""
        ...

    def remove_originals(self, keys: Sequence[tuple[datetime, str]]) -> None:
        """Remove just these bytes. They are in an archive."""
        ...

    def drop_month(self, start: datetime, end: datetime, originals: int) -> bool:
        """Remove all bytes of a month at once, where the database keeps months apart and has exactly so many; else
        nothing, and False."""
        ...

    # what each unit has used up of its quota
    def usage(self, units: Iterable[UnitCode], day: datetime) -> dict[UnitCode, Usage]:
        """By unit, for the day that begins at `day`; units from whom nothing came are missing."""
        ...

    def add_usage(self, day: datetime, used: Mapping[UnitCode, Usage]) -> None:
        """Add to it. Whoever else adds for one of these units waits until this transaction ends: best its last act."""
        ...

    # trouble
    def quarantine(self, records: Sequence[QuarantineRecord]) -> None:
        """One that is there is not added again; if it was settled, it is open again."""
        ...

    def quarantined(self, limit: int) -> list[QuarantineRecord]: ...
    def quarantine_causes(self) -> list[QuarantineCause]:
        """Of what is open, by code, the one that came last first. Reads all that is open: for a person who asks."""
        ...

    def open_quarantine(self, code: str | None, after: int, limit: int) -> list[tuple[int, QuarantineRecord]]:
        """What is open, of one code or of all; in the order in which it was set aside, each with its number, from the
        one after number `after` on."""
        ...

    def settle_quarantine(self, record: QuarantineRecord, at: datetime, settlement: str) -> bool:
        """A person is done with it. False when it was settled already."""
        ...

    def quarantined_as(self, digest_or_prefix: str, limit: int) -> list[QuarantineRecord]:
        """Those whose digest begins with the text, in the order of digests, then queues and users."""
        ...

    def count_failure(self, digest: str) -> int:
        """How often handling the message with this digest has failed unexpectedly, this time included."""
        ...

    # listing
    def find(self, id_or_prefix: str) -> list[EnvelopeKey]:
        """Envelopes whose id begins with the text, or whose 'sender/id' equals it."""
        ...

    def counts(self) -> dict[str, int]:
        """Documents, deliveries by transport state, open forwards, unsealed entries, quarantined: for metrics and
        doctor. Cheap, however much there is."""
        ...

    def fold_counts(self) -> None:
        """Keep `counts` cheap: every few seconds."""
        ...

    def recount(self) -> None:
        """Count what `counts` tells, row by row. Others go on meanwhile."""
        ...

    def open_months(self, now: datetime) -> int:
        """Make room for what this month and the next ones will bring, where the database keeps months apart; returns
        how many were made."""
        ...

    def oldest_unsigned_urgent(self) -> datetime | None:
        """When the oldest urgent document was received that a recipient has not signed for, though it has it or
        still may get it."""
        ...

    def spoken_of(self, unit: UnitCode, since: datetime, after: EnvelopeKey | None, limit: int) -> list[EnvelopeKey]:
        """Documents that `unit` sent or was sent and about which a receipt was recorded since; in the order of id, then
        sender, from the beginning when `after` is None."""
        ...

    def latest(self, limit: int) -> list[DocumentRecord]: ...

    # everything, page by page, for an audit
    def directories_in_force(self, start: datetime, end: datetime) -> list[DirectoryRecord]:
        """The versions stored from start to end, and the one before them, oldest first."""
        ...

    def directories(self) -> list[DirectoryRecord]:
        """Every version, oldest first."""
        ...

    def documents_after(self, after: EnvelopeKey | None, limit: int) -> list[DocumentRecord]:
        """In the order of id, then sender; from the beginning when `after` is None."""
        ...

    def receipts_after(self, after: ReceiptId | None, limit: int) -> list[ReceiptRecord]:
        """In the order of ids; from the beginning when `after` is None."""
        ...


class HubStore(Protocol):
    def begin(self) -> AbstractContextManager[HubSession]:
        """One read-write transaction, durable on exit; rolled back when the block raises. Raises StorageError."""
        ...

    def close(self) -> None: ...
