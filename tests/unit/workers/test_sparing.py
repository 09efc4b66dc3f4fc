"""A look that is spared: never while something may have come, and never for long."""

from datetime import timedelta

from exchange.testing.clock import FakeClock
from workers.sparing import Sparing


class Store:
    """Something to look into: `work` is what a look finds, `commits` what was committed."""

    def __init__(self) -> None:
        self.clock, self.commits, self.looks, self.work = FakeClock(), 0, 0, 0
        self.step = Sparing(lambda: self.commits, self.clock)(self.look)

    def look(self) -> int:
        self.looks += 1
        done, self.work = self.work, 0
        return done


def test_a_look_that_found_nothing_is_not_repeated_while_nothing_was_committed() -> None:
    store = Store()
    assert [store.step() for _ in range(5)] == [0] * 5
    assert store.looks == 1


def test_a_commit_is_seen_at_once() -> None:
    store = Store()
    store.step()
    store.work, store.commits = 3, 1
    assert store.step() == 3


def test_after_a_look_that_found_something_there_is_another() -> None:
    store = Store()
    store.work = 1
    assert [store.step(), store.step(), store.step()] == [1, 0, 0]
    assert store.looks == 2


def test_what_was_committed_during_the_look_is_seen() -> None:
    store = Store()

    def look_while_somebody_commits() -> int:
        store.commits += 1
        return store.look()

    step = Sparing(lambda: store.commits, store.clock)(look_while_somebody_commits)
    step()
    store.work = 2
    assert step() == 2


def test_what_falls_due_with_time_is_found_soon() -> None:
    store = Store()
    store.step()
    store.work = 1
    store.clock.advance(timedelta(seconds=1))
    assert store.step() == 1
