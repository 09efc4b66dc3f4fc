"""The catalogue of metrics, and what happens to measurements outside it."""

import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from exchange.telemetry.catalogue import CATALOGUE, UNITS, Kind
from exchange.telemetry.metrics import PrometheusMetrics, make_metrics


@pytest.fixture
def strict() -> PrometheusMetrics:
    return make_metrics(strict=True)


def value(metrics: PrometheusMetrics, name: str, **labels: str) -> float | None:
    for family in text_string_to_metric_families(metrics.render().decode()):
        for sample in family.samples:
            if sample.name == name and sample.labels == labels:
                return float(sample.value)
    return None


def test_counters_gauges_and_histograms_are_rendered(strict: PrometheusMetrics) -> None:
    strict.count("yidi_router_refusals_total", 2, code="SECRECY")
    strict.count("yidi_router_refusals_total", code="SECRECY")
    strict.gauge("yidi_directory_version", 7, store="hub")
    strict.observe("yidi_router_accept_seconds", 0.3)
    assert value(strict, "yidi_router_refusals_total", code="SECRECY") == 3
    assert value(strict, "yidi_directory_version", store="hub") == 7
    assert value(strict, "yidi_router_accept_seconds_bucket", le="0.5") == 1
    assert value(strict, "yidi_router_accept_seconds_bucket", le="0.25") == 0


def test_a_counter_is_zero_from_the_start_for_every_value_that_its_labels_are_known_to_have(
    strict: PrometheusMetrics,
) -> None:
    assert value(strict, "yidi_router_duplicates_total") == 0
    assert value(strict, "yidi_acknowledger_receipts_total", event="SIGNED") == 0
    assert value(strict, "yidi_router_refusals_total", code="SECRECY") is None  # which codes there are is not listed


def test_no_creation_times_double_the_series(strict: PrometheusMetrics) -> None:
    assert "_created" not in strict.render().decode()


def test_a_gauge_is_shown_from_when_it_is_set_until_there_is_nothing_to_measure(strict: PrometheusMetrics) -> None:
    assert "yidi_ledger_checkpoint_age_seconds" not in strict.render().decode()
    strict.gauge("yidi_ledger_checkpoint_age_seconds", 0)
    assert value(strict, "yidi_ledger_checkpoint_age_seconds") == 0
    for _ in range(2):
        strict.gauge("yidi_ledger_checkpoint_age_seconds", None)
        assert "yidi_ledger_checkpoint_age_seconds" not in strict.render().decode()
    strict.gauge("yidi_ledger_checkpoint_age_seconds", 5)
    assert value(strict, "yidi_ledger_checkpoint_age_seconds") == 5


def test_one_series_of_a_gauge_goes_and_the_others_stay(strict: PrometheusMetrics) -> None:
    strict.gauge("yidi_directory_version", 7, store="hub")
    strict.gauge("yidi_directory_version", 6, store="node")
    strict.gauge("yidi_directory_version", None, store="node")
    strict.gauge("yidi_directory_expiry_seconds", None, store="node")
    assert value(strict, "yidi_directory_version", store="hub") == 7
    assert value(strict, "yidi_directory_version", store="node") is None


def test_two_sets_of_metrics_know_nothing_of_each_other(strict: PrometheusMetrics) -> None:
    other = make_metrics()
    strict.count("yidi_node_submitted_total")
    assert value(other, "yidi_node_submitted_total") == 0


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("yidi_made_up_total", {}),
        ("yidi_directory_version", {"store": "hub"}),  # a gauge is not counted
        ("yidi_router_refusals_total", {}),
        ("yidi_router_refusals_total", {"reason": "X"}),
        ("yidi_node_submitted_total", {"unit": "520304-001"}),
        ("yidi_router_refusals_total", {"code": "关于"}),
        ("yidi_router_envelopes_total", {"outcome": "maybe"}),
    ],
)
def test_what_the_catalogue_does_not_know_raises_in_tests(
    strict: PrometheusMetrics, name: str, labels: dict[str, str]
) -> None:
    with pytest.raises(ValueError, match="yidi_"):
        strict.count(name, 1, **labels)


def test_in_production_an_unknown_metric_is_swallowed_and_counted_as_a_fault() -> None:
    metrics = make_metrics()
    metrics.count("yidi_made_up_total")
    metrics.gauge("yidi_directory_version", 1, unit="x")
    metrics.count("yidi_node_submitted_total", -1)
    assert value(metrics, "yidi_telemetry_faults_total") == 3


def test_in_production_an_unknown_value_becomes_other() -> None:
    metrics = make_metrics()
    for n in range(1000):
        metrics.count("yidi_router_refusals_total", code=f"关于{n}")
    assert value(metrics, "yidi_router_refusals_total", code="other") == 1000


def test_names_and_help_texts_follow_the_house(strict: PrometheusMetrics) -> None:
    for name, spec in CATALOGUE.items():
        assert re.fullmatch(r"yidi_[a-z]+(_[a-z]+)+", name)
        assert name.endswith("_total") == (spec.kind is Kind.COUNTER)
        assert spec.help.endswith(".")
        assert bool(spec.buckets) == (spec.kind is Kind.HISTOGRAM)


def test_every_metric_that_the_program_names_is_in_the_catalogue(repository: Path) -> None:
    named = set()
    for room in ("exchange", "workers"):
        for path in (repository / room).rglob("*.py"):
            if path.name != "catalogue.py":
                named |= set(re.findall(r"\byidi_[a-z]+_[a-z_]+[a-z]\b", path.read_text(encoding="utf-8")))
    assert {name for name in named if name not in CATALOGUE and name not in UNITS} == set()
    assert len(named) > 10
