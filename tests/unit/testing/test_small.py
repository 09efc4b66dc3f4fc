"""The small fakes: clock, ids, metrics, log."""

import random
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from exchange.testing.clock import FakeClock
from exchange.testing.ids import SeededIds
from exchange.testing.metrics import RecordingLog, RecordingMetrics


def test_time_passes_on_both_clocks() -> None:
    clock = FakeClock(datetime(2026, 1, 1, tzinfo=UTC))
    clock.advance(timedelta(seconds=90))
    assert (clock.now(), clock.monotonic()) == (datetime(2026, 1, 1, 0, 1, 30, tzinfo=UTC), 90.0)


@pytest.mark.parametrize("by", [timedelta(days=3), timedelta(days=-3)])
def test_a_jump_moves_the_wall_clock_alone(by: timedelta) -> None:
    clock = FakeClock(datetime(2026, 1, 1, tzinfo=UTC))
    clock.jump(by)
    assert (clock.now(), clock.monotonic()) == (datetime(2026, 1, 1, tzinfo=UTC) + by, 0.0)


def test_time_does_not_run_backwards() -> None:
    with pytest.raises(ValueError, match="backwards"):
        FakeClock().advance(timedelta(seconds=-1))


def test_the_wall_clock_tells_whole_milliseconds_and_loses_none() -> None:
    clock = FakeClock(datetime(2026, 1, 1, 0, 0, 0, 999_999, tzinfo=UTC))
    assert clock.now().microsecond == 999_000
    for _ in range(10):
        clock.advance(timedelta(microseconds=500))
    assert clock.now() == datetime(2026, 1, 1, 0, 0, 1, 4_000, tzinfo=UTC)


def test_a_seed_repeats_its_ids() -> None:
    one, same, other = SeededIds(1), SeededIds(random.Random(1)), SeededIds(2)
    ids = [one.new() for _ in range(3)]
    assert ids == [same.new() for _ in range(3)]
    assert len({*ids, other.new()}) == 4
    assert all(str(uuid.UUID(text)) == text and uuid.UUID(text).version == 4 for text in ids)


def test_counts_are_summed_over_the_labels_left_open() -> None:
    metrics = RecordingMetrics()
    metrics.count("yidi_a_total", lane="urgent", unit="1")
    metrics.count("yidi_a_total", 2, lane="urgent", unit="2")
    metrics.count("yidi_a_total", 4, lane="normal", unit="1")
    metrics.gauge("yidi_b", 1)
    metrics.gauge("yidi_b", 5)
    metrics.observe("yidi_c_seconds", 0.5, step="x")
    assert (metrics.counted("yidi_a_total"), metrics.counted("yidi_a_total", lane="urgent")) == (7, 3)
    assert (metrics.last("yidi_b"), metrics.last("yidi_none")) == (5, None)
    assert metrics.observed("yidi_c_seconds", step="x") == [0.5]
    metrics.gauge("yidi_b", None)
    assert metrics.last("yidi_b") is None


def test_an_alarm_nobody_expected_fails_the_test() -> None:
    log = RecordingLog()
    log.info("started", unit="1")
    log.expect_quiet()
    log.alarm("conflict", unit="1")
    assert (log.events(), log.events("alarm")) == (["started", "conflict"], ["conflict"])
    with pytest.raises(AssertionError, match="conflict"):
        log.expect_quiet()
