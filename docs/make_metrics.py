"""`python docs/make_metrics.py`: writes `metrics.md` from the catalogue of metrics and the alert rules.

Name, meaning and labels stand in `exchange.telemetry.catalogue`, what wakes somebody up in
`deploy/prometheus/yidi-alerts.yml`. A test holds the page against both.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from exchange.telemetry.catalogue import CATALOGUE, UNITS, Kind, Spec

__all__ = ["ALERTS", "PAGE", "RUNBOOKS", "Alert", "alerts", "page"]

PAGE = Path(__file__).with_name("metrics.md")
RUNBOOKS = Path(__file__).with_name("runbooks")
ALERTS = Path(__file__).parent.parent / "deploy/prometheus/yidi-alerts.yml"

_HEAD = """# Metrics 监控指标

`yidi up` serves them at `/metrics` of the address that it prints and writes to `web.url`. The folder
[`deploy/prometheus`](../deploy/prometheus) holds an example of scraping them, and the alert rules named here;
[`deploy/grafana`](../deploy/grafana) draws them.

- No label names a unit, a person or a document, but at `/metrics/units`, which tells how each unit's node is. Of a hub
  on real servers its clock serves it. Scrape it apart, once a minute: up to 20 series a unit are 60,000 of 3,000 units.
- A process counts what it does itself, from its start. What the command line does beside a running `yidi up`, such as
  `yidi send` and `yidi sign`, is not in its counters; it is in the rows, which are read from the stores.
- Ages and counts are 0 when nothing waits. A gauge of what does not exist has no series: the age of a checkpoint
  before the first one, the certificates of units where none is hosted. So has a counter with labels that has not
  counted yet.
- Gauges are read every 15 seconds, those of units and of what is unsigned every 30.
- Histograms have fixed buckets: the Python client of Prometheus writes no native ones (0.26).

This page is written by `python docs/make_metrics.py`.

## Metrics 指标

| Metric | Kind | Labels | Meaning | Alerts |
|---|---|---|---|---|
"""

_UNITS_HEAD = """
## Of each unit 各单位

At `/metrics/units`, each with the label `unit`. What a unit says of itself is shown while it is there.

| Metric | Kind | Labels | Meaning | Alerts |
|---|---|---|---|---|
"""

_ALERTS_HEAD = """
## Alerts 告警

`critical` 立即叫人 wakes somebody up; `warning` 当天处理 is looked at the same day. The page of each says what it
means, what users feel, how to check and how to mend it.

| Alert | Severity | Says |
|---|---|---|
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    name: str
    expression: str
    severity: str
    summary: str

    @property
    def metrics(self) -> frozenset[str]:
        """Names of the catalogue: a histogram's samples carry a suffix."""
        named = re.findall(r"(?<![:\w])yidi_\w+(?!\w*:)", self.expression)
        return frozenset(re.sub(r"_(bucket|sum|count)$", "", name) for name in named)


def alerts() -> Iterator[Alert]:
    """The rules as they stand in the file, which is written in one style."""
    rule = re.compile(
        r"- alert: (?P<name>\w+)\n +expr: (?P<expression>.*?)\n +(?:(?:keep_firing_)?for: \w+\n +)*"
        r"labels: {severity: (?P<severity>\w+)}"
        r'\n +annotations:\n +summary: "(?P<summary>.*?)"\n',
        re.DOTALL,
    )
    for found in rule.finditer(ALERTS.read_text(encoding="utf-8")):
        yield Alert(**found.groupdict())


def page() -> str:
    """The whole page."""
    rules = list(alerts())
    metrics = "".join(_row(name, spec, rules) for name, spec in CATALOGUE.items())
    units = "".join(_row(name, spec, rules) for name, spec in UNITS.items())
    return _HEAD + metrics + _UNITS_HEAD + units + _ALERTS_HEAD + "".join(map(_alert_row, rules))


def _row(name: str, spec: Spec, rules: list[Alert]) -> str:
    labels = "; ".join(_label(label, allowed) for label, allowed in spec.labels.items())
    used = ", ".join(f"`{rule.name}`" for rule in rules if name in rule.metrics)
    kind = {Kind.COUNTER: "counter", Kind.GAUGE: "gauge", Kind.HISTOGRAM: "histogram"}[spec.kind]
    return f"| `{name}` | {kind} | {labels} | {spec.help} | {used} |\n"


def _label(label: str, allowed: frozenset[str] | re.Pattern[str]) -> str:
    if isinstance(allowed, re.Pattern):
        return f"`{label}`"
    if label == "event":
        return f"`{label}`: an event"  # many, which the protocol lists
    return f"`{label}`: {', '.join(sorted(allowed))}"


def _alert_row(rule: Alert) -> str:
    says = re.sub(r"\{\{ *\$(?:labels\.)?(\w+).*?\}\}", lambda found: f"*{found[1]}*", rule.summary)
    return f"| [`{rule.name}`]({RUNBOOKS.name}/{rule.name}.md) | {rule.severity} | {says} |\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
