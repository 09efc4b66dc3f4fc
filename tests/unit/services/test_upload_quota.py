"""What a unit may upload in a day, whoever counts and however often the counting process ends."""

from datetime import timedelta

import pytest

from exchange.errors import AllowanceError, LimitError
from exchange.model.calendar import COUNTY_TIME, start_of
from exchange.services.hub.upload_quota import UploadQuota
from exchange.testing.clock import FakeClock
from exchange.testing.stores import memory_hub_store
from tests.unit.services.hub_and_node import A, B


def test_what_one_process_counted_the_next_one_knows_until_the_day_ends() -> None:
    clock, store = FakeClock(), memory_hub_store()
    UploadQuota(store, clock, 100).take(A, 60)
    restarted = UploadQuota(store, clock, 100)
    restarted.check(A, 40)
    restarted.check(B, 100)
    for ask in (restarted.check, restarted.take):
        with pytest.raises(AllowanceError) as refused:
            ask(A, 41)
        assert refused.value.until == start_of(clock.now().astimezone(COUNTY_TIME).date() + timedelta(days=1))
    clock.advance(timedelta(days=1))
    restarted.take(A, 100)


def test_what_was_refused_or_did_not_come_is_not_counted() -> None:
    quota = UploadQuota(memory_hub_store(), FakeClock(), 100)
    quota.take(A, 90)
    with pytest.raises(AllowanceError):
        quota.take(A, 11)
    quota.give_back(A, 80)
    quota.take(A, 90)


def test_what_no_day_has_room_for_is_another_fault() -> None:
    with pytest.raises(LimitError) as refused:
        UploadQuota(memory_hub_store(), FakeClock(), 100).check(A, 101)
    assert refused.value.code == "SIZE"
