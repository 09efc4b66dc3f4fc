"""A node's store: the mailboxes of one or many units. Every row belongs to one unit and every method names it or
returns it.

A session is one transaction, synced to disk when `begin()` exits.
"""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from exchange.model.envelope import EnvelopeKey
from exchange.model.events import BusinessState
from exchange.model.receipt import Noted, ReceiptId
from exchange.model.unit import UnitCode
from exchange.ports.notices import NodeNotices
from exchange.ports.programs import Listed, Place, ProgramSession, Tally, Wanted
from exchange.ports.records import DeliveryRecord, DirectoryRecord, DocumentRecord, QuarantineRecord, ReceiptRecord
from exchange.topology import Lane

__all__ = [
    "UNKNOWN",
    "Box",
    "HandoverRecord",
    "HeldCheckpoint",
    "NodeSession",
    "NodeStore",
    "OutboxKind",
    "OutboxRow",
    "Standing",
]

UNKNOWN = ""


class Box(StrEnum):
    SENT = "sent"
    INBOX = "inbox"


class OutboxKind(StrEnum):
    ENVELOPE = "envelope"
    RECEIPT = "receipt"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxRow:
    """A signed document to be published until a signed receipt closes the row. `id`: envelope id or receipt id;
    `fault`: the code of what kept its files from leaving, when that was last tried."""

    unit: UnitCode
    kind: OutboxKind
    id: str
    digest: str
    lane: Lane
    due: datetime
    attempts: int = 0
    envelope: EnvelopeKey
    document: bytes = b""
    fault: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverRecord:
    """A received document on its way into the office system. `external_id` is the office's, once it took it, and
    `UNKNOWN` while it is being handed over: a process that dies then leaves open whether the office has it. `fault`:
    the code of what kept it out, when that was last tried."""

    unit: UnitCode
    envelope: EnvelopeKey
    due: datetime | None
    attempts: int = 0
    external_id: str | None = None
    fault: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldCheckpoint:
    """A hub's checkpoint that this node has seen and verified. `said`: the hub's own time in the receipt that brought
    it; a release before wrote none."""

    size: int
    root: bytes
    note: str
    seen: datetime
    said: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a unit's mailbox still has to do. `outbox`: open rows, of which the first was stored at `oldest`; `inbox`:
    documents that its office has not taken; `untold`: receipts that it has not heard of."""

    outbox: int = 0
    oldest: datetime | None = None
    inbox: int = 0
    untold: int = 0


class NodeSession(ProgramSession, NodeNotices, Protocol):
    # units and directory
    def units(self) -> list[UnitCode]: ...
    def add_unit(self, unit: UnitCode, at: datetime) -> None: ...
    def directory(self) -> DirectoryRecord | None: ...
    def directory_version(self) -> int: ...
    def save_directory(self, record: DirectoryRecord) -> None: ...

    # documents and deliveries; a sender holds one delivery per recipient, a recipient its own alone
    def documents(
        self, box: Box, keys: Iterable[tuple[UnitCode, EnvelopeKey]]
    ) -> dict[tuple[UnitCode, EnvelopeKey], DocumentRecord]: ...
    def add_documents(self, box: Box, records: Sequence[tuple[UnitCode, DocumentRecord]]) -> None: ...
    def by_reference(self, unit: UnitCode, reference: str) -> EnvelopeKey | None: ...
    def add_reference(self, unit: UnitCode, reference: str, envelope: EnvelopeKey) -> None: ...
    def add_deliveries(self, unit: UnitCode, records: Sequence[DeliveryRecord]) -> None: ...
    def add_deliveries_of_units(self, records: Sequence[tuple[UnitCode, DeliveryRecord]]) -> None: ...
    def deliveries(
        self, unit: UnitCode, envelope: EnvelopeKey, recipients: Iterable[UnitCode] | None = None
    ) -> list[DeliveryRecord]:
        """All that `unit` holds of this envelope, or those of these recipients; by recipient."""
        ...

    def save_deliveries(self, unit: UnitCode, records: Sequence[DeliveryRecord]) -> None: ...
    def listing(self, unit: UnitCode, box: Box, limit: int = 100) -> list[Listed]:
        """Newest first."""
        ...

    def page(self, unit: UnitCode, box: Box, wanted: Wanted, after: Place | None, limit: int) -> list[Listed]:
        """Newest first, those that come after this place."""
        ...

    def tallies(self, unit: UnitCode, box: Box, since: datetime, until: datetime) -> list[Tally]:
        """Of the documents that came into the box in that time."""
        ...

    def find(self, unit: UnitCode | None, box: Box, id_or_prefix: str) -> list[tuple[UnitCode, EnvelopeKey]]: ...

    # receipts
    def receipts(
        self, keys: Iterable[tuple[UnitCode, ReceiptId]]
    ) -> dict[tuple[UnitCode, ReceiptId], ReceiptRecord]: ...
    def receipts_of(self, unit: UnitCode, envelope: EnvelopeKey) -> list[ReceiptRecord]: ...
    def receipts_about(
        self, documents: Iterable[tuple[UnitCode, EnvelopeKey]]
    ) -> dict[tuple[UnitCode, EnvelopeKey], list[ReceiptRecord]]:
        """The same for many at once; a document that nothing was said about is not there."""
        ...

    def add_receipts(self, unit: UnitCode, records: Sequence[ReceiptRecord]) -> None: ...
    def add_receipts_of_units(self, records: Sequence[tuple[UnitCode, ReceiptRecord]]) -> None: ...

    # outbox
    def add_outbox(self, rows: Sequence[OutboxRow]) -> None: ...
    def due_outbox(self, now: datetime, limit: int) -> list[OutboxRow]:
        """Open rows whose time has come, urgent lane first, then oldest, with their documents."""
        ...

    def save_outbox(self, rows: Sequence[OutboxRow]) -> None:
        """Set `due`, `attempts` and `fault`."""
        ...

    def outbox_faults(self) -> dict[str, int]:
        """Of open rows: how many each fault keeps here."""
        ...

    def close_outbox(self, unit: UnitCode, closed: Iterable[tuple[str, str]]) -> None:
        """Close the rows of these (id, digest); a row of another digest stays open."""
        ...

    def reopen_receipts(self, unit: UnitCode, envelope: EnvelopeKey, due: datetime) -> None:
        """The hub asks again: repeat every receipt of this unit's own about the envelope, closed or not."""
        ...

    def put_again(self, rows: Sequence[OutboxRow]) -> None:
        """Add these; those that are there are open again as from the beginning."""
        ...

    def reopen_envelopes(self, unit: UnitCode, keys: Iterable[EnvelopeKey], due: datetime) -> None:
        """Send these documents of the unit's again, closed or not."""
        ...

    def receipts_since(self, since: datetime) -> list[tuple[UnitCode, ReceiptRecord]]:
        """Those said or recorded since, of all units."""
        ...

    def hasten_open(self, due: datetime, beyond: datetime) -> None:
        """Make every open outbox row and hand-over that is due after `beyond` due at `due`: the broker is known to be
        new or empty, or the clock was wrong."""
        ...

    # hand-over to the office, and what the office has been told
    def add_handovers(self, records: Sequence[HandoverRecord]) -> None: ...
    def due_handovers(self, now: datetime, limit: int) -> list[HandoverRecord]: ...
    def save_handovers(self, records: Sequence[HandoverRecord]) -> None: ...
    def handover_faults(self) -> dict[str, int]:
        """Of open hand-overs: how many each fault keeps here."""
        ...

    def refused_by_offices(self) -> int:
        """Documents that an office will never take and that nobody has signed for or refused: a person must."""
        ...

    def handover(self, unit: UnitCode, envelope: EnvelopeKey) -> HandoverRecord | None: ...
    def hasten_handovers(self, unit: UnitCode, now: datetime) -> None:
        """What waits for the office of `unit` is due: it answers again."""
        ...

    def settle_without_office(self, units: Iterable[UnitCode], now: datetime) -> None:
        """What is due for these units' offices is done with: they have none."""
        ...

    def in_office(self, unit: UnitCode, limit: int) -> list[tuple[HandoverRecord, BusinessState]]:
        """What the office of `unit` took and nobody has returned, archived, recalled or voided; unsigned ones first."""
        ...

    def untold(self, limit: int, except_of: Iterable[UnitCode] = ()) -> list[tuple[UnitCode, ReceiptRecord]]:
        """Receipts that the office has not been told of, oldest first: about what it sent, and recalls and reminders
        of what it received."""
        ...

    def told(self, keys: Iterable[tuple[UnitCode, ReceiptId]]) -> None: ...

    # confirmations owed to the hub
    def owe(self, unit: UnitCode, noted: Sequence[Noted], carried: datetime | None = None) -> None:
        """`carried`: when the package was made that these came in; then the next package confirms them, too."""
        ...

    def take_owed(self, limit: int) -> list[tuple[UnitCode, Noted]]: ...

    def carried(self, unit: UnitCode) -> list[Noted]:
        """What its next package must confirm. It stays: packages are lost."""
        ...

    def forget_carried(self, unit: UnitCode, before: datetime) -> None:
        """Of packages made before: the hub's newer one would have repeated what it still waits for."""
        ...

    # what this node can hold against the hub
    def add_checkpoint(self, checkpoint: HeldCheckpoint) -> None:
        """One that is held already stays as it is; another root for the same size is held beside it."""
        ...

    def checkpoints(self) -> list[HeldCheckpoint]: ...
    def opposed(self, checkpoint: HeldCheckpoint, before: datetime) -> list[HeldCheckpoint]:
        """Those held that do not go together with it: another root for its size, or more entries though the hub said so
        before `before`. A few of them, largest first."""
        ...

    # trouble
    def quarantine(self, unit: UnitCode, records: Sequence[QuarantineRecord]) -> None: ...
    def quarantined(self, unit: UnitCode | None, limit: int) -> list[QuarantineRecord]: ...
    def count_failure(self, digest: str) -> int: ...
    def counts(self) -> dict[str, int]: ...
    def database_bytes(self) -> int: ...
    def oldest_open(self) -> datetime | None:
        """When the oldest document or receipt was stored whose outbox row is open."""
        ...

    def standings(self) -> dict[UnitCode, Standing]:
        """Of every unit that has something to do. Reads what is open alone."""
        ...

    # everything, for an audit
    def open_outbox(self, unit: UnitCode) -> list[tuple[str, str]]:
        """(id, digest) of every row that is still to be published, in the order of `due_outbox`."""
        ...

    def outbox_rows(self, unit: UnitCode, ids: Sequence[str]) -> list[OutboxRow]:
        """Those of these that are still open, in the order asked for, with their documents."""
        ...

    def receipts_after(
        self, after: tuple[UnitCode, ReceiptId] | None, limit: int
    ) -> list[tuple[UnitCode, ReceiptRecord]]:
        """In the order of units, then ids; from the beginning when `after` is None."""
        ...


class NodeStore(Protocol):
    def begin(self) -> AbstractContextManager[NodeSession]:
        """One read-write transaction, synced to disk on exit; rolled back when the block raises. Raises
        StorageError."""
        ...

    def look(self) -> AbstractContextManager[NodeSession]:
        """One transaction that only reads: it sees one moment and waits for nobody who writes. Raises StorageError."""
        ...

    def close(self) -> None: ...
