"""What gets into the log, and what does not."""

import io
import json
from typing import Any

import pytest

from exchange.telemetry.log import MAX_VALUE, StructLog, configure_log, log_context
from exchange.telemetry.metrics import make_metrics


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def log(stream: io.StringIO) -> StructLog:
    return configure_log(stream)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().split("\n") if line]


def test_a_line_is_json_with_time_level_and_event(log: StructLog, stream: io.StringIO) -> None:
    log.info("envelope_accepted", envelope="520304-001/x", recipients=127)
    (line,) = lines(stream)
    assert line.pop("time").endswith("Z")
    assert line == {"level": "info", "event": "envelope_accepted", "envelope": "520304-001/x", "recipients": 127}


def test_each_level_has_its_name(log: StructLog, stream: io.StringIO) -> None:
    log.info("a")
    log.warning("b")
    log.alarm("c")
    assert [line["level"] for line in lines(stream)] == ["info", "warning", "alarm"]


@pytest.mark.parametrize(
    "field",
    [
        "title",
        "content",
        "body",
        "name",
        "file_name",
        "text",
        "person",
        "operator",
        "document",
        "passphrase",
        "private_key",
        "Title",
    ],
)
def test_what_a_document_says_is_dropped_and_the_drop_is_told(log: StructLog, stream: io.StringIO, field: str) -> None:
    log.info("x", **{field: "关于青龙行动的通知"})
    assert "青龙" not in stream.getvalue()
    assert lines(stream)[0]["dropped"] == field


@pytest.mark.parametrize("value", [b"bytes", {"a": "青龙"}, ["青龙"], object(), ValueError("青龙")])
def test_values_that_are_no_scalars_are_dropped(log: StructLog, stream: io.StringIO, value: object) -> None:
    log.info("x", detail=value)
    assert "青龙" not in stream.getvalue()
    assert lines(stream)[0]["dropped"] == "detail"


def test_the_name_of_an_event_is_no_private_name(log: StructLog, stream: io.StringIO) -> None:
    log.info("decided", event_name="SIGNED", code="SIG_WRAP", detail="line 3")
    assert lines(stream)[0]["event_name"] == "SIGNED"


def test_a_value_breaks_no_line_and_is_cut(log: StructLog, stream: io.StringIO) -> None:
    log.warning("x", detail="a\nb\r\u2028\ud800" + "z" * 10_000)
    (line,) = lines(stream)
    assert len(line["detail"]) < MAX_VALUE + 10
    assert stream.getvalue().count("\n") == 1


def test_ids_bound_around_a_block_are_on_every_line_within(log: StructLog, stream: io.StringIO) -> None:
    with log_context(trace="t1"):
        log.info("a")
        with log_context(envelope="e1"):
            log.info("b")
    log.info("c")
    assert [(line.get("trace"), line.get("envelope")) for line in lines(stream)] == [
        ("t1", None),
        ("t1", "e1"),
        (None, None),
    ]


def test_a_log_that_cannot_be_written_stops_nothing(log: StructLog, stream: io.StringIO) -> None:
    stream.close()
    log.info("a")
    log.alarm("b")


def test_a_field_called_like_our_own_stops_nothing(log: StructLog, stream: io.StringIO) -> None:
    log.info("a", level="x", time="y")
    log.info("b")
    assert lines(stream)[-1]["event"] == "b"


def test_alarms_are_counted_by_event_and_code(stream: io.StringIO) -> None:
    metrics = make_metrics(strict=True)
    log = configure_log(stream, metrics)
    log.alarm("receipt_invalid", code="SIG_WRAP")
    log.alarm("delivery_expired", envelope="x")
    log.warning("no_alarm")
    shown = metrics.render().decode()
    assert 'yidi_telemetry_alarms_total{code="SIG_WRAP",event="receipt_invalid"} 1.0' in shown
    assert 'yidi_telemetry_alarms_total{code="NONE",event="delivery_expired"} 1.0' in shown
    assert "no_alarm" not in shown
