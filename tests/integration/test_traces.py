"""Traces of documents: what a collector gets, and that nobody waits for one that is not there."""

import io
from pathlib import Path

import pytest

from exchange.errors import InputError
from exchange.settings import Traces
from exchange.telemetry import configure_log, make_metrics
from exchange.telemetry.trace_ids import root_id, trace_id
from exchange.testing.metrics import RecordingMetrics
from exchange.wiring.traces import open_traces
from tests.integration.collector import collector

DOCUMENT = "520304-001/0191f6a2-0000-4000-8000-000000000001"
NOBODY = "http://127.0.0.1:9/v1/traces"


def test_lines_about_a_document_are_spans_of_one_trace_whoever_wrote_them(tmp_path: Path) -> None:
    (tmp_path / "headers").write_text("x-token: canary-token\n")
    with collector("canary-token") as server:
        metrics = RecordingMetrics()
        settings = Traces(endpoint=server.url, headers_file="headers")
        for process, event in (("node", "envelope_submitted"), ("router-1", "envelope_accepted")):
            spans = open_traces(settings, tmp_path, process, metrics)
            log = configure_log(io.StringIO(), process=process, also=spans.take)
            log.info(event, envelope=DOCUMENT, recipients=2, title="青龙行动题", detail="白虎行动文", person="欧阳麒麟")
            log.info("unit_enrolled", unit="520304-001")
            spans.close()
        root, second = server.spans(trace_id(DOCUMENT))
        assert [(one.service, one.name) for one in (root, second)] == [
            ("yidi-node", "envelope_submitted"), ("yidi-router-1", "envelope_accepted")
        ]  # fmt: skip
        assert (root.id, root.parent, second.parent) == (root_id(DOCUMENT), "", root.id)
        assert root.attributes == {"yidi.envelope": DOCUMENT, "yidi.recipients": 2, "yidi.level": "info"}
        for secret in ("青龙", "白虎", "麒麟", "canary", "unit_enrolled"):
            assert secret.encode() not in server.raw
    assert metrics.counted("yidi_telemetry_spans_total", outcome="sent") == 2


def test_a_collector_that_is_away_costs_spans_that_are_counted_and_nothing_else(tmp_path: Path) -> None:
    metrics, stream = make_metrics(), io.StringIO()
    spans = open_traces(Traces(endpoint=NOBODY), tmp_path, "node", metrics)
    log = configure_log(stream, also=spans.take)
    for _ in range(6000):
        log.info("envelope_accepted", envelope=DOCUMENT)
    spans.close()
    assert stream.getvalue().count("envelope_accepted") == 6000
    assert b'yidi_telemetry_spans_total{outcome="dropped"} 6000.0' in metrics.render()


def test_headers_that_are_none_are_told_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "headers").write_text("canary\n")
    for name in ("headers", "absent"):
        with pytest.raises(InputError, match=r"traces\.headers_file") as raised:
            open_traces(Traces(endpoint=NOBODY, headers_file=name), tmp_path, "node", RecordingMetrics())
        assert "canary" not in str(raised.value)
