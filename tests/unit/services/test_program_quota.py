"""What a unit's programs may upload in a day, however often their node starts again."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from exchange.errors import AllowanceError, LimitError
from exchange.model.calendar import COUNTY_TIME, start_of
from exchange.ports.node import NodeSession, NodeStore
from exchange.services.node.program_quota import ProgramQuota
from exchange.testing.clock import FakeClock
from exchange.testing.stores import memory_node_store
from tests.unit.services.hub_and_node import A, B


def test_what_one_process_counted_the_next_one_knows_until_the_day_ends() -> None:
    clock, store = FakeClock(), memory_node_store()
    ProgramQuota(store, clock, 1000).take(A, 600)
    restarted = ProgramQuota(store, clock, 1000)
    restarted.check(A, 390)
    restarted.check(B, 1000)
    for ask in (restarted.check, restarted.take):
        with pytest.raises(AllowanceError) as refused:
            ask(A, 401)
        assert refused.value.until == start_of(clock.now().astimezone(COUNTY_TIME).date() + timedelta(days=1))
        assert refused.value.code == "QUOTA"
    clock.advance(timedelta(days=1))
    restarted.take(A, 1000)


def test_a_process_may_spend_all_that_it_drew_and_not_a_byte_more() -> None:
    quota = ProgramQuota(memory_node_store(), FakeClock(), 1000)
    for _ in range(100):
        quota.take(A, 10)
    with pytest.raises(AllowanceError):
        quota.take(A, 1)


def test_what_was_refused_or_did_not_come_is_not_counted() -> None:
    clock, store = FakeClock(), memory_node_store()
    quota = ProgramQuota(store, clock, 1000)
    quota.take(A, 900)
    with pytest.raises(AllowanceError):
        quota.take(A, 101)
    quota.give_back(A, 800)
    quota.check(A, 900)
    with pytest.raises(AllowanceError):
        quota.check(A, 901)
    ProgramQuota(store, clock, 1000).take(A, 890)  # but for the block that the first has drawn


def test_what_no_day_has_room_for_is_another_fault() -> None:
    with pytest.raises(LimitError) as refused:
        ProgramQuota(memory_node_store(), FakeClock(), 100).check(A, 101)
    assert refused.value.code == "SIZE"


class Counting:
    """A store that counts its synced commits."""

    def __init__(self, store: NodeStore) -> None:
        self._store, self.commits = store, 0
        self.look, self.close = store.look, store.close

    @contextmanager
    def begin(self) -> Iterator[NodeSession]:
        self.commits += 1
        with self._store.begin() as session:
            yield session


def test_a_file_that_comes_in_small_pieces_costs_few_commits() -> None:
    store = Counting(memory_node_store())
    quota = ProgramQuota(store, FakeClock(), 100 << 30)
    for _ in range(1024):
        quota.take(A, 1 << 20)
    assert store.commits <= 17
