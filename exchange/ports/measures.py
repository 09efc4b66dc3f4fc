"""What a hub's store can be asked that only gauges want: part of the hub's store. Each answer is found by an index that
holds what is open, or is bounded.

Not here: numbers of what is there (`HubSession.counts`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from exchange.model.events import TransportState
from exchange.model.unit import UnitCode

__all__ = ["MeasureSession", "Unsigned"]


@dataclass(frozen=True, slots=True)
class Unsigned:
    """How many delivered documents nobody at a unit has signed for, how many of them were due by their sender, or were
    urged already, and when the hub accepted the oldest (None where there is none)."""

    documents: int
    overdue: int
    oldest: datetime | None


class MeasureSession(Protocol):
    def first_to_expire(self) -> Mapping[TransportState, datetime]:
        """Of each state in which a delivery is still on its way and of which there is one: which `expires` comes first.
        That of the oldest, for all expire after the same time."""
        ...

    def expiring_before(self, expires: datetime, limit: int) -> int:
        """How many deliveries that are on their way expire before then; not more than `limit` are counted."""
        ...

    def expiring_though_here(self, expires: datetime, since: datetime, heard: datetime, limit: int) -> int:
        """The same, of those alone whose recipient was heard at `heard` or later and is there without a break since
        `since` or longer."""
        ...

    def unsigned(self, now: datetime) -> Mapping[tuple[UnitCode, bool], Unsigned]:
        """By recipient and whether they are urgent."""
        ...

    def oldest_unsealed(self) -> datetime | None:
        """When the oldest entry was recorded that is not in the ledger's tree yet."""
        ...

    def database_bytes(self) -> int: ...
