"""A wall clock that is or was wrong leaves nothing waiting for a time far ahead."""

from datetime import datetime, timedelta

import pytest

from exchange.errors import StorageError
from exchange.testing.clock import FakeClock
from exchange.testing.metrics import RecordingLog
from workers.watch import ClockWatch

DAYS, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


@pytest.mark.parametrize("by", [-DAYS, timedelta(minutes=-2)], ids=str)
def test_a_clock_set_back_makes_everything_due_once(by: timedelta) -> None:
    clock, log = FakeClock(), RecordingLog()
    beyond: list[datetime] = []
    watch = ClockWatch(clock, beyond.append, HOUR, log)
    clock.advance(DAYS)
    assert watch.look() == 0
    clock.jump(by)
    assert [watch.look(), watch.look()] == [1, 0]
    assert beyond[1:] == [clock.now(), clock.now() + HOUR + MINUTE]
    assert log.events("alarm") == ["clock_set_back"]


@pytest.mark.parametrize("by", [DAYS, timedelta(seconds=-30), timedelta()], ids=str)
def test_a_clock_set_forward_or_corrected_a_little_is_nothing(by: timedelta) -> None:
    clock, log = FakeClock(), RecordingLog()
    beyond: list[datetime] = []
    watch = ClockWatch(clock, beyond.append, HOUR, log)
    clock.advance(DAYS)
    clock.jump(by)
    assert watch.look() == 0
    assert beyond == [clock.now() + HOUR + MINUTE]
    log.expect_quiet()


def test_what_was_stored_while_the_clock_was_ahead_between_two_looks_is_found_by_its_time_alone() -> None:
    clock, due = FakeClock(), {"soon": timedelta(minutes=5), "never": 3 * DAYS}
    right = clock.now()

    def make_due(beyond: datetime) -> None:
        due.update({name: timedelta() for name, wait in due.items() if right + wait > beyond})

    ClockWatch(clock, make_due, HOUR, RecordingLog()).look()
    assert due == {"soon": timedelta(minutes=5), "never": timedelta()}


def test_a_store_that_cannot_take_it_is_asked_again() -> None:
    clock, faults = FakeClock(), [StorageError("locked")]

    def make_due(_beyond: datetime) -> None:
        if faults:
            raise faults.pop()

    watch = ClockWatch(clock, make_due, HOUR, RecordingLog())
    clock.jump(-DAYS)
    with pytest.raises(StorageError):
        watch.look()
    assert watch.look() == 1
