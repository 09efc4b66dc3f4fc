"""Units whose documents are held: part of the hub's store. A handful of rows, asked for before every batch."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from exchange.model.unit import UnitCode

__all__ = ["Pause", "PauseSession"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """`until`: when it ends by itself; None: when somebody ends it."""

    unit: UnitCode
    since: datetime
    until: datetime | None
    reason: str


class PauseSession(Protocol):
    def pauses(self) -> dict[UnitCode, Pause]: ...
    def add_pause(self, pause: Pause) -> bool:
        """False when the unit is paused already."""
        ...

    def end_pause(self, unit: UnitCode, now: datetime, expires: datetime) -> bool:
        """What is on its way to it is due at `now`, and expires no sooner than `expires`. False when it was not
        paused."""
        ...
