"""When to try again: exponential backoff with full jitter, and a longer wait after a broker's confirm, which
promises nothing."""

from datetime import datetime, timedelta

from exchange.ports.time import Chance
from exchange.settings import Retry

__all__ = ["longest_wait", "next_try"]


def next_try(retry: Retry, chance: Chance, now: datetime, attempts: int, *, confirmed: bool) -> datetime:
    """The time of the next attempt after `attempts` so far."""
    ceiling = min(retry.cap_seconds, retry.base_seconds * 2.0 ** min(attempts, 30))
    wait = retry.floor_seconds + chance.uniform(0, ceiling) + (retry.confirmed_seconds if confirmed else 0)
    return now + timedelta(milliseconds=int(wait * 1000))


def longest_wait(retry: Retry) -> timedelta:
    """No attempt is ever due later than this after the one before."""
    return timedelta(seconds=retry.floor_seconds + retry.cap_seconds + retry.confirmed_seconds)
