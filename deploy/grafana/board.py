"""What a dashboard says, in few words, and Grafana's JSON of it.

A board is a list of panels, laid out from left to right in rows of 24 columns, as Grafana has them. Titles are Chinese,
then English. What a panel shows when Prometheus has no such series is part of it (`empty`): a panel without these words
must never be empty.

Not here: the boards (`deploy.grafana.boards`), who draws them (Grafana, or `exchange.web.dashboards`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

__all__ = ["Board", "Panel", "Query", "lines", "now", "table"]

GREEN, AMBER, RED, BLUE = "green", "orange", "red", "blue"
_COLUMNS: Final = 24
_SOURCE: Final = {"type": "prometheus", "uid": "${source}"}


@dataclass(frozen=True, slots=True)
class Query:
    """`legend`: the name of its series, with {{label}} for what a label says."""

    expression: str
    legend: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """`steps`: from which value on which colour, after the first colour, which holds below them. `unit`: Grafana's.
    `names`: what stands in place of a series' name; of a table, its labels and their headings, in that order."""

    kind: str
    title: str
    says: str
    queries: tuple[Query, ...]
    unit: str
    width: int
    height: int
    first: str = GREEN
    steps: tuple[tuple[float, str], ...] = ()
    words: tuple[tuple[float, str], ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    empty: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """`uid` is its address and the name of its file. `variables`: name -> (label, metric whose label of that name it
    takes, and whose label `name` a person reads)."""

    uid: str
    title: str
    panels: Sequence[Panel]
    variables: dict[str, tuple[str, str]] = field(default_factory=dict)

    def grafana(self) -> dict[str, Any]:
        """The JSON that Grafana imports and provisions."""
        return {
            "uid": self.uid,
            "title": self.title,
            "tags": ["yidi"],
            "schemaVersion": 39,
            "version": 1,
            "editable": False,
            "graphTooltip": 1,
            "refresh": "15s",
            "timezone": "browser",
            "time": {"from": "now-1h", "to": "now"},
            "links": [{"type": "dashboards", "tags": ["yidi"], "title": "驿递 Yidi", "asDropdown": True}],
            "templating": {"list": [_source_variable(), *self._variables()]},
            "panels": [
                _panel(number, panel, place)
                for number, (panel, place) in enumerate(zip(self.panels, _places(self.panels), strict=True), 1)
            ],
        }

    def _variables(self) -> Iterator[dict[str, Any]]:
        for name, (label, metric) in self.variables.items():
            query = f"query_result({metric})"
            yield {
                "name": name,
                "label": label,
                "type": "query",
                "datasource": _SOURCE,
                "query": {"query": query, "refId": name},
                "definition": query,
                "regex": f'/name="(?<text>[^"]+)".*{name}="(?<value>[^"]+)"/',
                "refresh": 2,
                "sort": 1,
            }


def now(
    title: str,
    expression: str,
    says: str,
    *,
    unit: str = "short",
    first: str = GREEN,
    steps: Sequence[tuple[float, str]] = (),
    words: Sequence[tuple[float, str]] = (),
    empty: str = "",
    width: int = 3,
) -> Panel:
    """One figure, as it is at this moment, coloured by how good it is. `words`: what stands in place of a value."""
    return Panel(
        kind="stat",
        title=title,
        says=says,
        queries=(Query(expression),),
        unit=unit,
        width=width,
        height=4,
        first=first,
        steps=tuple(steps),
        words=tuple(words),
        empty=empty,
    )


def lines(
    title: str,
    queries: Sequence[tuple[str, str]],
    says: str,
    *,
    unit: str = "short",
    steps: Sequence[tuple[float, str]] = (),
    names: Mapping[str, str] | None = None,
    empty: str = "",
    width: int = 8,
) -> Panel:
    """Curves over time. `queries`: expression and legend. `steps` are drawn as limits. `names`: legend -> words."""
    return Panel(
        kind="timeseries",
        title=title,
        says=says,
        queries=tuple(Query(*one) for one in queries),
        unit=unit,
        width=width,
        height=8,
        first=BLUE,
        steps=tuple(steps),
        names=names or {},
        empty=empty,
    )


def table(
    title: str, expression: str, says: str, *, columns: Mapping[str, str], empty: str = "", width: int = 12
) -> Panel:
    """A row for each series of this moment. `columns`: label -> its heading; the value is not shown."""
    return Panel(
        kind="table",
        title=title,
        says=says,
        queries=(Query(expression),),
        unit="short",
        width=width,
        height=8,
        names=columns,
        empty=empty,
    )


def _source_variable() -> dict[str, Any]:
    return {"name": "source", "label": "数据源 Data source", "type": "datasource", "query": "prometheus", "current": {}}


def _places(panels: Sequence[Panel]) -> Iterator[dict[str, int]]:
    x = y = height = 0
    for panel in panels:
        if x + panel.width > _COLUMNS or (height and panel.height != height):
            x, y = 0, y + height
        yield {"x": x, "y": y, "w": panel.width, "h": panel.height}
        x, height = x + panel.width, panel.height


def _panel(number: int, panel: Panel, place: dict[str, int]) -> dict[str, Any]:
    at_once = panel.kind != "timeseries"
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.says,
        "gridPos": place,
        "datasource": _SOURCE,
        "targets": [
            {
                "refId": "ABCDEFGH"[at],
                "expr": query.expression,
                "legendFormat": query.legend,
                "instant": at_once,
                "range": not at_once,
                **({"format": "table"} if panel.kind == "table" else {}),
            }
            for at, query in enumerate(panel.queries)
        ],
        "fieldConfig": {"defaults": _field(panel), "overrides": _overrides(panel)},
        "options": _OPTIONS[panel.kind],
        **({"transformations": [_columns(panel)]} if panel.kind == "table" else {}),
    }


def _field(panel: Panel) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "unit": panel.unit,
        "noValue": panel.empty or "？",
        "thresholds": {
            "mode": "absolute",
            "steps": [{"value": None, "color": panel.first}]
            + [{"value": value, "color": color} for value, color in panel.steps],
        },
    }
    if panel.words:
        options = {str(value): {"text": word} for value, word in panel.words}
        settings["mappings"] = [{"type": "value", "options": options}]
    if panel.kind == "timeseries":
        settings["min"] = 0
        limits = "line" if panel.steps else "off"
        settings["custom"] = {"fillOpacity": 10, "showPoints": "never", "thresholdsStyle": {"mode": limits}}
    return settings


def _overrides(panel: Panel) -> list[dict[str, Any]]:
    if panel.kind != "timeseries":
        return []
    return [
        {"matcher": {"id": "byName", "options": name}, "properties": [{"id": "displayName", "value": words}]}
        for name, words in panel.names.items()
    ]


def _columns(panel: Panel) -> dict[str, Any]:
    order = {name: at for at, name in enumerate(panel.names)}
    hidden = dict.fromkeys(("Time", "Value", "__name__"), True)
    options = {"excludeByName": hidden, "indexByName": order, "renameByName": dict(panel.names)}
    return {"id": "organize", "options": options}


_OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "stat": {
        "colorMode": "background",
        "graphMode": "none",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
    },
    "timeseries": {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "table": {"showHeader": True, "cellHeight": "sm"},
}
