"""A wall clock that is set back wakes everything that waits for a time far ahead."""

from datetime import timedelta

import pytest

from exchange.errors import StorageError
from exchange.testing.clock import FakeClock
from exchange.testing.metrics import RecordingLog
from workers.watch import ClockWatch

DAYS = timedelta(days=1)


@pytest.mark.parametrize("by", [-DAYS, timedelta(minutes=-2)], ids=str)
def test_a_clock_set_back_makes_everything_due_once(by: timedelta) -> None:
    clock, log, woken = FakeClock(), RecordingLog(), []
    watch = ClockWatch(clock, lambda: woken.append(clock.now()), log)
    clock.advance(DAYS)
    assert watch.look() == 0
    clock.jump(by)
    assert [watch.look(), watch.look()] == [1, 0]
    assert woken == [clock.now()]
    assert log.events("alarm") == ["clock_set_back"]


@pytest.mark.parametrize("by", [DAYS, timedelta(seconds=-30), timedelta()], ids=str)
def test_a_clock_set_forward_or_corrected_a_little_is_nothing(by: timedelta) -> None:
    clock, log = FakeClock(), RecordingLog()
    watch = ClockWatch(clock, lambda: pytest.fail("woken"), log)
    clock.advance(DAYS)
    clock.jump(by)
    assert watch.look() == 0
    log.expect_quiet()


def test_a_store_that_cannot_take_it_is_asked_again() -> None:
    clock, faults = FakeClock(), [StorageError("locked")]

    def make_all_due() -> None:
        if faults:
            raise faults.pop()

    watch = ClockWatch(clock, make_all_due, RecordingLog())
    clock.jump(-DAYS)
    with pytest.raises(StorageError):
        watch.look()
    assert watch.look() == 1
