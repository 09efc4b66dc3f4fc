"""What a node's store keeps of the programs that use its interface, and what it tells them: a part of `NodeSession`."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from exchange.model.envelope import EnvelopeKey
from exchange.model.events import BusinessState, TransportState
from exchange.model.program import Token
from exchange.model.unit import UnitCode
from exchange.model.webhook import Webhook
from exchange.ports.notices import NoticeRecord
from exchange.ports.records import DeliveryRecord, DocumentRecord, ReceiptRecord

__all__ = ["Answer", "Listed", "Lock", "Occurrence", "Place", "ProgramSession", "Tally", "Wanted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was answered to a request of this key. `digest` is of what was asked; `status` is empty while it is being
    done, or when the process died over it."""

    token: str
    key: str
    digest: str
    at: datetime
    status: int | None = None
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """A received document that one program is taking in, so that no other does meanwhile."""

    unit: UnitCode
    envelope: EnvelopeKey
    token: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of documents ends: the next one holds what comes after it."""

    received: datetime
    envelope: EnvelopeKey


class Wanted(StrEnum):
    """Which documents of a box. NEW: received, and not in the office system; UNSIGNED: received, and nobody signed or
    sent it back."""

    ALL = "all"
    NEW = "new"
    UNSIGNED = "unsigned"


Listed = tuple[DocumentRecord, list[DeliveryRecord]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """A receipt that a unit of this node holds, or a notice to it, by the number under which it was recorded. Numbers
    rise in the order of commits: whoever has read up to one has missed nothing."""

    number: int
    unit: UnitCode
    receipt: ReceiptRecord | NoticeRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """So many deliveries are in this state. `signed` of them were signed for, after `waited` seconds together since
    they were delivered."""

    transport: TransportState
    business: BusinessState
    count: int
    signed: int
    waited: float


class ProgramSession(Protocol):
    # tokens
    def add_token(self, token: Token) -> None: ...
    def token(self, token_id: str) -> Token | None: ...
    def tokens(self) -> list[Token]:
        """Oldest first."""
        ...

    def revoke_token(self, token_id: str, at: datetime) -> None: ...
    def use_token(self, token_id: str, at: datetime) -> None: ...

    # answers to requests that must not be done twice
    def begin_answer(self, answer: Answer) -> Answer | None:
        """Note that it is being done; returns what is there for the same token and key already."""
        ...

    def finish_answer(self, token: str, key: str, status: int, body: bytes) -> None: ...
    def drop_answer(self, token: str, key: str) -> None: ...
    def drop_answers(self, before: datetime) -> None: ...

    # locks of received documents
    def locks(self, unit: UnitCode, envelopes: Iterable[EnvelopeKey]) -> dict[EnvelopeKey, Lock]: ...
    def put_lock(self, lock: Lock) -> None:
        """In place of what was there."""
        ...

    def drop_lock(self, unit: UnitCode, envelope: EnvelopeKey) -> None: ...

    # files that programs of a unit uploaded ahead of a document
    def add_upload(self, unit: UnitCode, sha256: str, size: int, at: datetime) -> None: ...
    def uploaded(self, unit: UnitCode, sha256: str) -> datetime | None:
        """When it was last asked for, None when nobody uploaded it for this unit."""
        ...

    def renew_upload(self, unit: UnitCode, sha256: str, at: datetime) -> None: ...
    def forget_uploads(self, sha256: str) -> None:
        """Of all units."""
        ...

    def unneeded_files(self, digests: Iterable[str], before: datetime) -> set[str]:
        """Of these, what no document of any unit's names, and no program has asked for since."""
        ...

    def bytes_of_day(self, unit: UnitCode, day: datetime) -> int:
        """What its programs uploaded in the day that began at `day`."""
        ...

    def add_bytes(self, unit: UnitCode, day: datetime, more: int) -> None: ...

    # what happened
    def occurrences(self, after: int, units: Iterable[UnitCode], limit: int) -> list[Occurrence]:
        """Those of these units, in order."""
        ...

    def last_occurrence(self) -> int:
        """The number of the newest, 0 if there is none."""
        ...

    # where programs want to be told
    def add_webhook(self, webhook: Webhook) -> None: ...
    def webhooks(self) -> list[Webhook]:
        """Oldest first."""
        ...

    def save_webhook(self, webhook: Webhook) -> None: ...
    def drop_webhook(self, webhook_id: str) -> None: ...
