"""Limits of what one caller may ask, and that they cost bounded memory."""

from datetime import timedelta

import pytest

from exchange.errors import LimitError
from exchange.testing.clock import FakeClock
from exchange.testing.keys import unit_code
from exchange.web.limits import Attempts, Slots

UNIT, OTHER = unit_code(1), unit_code(2)


def refused(limit: Attempts, key: str) -> bool:
    try:
        limit.count(key)
    except LimitError as error:
        return error.code == "RATE"
    return False


def test_attempts_are_counted_per_key_until_the_window_has_passed() -> None:
    clock = FakeClock()
    limit = Attempts(clock, 2, window_seconds=60)
    assert [refused(limit, "a") for _ in range(4)] == [False, False, True, True]
    assert not refused(limit, "b")
    clock.advance(timedelta(seconds=60))
    assert not refused(limit, "a")


def test_only_the_latest_keys_are_kept() -> None:
    limit = Attempts(FakeClock(), 1, keys=2)
    assert [refused(limit, key) for key in ("a", "b", "b", "c", "b", "a")] == [False, False, True, False, True, False]


def test_a_slot_is_given_back_whatever_happens() -> None:
    slots = Slots(1)
    with slots.one(UNIT), slots.one(OTHER), pytest.raises(LimitError), slots.one(UNIT):
        pass
    with pytest.raises(RuntimeError), slots.one(UNIT):
        raise RuntimeError
    with slots.one(UNIT):
        pass
