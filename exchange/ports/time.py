"""Time, identity and chance come in from outside, so that a simulation can replay a seed."""

from datetime import datetime
from typing import Protocol

__all__ = ["Chance", "Clock", "Ids"]


class Clock(Protocol):
    def now(self) -> datetime:
        """Wall time, aware UTC, in whole milliseconds. Data, never a timer."""
        ...

    def monotonic(self) -> float:
        """Seconds that never jump, for timers."""
        ...


class Ids(Protocol):
    def new(self) -> str:
        """A fresh UUID, lower-case, canonical."""
        ...


class Chance(Protocol):
    """`random.Random` is one."""

    def uniform(self, a: float, b: float) -> float: ...
