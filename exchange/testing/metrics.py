"""Metrics and a log that remember, for tests that ask what was counted and cried out."""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from exchange.ports.telemetry import UnitSample

__all__ = ["LogLine", "RecordingLog", "RecordingMetrics"]

_Series = tuple[str, tuple[tuple[str, str], ...]]


class RecordingMetrics:
    def __init__(self) -> None:
        self._counts: dict[_Series, float] = defaultdict(float)
        self._gauges: dict[_Series, float] = {}
        self.of_units: list[UnitSample] = []
        self._observed: dict[_Series, list[float]] = defaultdict(list)

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        self._counts[_series(name, labels)] += amount

    def gauge(self, name: str, value: float | None, **labels: str) -> None:
        if value is None:
            self._gauges.pop(_series(name, labels), None)
        else:
            self._gauges[_series(name, labels)] = value

    def units(self, samples: Iterable[UnitSample]) -> None:
        self.of_units = list(samples)

    def observe(self, name: str, value: float, **labels: str) -> None:
        self._observed[_series(name, labels)].append(value)

    def counted(self, name: str, **labels: str) -> float:
        """The sum over all series of this name that carry these labels."""
        wanted = labels.items()
        return sum(value for (n, has), value in self._counts.items() if n == name and wanted <= dict(has).items())

    def last(self, name: str, **labels: str) -> float | None:
        return self._gauges.get(_series(name, labels))

    def observed(self, name: str, **labels: str) -> list[float]:
        return list(self._observed.get(_series(name, labels), ()))


class LogLine(NamedTuple):
    level: str
    event: str
    fields: dict[str, object]


class RecordingLog:
    """`lines` in order; `expect_quiet` is for the end of a test that meant no trouble."""

    def __init__(self) -> None:
        self.lines: list[LogLine] = []

    def info(self, event: str, **fields: object) -> None:
        self.lines.append(LogLine("info", event, fields))

    def warning(self, event: str, **fields: object) -> None:
        self.lines.append(LogLine("warning", event, fields))

    def alarm(self, event: str, **fields: object) -> None:
        self.lines.append(LogLine("alarm", event, fields))

    def events(self, level: str | None = None) -> list[str]:
        return [line.event for line in self.lines if level is None or line.level == level]

    def expect_quiet(self) -> None:
        loud = [line for line in self.lines if line.level != "info"]
        assert not loud, f"nobody expected these: {loud}"


def _series(name: str, labels: dict[str, str]) -> _Series:
    return name, tuple(sorted(labels.items()))
