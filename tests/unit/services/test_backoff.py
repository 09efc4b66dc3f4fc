"""When to try again: never at once, never beyond the cap, whatever chance says."""

import random
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from exchange.ports.transport import PublishResult
from exchange.services.backoff import after, next_try
from exchange.settings import Retry
from exchange.testing.clock import FakeClock

NOW = FakeClock().now()
RETRIES = st.builds(
    Retry,
    floor_seconds=st.floats(0, 60),
    base_seconds=st.floats(0.01, 60),
    cap_seconds=st.floats(0.01, 3600),
    confirmed_seconds=st.floats(0.01, 600),
)


class Longest:
    def uniform(self, a: float, b: float) -> float:
        return b


@given(RETRIES, st.integers(0, 10_000), st.booleans(), st.randoms(use_true_random=False))
def test_the_wait_lies_between_the_floor_and_the_cap(
    retry: Retry, attempts: int, confirmed: bool, chance: random.Random
) -> None:
    more = retry.confirmed_seconds if confirmed else 0
    wait = (next_try(retry, chance, NOW, attempts, confirmed=confirmed) - NOW).total_seconds()
    assert retry.floor_seconds + more - 0.002 <= wait <= retry.floor_seconds + retry.cap_seconds + more + 0.002


@given(RETRIES, st.integers(0, 100))
def test_the_longest_wait_never_falls_with_the_attempts(retry: Retry, attempts: int) -> None:
    waits = [next_try(retry, Longest(), NOW, n, confirmed=False) for n in (attempts, attempts + 1)]
    assert waits == sorted(waits)


def test_it_doubles_until_the_cap() -> None:
    retry = Retry(floor_seconds=1, base_seconds=5, cap_seconds=30)
    waits = [(next_try(retry, Longest(), NOW, n, confirmed=False) - NOW).total_seconds() for n in range(5)]
    assert waits == [6, 11, 21, 31, 31]


def test_times_are_whole_milliseconds() -> None:
    retry = Retry(floor_seconds=0.0015)
    assert next_try(retry, random.Random(1), NOW, 3, confirmed=False).microsecond % 1000 == 0


def test_a_confirm_only_lengthens_the_wait() -> None:
    class Shortest:
        def uniform(self, a: float, b: float) -> float:
            return a

    waits = [next_try(Retry(), Shortest(), NOW, 0, confirmed=confirmed) for confirmed in (False, True)]
    assert waits == [NOW + timedelta(seconds=1), NOW + timedelta(seconds=61)]


def test_only_what_was_sent_grows_the_wait_and_only_a_confirm_adds_to_it() -> None:
    retry = Retry(floor_seconds=1, base_seconds=5, cap_seconds=900, confirmed_seconds=60)
    waits = {told: (after(told, retry, Longest(), NOW, 9) - NOW).total_seconds() for told in PublishResult}
    assert waits == {
        PublishResult.ACCEPTED: 961,
        PublishResult.UNROUTABLE: 901,
        PublishResult.REFUSED: 901,
        PublishResult.UNKNOWN: 901,
        PublishResult.UNSENT: 21,
    }
