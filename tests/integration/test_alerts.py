"""The alert rules, judged by Prometheus's own promtool, and held against the metrics that there are."""

import re
import subprocess
from pathlib import Path

import pytest

from docs.make_metrics import PAGE, RUNBOOKS, Alert, alerts, page
from exchange.telemetry.catalogue import CATALOGUE, UNITS
from exchange.testing.stores import memory_hub_store, memory_node_store

RULES = list(alerts())
MEASURED = {**CATALOGUE, **UNITS}


def promtool(*arguments: str | Path) -> None:
    result = subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.fixture(scope="module")
def rules(repository: Path) -> Path:
    return repository / "deploy/prometheus/yidi-alerts.yml"


@pytest.fixture(scope="module")
def rows() -> set[str]:
    """What stores count."""
    hub, node = memory_hub_store(), memory_node_store()
    with hub.begin() as of_hub, node.begin() as of_node:
        counted = {*of_hub.counts(), *of_node.counts()}
    hub.close()
    node.close()
    return counted


@pytest.fixture(scope="module")
def played(repository: Path) -> str:
    return (repository / "tests/integration/alerts.yml").read_text(encoding="utf-8")


def test_prometheus_takes_the_rules_and_the_example_of_scraping(repository: Path, rules: Path) -> None:
    promtool("check", "rules", "--lint-fatal", rules)
    promtool("check", "config", repository / "deploy/prometheus/prometheus.yml")


def test_each_alert_fires_when_an_exchange_is_ill_and_is_silent_before_and_elsewhere(repository: Path) -> None:
    promtool("test", "rules", repository / "tests/integration/alerts.yml")


def test_each_alert_is_played_firing_and_silent(rules: Path, played: str) -> None:
    names = [rule.name for rule in RULES]
    assert names == re.findall(r"- alert: (\w+)", rules.read_text(encoding="utf-8"))
    for name in names:
        asked = rf"alertname=\"{name}\", alertstate=\"firing\"}}'\n +eval_time: \w+\n +exp_samples:"
        assert len(re.findall(asked + r" \[\]", played)) >= 1, f"{name} is never silent"
        assert len(re.findall(asked + r"\n", played)) >= 1, f"{name} never fires"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_an_alert_asks_only_for_what_is_measured(rule: Alert, rows: set[str]) -> None:
    assert rule.metrics <= MEASURED.keys()
    assert set(re.findall(r'what="(\w+)"', rule.expression)) <= rows
    for name, condition in re.findall(r"\b(yidi_\w+?)(?:_bucket)?\{(.*?)\}", rule.expression):
        for label, value in re.findall(r'(\w+)="(\w+)"', condition):
            assert MEASURED[name].legal(label, value)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_an_alert_says_in_chinese_what_is_wrong_and_where(rule: Alert, played: str) -> None:
    assert re.search(r"[\u4e00-\u9fff]{2}", rule.summary)
    (fired,) = set(
        re.findall(rf'ALERTS{{alertname="{rule.name}", alertstate="firing", ((?:instance|job)="ill".*?)}}', played)
    )
    labels = set(re.findall(r"(\w+)=", fired))
    # A service level is the county's, not a process's.
    assert ("instance" if "instance" in labels else "job") in re.findall(r"\$labels\.(\w+)", rule.summary)
    assert set(re.findall(r"\$labels\.(\w+)", rule.summary)) <= labels


def test_the_page_of_metrics_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `python docs/make_metrics.py`"


def test_each_alert_has_a_runbook_and_no_runbook_is_left_over() -> None:
    assert {path.stem for path in RUNBOOKS.glob("*.md")} == {rule.name for rule in RULES}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_an_alert_names_its_runbook_which_says_all_that_whoever_was_woken_needs(rule: Alert, rules: Path) -> None:
    text = rules.read_text(encoding="utf-8")
    assert f'runbook: "docs/runbooks/{rule.name}.md"' in text.split(f"- alert: {rule.name}\n")[1].split("- alert:")[0]
    page = (RUNBOOKS / f"{rule.name}.md").read_text(encoding="utf-8")
    assert page.startswith(f"# {rule.name} ")
    parts = re.split(r"^## ", page, flags=re.MULTILINE)[1:]
    assert [part.split(" ")[0] for part in parts] == ["含义", "影响", "检查", "处理", "何时叫谁"]
    assert all(len(part.splitlines()) > 2 for part in parts)
