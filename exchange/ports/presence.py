"""Which units are there: part of the hub's store.

Nothing here is evidence, and nothing here is in the ledger: a unit may say so every minute, and what it says moves no
document.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from exchange.model.presence import Presence
from exchange.model.unit import UnitCode

__all__ = ["HERE_WITHIN", "DayOfPresence", "PresenceRecord", "PresenceSession"]

# A unit counts as there for so long after it was heard: five are said in that time, and one or the other gets lost.
HERE_WITHIN = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class PresenceRecord:
    """The last that was heard of a unit. `said`: by its own clock, and only ever later; `heard`: by the hub's; `since`:
    from when on it was there without a break."""

    unit: UnitCode
    said: datetime
    heard: datetime
    since: datetime
    presence: Presence

    def is_here(self, now: datetime) -> bool:
        return now - self.heard <= HERE_WITHIN

    @property
    def skew(self) -> timedelta:
        """How far the node's clock is ahead, less the moment that its word was under way."""
        return self.said - self.heard


@dataclass(frozen=True, slots=True)
class DayOfPresence:
    """In which minutes of a day (UTC) a unit was heard: bit n of `minutes` is the n-th minute."""

    unit: UnitCode
    day: datetime
    minutes: int


class PresenceSession(Protocol):
    def lock_presences(self, units: Iterable[UnitCode]) -> dict[UnitCode, PresenceRecord]:
        """Of those of these that were ever heard. Who else asks for one waits until this transaction ends."""
        ...

    def save_presences(self, records: Sequence[PresenceRecord]) -> None:
        """Each takes the place of the unit's former one, unless that was said later."""
        ...

    def presences(self) -> list[PresenceRecord]:
        """Of every unit that was ever heard, by code. Not locked."""
        ...

    def add_minute(self, units: Iterable[UnitCode], at: datetime) -> None:
        """These were heard in this minute."""
        ...

    def presence_days(self, first: datetime, last: datetime) -> list[DayOfPresence]:
        """From the day that begins at `first` to the one that begins at `last`, both included; by day, then unit. A day
        on which a unit was never heard is missing."""
        ...
