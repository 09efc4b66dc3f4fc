"""The page of the dashboards, without a Prometheus: what it asks for, and what it says when nothing answers."""

import hashlib
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

import exchange.web.dashboards
from exchange.errors import InvalidValueError, TransportError
from exchange.remote.prometheus import Series
from exchange.web.dashboards import add_dashboards
from exchange.web.dashboards.boards import Asked, board, choices, names
from exchange.web.targets import add_targets

# uPlot 1.6.32 as npm has it
PUBLISHED = {
    "uPlot.iife.min.js": "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f",
    "uPlot.min.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
}


class Remembering:
    """A Prometheus that has one series for everything."""

    def __init__(self, fault: str = "") -> None:
        self.asked: list[str] = []
        self._fault = fault

    def now(self, expression: str) -> list[Series]:
        return self.over(expression, 0, 0, 0)

    def over(self, expression: str, start: float, end: float, step: float) -> list[Series]:
        self.asked.append(expression)
        if self._fault:
            raise TransportError(self._fault, code="PROMETHEUS")
        return [Series({"__name__": "yidi", "unit": "520304-001", "name": "甲局", "code": "QUOTA"}, ((1.0, 2.0),))]


def page(source: Remembering) -> TestClient:
    app = FastAPI()
    add_dashboards(app, source)
    return TestClient(app)


def test_what_is_drawn_is_what_was_answered() -> None:
    asked = page(Remembering())
    answer = asked.get("/dashboards/boards/yidi-glance/data?minutes=15").json()
    assert answer["end"] - answer["start"] == 900
    assert len(answer["panels"]) == len(asked.get("/dashboards/boards/yidi-glance").json()["panels"])
    refused = answer["panels"]["16"]["series"]
    assert refused == [
        {"name": "QUOTA", "labels": {"unit": "520304-001", "name": "甲局", "code": "QUOTA"}, "points": [[1.0, 2.0]]}
    ]


def test_every_mark_of_grafana_is_filled_in() -> None:
    source = Remembering()
    for name in names():
        page(source).get(
            f"/dashboards/boards/{name}/data?minutes=15" + ("&unit=520304-001" if name == "yidi-unit" else "")
        )
    assert source.asked
    assert not [expression for expression in source.asked if "$" in expression]


def test_a_prometheus_that_does_not_answer_is_said_in_every_panel() -> None:
    answer = page(Remembering("Prometheus does not answer")).get("/dashboards/boards/yidi-ledger/data?minutes=15")
    assert answer.status_code == 200
    assert {panel["fault"] for panel in answer.json()["panels"].values()} == {
        "Prometheus 没有应答：Prometheus does not answer"
    }


@pytest.mark.parametrize("value", ['"}', "a{b", "$x", "", "x" * 81, "a\nb"])
def test_a_variable_cannot_change_a_query(value: str) -> None:
    with pytest.raises(InvalidValueError):
        Asked(0, 900, {"unit": value})


def test_variables_take_what_their_metric_has() -> None:
    known = {"templating": {"list": [{"type": "query", "name": "unit", "definition": "query_result(yidi_x)"}]}}
    source = Remembering()
    assert choices(known, source) == {"unit": {"520304-001": "甲局"}}
    assert source.asked == ["count by (unit, name) (yidi_x)"]


def test_the_page_may_run_its_own_script_and_nothing_else() -> None:
    asked = page(Remembering())
    answer = asked.get("/dashboards")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self';" in policy
    assert "unsafe" not in policy
    for part in ("page.js", "page.css", "uplot.js", "uplot.css"):
        assert f"dashboards/parts/{part}" in answer.text
        assert asked.get(f"/dashboards/parts/{part}").status_code == 200
    assert asked.get("/dashboards/parts/routes.py").status_code == 404


def test_the_library_is_as_it_was_published() -> None:
    folder = Path(exchange.web.dashboards.__file__).parent / "uplot"
    for name, digest in PUBLISHED.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    assert "MIT" in (folder / "LICENSE").read_text()


def test_the_glance_comes_first() -> None:
    assert next(iter(names())) == "yidi-glance"
    assert board("elsewhere") is None


def test_a_hub_tells_prometheus_where_its_workers_are(tmp_path: Path) -> None:
    (tmp_path / "router-1.url").write_text("http://127.0.0.1:4001\n")
    (tmp_path / "clock-2.url").write_text("http://127.0.0.1:4002\n")
    app = FastAPI()
    add_targets(app, tmp_path, ["clock-1", "router-1"])
    assert TestClient(app).get("/targets").json() == [
        {"targets": ["127.0.0.1:9"], "labels": {"instance": "clock-1"}},  # it does not run, and must be missed
        {"targets": ["127.0.0.1:4002"], "labels": {"instance": "clock-2"}},
        {"targets": ["127.0.0.1:4001"], "labels": {"instance": "router-1"}},
    ]
