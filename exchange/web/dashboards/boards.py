"""Boards as Grafana's JSON has them, and what Prometheus says of each panel.

Of Grafana's language for queries as much is understood as our boards use: `$__rate_interval` and variables by name.
"""

import json
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Protocol

import exchange
from exchange.errors import InvalidValueError, TransportError
from exchange.model.meanings import words_of
from exchange.remote.prometheus import Series

__all__ = ["Asked", "Source", "board", "choices", "data", "names", "variables"]

_POINTS: Final = 240
_SHORTEST_RATE: Final = 60.0
_MOST_SERIES: Final = 40
_VALUE: Final = re.compile(r"[\w.:/ -]{1,80}")
_VARIABLE: Final = re.compile(r"query_result\((?P<metric>[a-z_:]+)\)")


class Source(Protocol):
    """As `exchange.remote.prometheus.PrometheusClient`."""

    def now(self, expression: str) -> list[Series]: ...
    def over(self, expression: str, start: float, end: float, step: float) -> list[Series]: ...


@dataclass(frozen=True, slots=True)
class Asked:
    """What of a board: from `start` to `end` (Unix time in seconds), and what its variables are."""

    start: float
    end: float
    variables: Mapping[str, str]

    def __post_init__(self) -> None:
        if not 60 <= self.end - self.start <= 31 * 86400:
            raise InvalidValueError("the span is at least a minute and at most 31 days")
        for name, value in self.variables.items():
            if not _VALUE.fullmatch(value):
                raise InvalidValueError(f"{name}: no such value")

    @property
    def step(self) -> float:
        return max(1.0, (self.end - self.start) / _POINTS)

    def filled(self, expression: str) -> str:
        """The query without Grafana's marks."""
        filled = expression.replace("$__rate_interval", f"{max(_SHORTEST_RATE, 4 * self.step):.0f}s")
        for name, value in self.variables.items():
            filled = filled.replace(f"${name}", value)
        return filled


def names() -> dict[str, str]:
    """Board -> title, in the order of the files."""
    return {name: one["title"] for name, one in _boards().items()}


def board(name: str) -> dict[str, Any] | None:
    return _boards().get(name)


def variables(one: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What a person chooses beside the span of time."""
    return [variable for variable in one["templating"]["list"] if variable["type"] == "query"]


def choices(one: Mapping[str, Any], source: Source) -> dict[str, dict[str, str]]:
    """Variable -> the values that it may take, each with the name that a person knows. Raises TransportError."""
    found = {}
    for variable in variables(one):
        asked = _VARIABLE.fullmatch(variable["definition"])
        if asked is None:
            raise InvalidValueError(f"{variable['name']}: a variable that this page does not understand")
        label = variable["name"]
        series = source.now(f"count by ({label}, name) ({asked['metric']})")
        found[label] = {one.labels[label]: one.labels.get("name", "") for one in series if label in one.labels}
    return found


def data(one: Mapping[str, Any], asked: Asked, source: Source) -> dict[str, Any]:
    """Panel -> `series`, a list of {name, labels, points}, or `fault`, why there are none."""
    with ThreadPoolExecutor(4) as pool:
        answers = pool.map(lambda panel: _panel(panel, asked, source), one["panels"])
        return {str(panel["id"]): answer for panel, answer in zip(one["panels"], answers, strict=True)}


@cache
def _boards() -> dict[str, dict[str, Any]]:
    inside = Path(exchange.__file__).parent
    places = [inside / "boards", inside.parent / "deploy/grafana/dashboards"]  # an installed package, a checkout
    folder = next(place for place in places if place.is_dir())
    read = [json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*.json")]
    return {one["uid"]: one for one in sorted(read, key=_rank)}


def _rank(one: Mapping[str, Any]) -> tuple[bool, str]:
    return "glance" not in one["uid"], one["uid"]


def _panel(panel: Mapping[str, Any], asked: Asked, source: Source) -> dict[str, Any]:
    try:
        return {"series": [found for target in panel["targets"] for found in _target(target, asked, source)]}
    except TransportError as error:
        return {"series": [], "fault": words_of(error.code, error.message)}


def _target(target: Mapping[str, Any], asked: Asked, source: Source) -> Iterator[dict[str, Any]]:
    expression = asked.filled(target["expr"])
    found = source.now(expression) if target["instant"] else source.over(expression, asked.start, asked.end, asked.step)
    for one in [series for series in found if series.points][:_MOST_SERIES]:
        labels = {name: value for name, value in one.labels.items() if name != "__name__"}
        yield {"name": _named(target["legendFormat"], labels), "labels": labels, "points": one.points}


def _named(legend: str, labels: Mapping[str, str]) -> str:
    return re.sub(r"\{\{(\w+)\}\}", lambda found: labels.get(found[1], ""), legend).strip()
