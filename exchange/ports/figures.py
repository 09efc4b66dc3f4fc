"""What a hub's store can be asked for a report: figures of each unit for the documents accepted in a period."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from exchange.model.unit import UnitCode

__all__ = ["FigureSession", "Figures"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Of documents accepted in the period: `sent` by the unit; of those for it, how many it `received`, signed,
    returned, rejected; `overdue`: received, and not signed before its sender's time or the first reminder.
    `median` and `most`: within which time half of what it signed was signed, and 95 of 100. `bytes`: accepted from it
    on whole days."""

    sent: int = 0
    addressed: int = 0
    received: int = 0
    signed: int = 0
    returned: int = 0
    rejected: int = 0
    overdue: int = 0
    median: timedelta | None = None
    most: timedelta | None = None
    bytes: int = 0


class FigureSession(Protocol):
    def figures(self, start: datetime, end: datetime, now: datetime) -> Mapping[UnitCode | None, Figures]:
        """By unit, and of all together under None. Reads every document of the period, and its deliveries."""
        ...
