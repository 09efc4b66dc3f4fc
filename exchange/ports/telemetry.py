"""Counting and crying out. Neither ever stops a delivery: implementations swallow their own failures.

Names are `yidi_<room>_<what>_<unit>` or `_total`; the list, with each label's legal values, stands in
`exchange.telemetry`.
"""

from typing import Protocol

__all__ = ["Log", "Metrics"]


class Metrics(Protocol):
    def count(self, name: str, amount: float = 1, **labels: str) -> None: ...

    def gauge(self, name: str, value: float | None, **labels: str) -> None:
        """None: there is nothing to measure (any more), so that the series is not shown."""
        ...

    def observe(self, name: str, value: float, **labels: str) -> None: ...


class Log(Protocol):
    """Events with ids and codes; never titles, names of files, or bodies. `alarm` is for what a person must look at."""

    def info(self, event: str, **fields: object) -> None: ...

    def warning(self, event: str, **fields: object) -> None: ...

    def alarm(self, event: str, **fields: object) -> None: ...
