"""Counting and crying out. Neither ever stops a delivery: implementations swallow their own failures.

Names are `yidi_<room>_<what>_<unit>` or `_total`; the list, with each label's legal values, stands in
`exchange.telemetry`.
"""

from collections.abc import Iterable
from typing import NamedTuple, Protocol

__all__ = ["Log", "Metrics", "UnitSample"]


class UnitSample(NamedTuple):
    """One value of one unit. `labels`: of what its metric has beside the unit, in the list's order."""

    name: str
    unit: str
    value: float
    labels: tuple[str, ...] = ()


class Metrics(Protocol):
    def count(self, name: str, amount: float = 1, **labels: str) -> None: ...

    def gauge(self, name: str, value: float | None, **labels: str) -> None:
        """None: there is nothing to measure (any more), so that the series is not shown."""
        ...

    def units(self, samples: Iterable[UnitSample]) -> None:
        """What is known of all units now; it takes the place of what was. Apart from all else: there are thousands."""
        ...

    def observe(self, name: str, value: float, **labels: str) -> None: ...


class Log(Protocol):
    """Events with ids and codes; never titles, names of files, or bodies. `alarm` is for what a person must look at."""

    def info(self, event: str, **fields: object) -> None: ...

    def warning(self, event: str, **fields: object) -> None: ...

    def alarm(self, event: str, **fields: object) -> None: ...
