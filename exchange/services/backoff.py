"""When to try again: exponential backoff with full jitter, and a longer wait after a broker's confirm, which
promises nothing. What could not even be sent is no attempt: it must not wait long once the line is back."""

from datetime import datetime, timedelta
from typing import Final

from exchange.ports.time import Chance
from exchange.ports.transport import PublishResult
from exchange.settings import Retry

__all__ = ["after", "longest_wait", "next_try"]

# As if it had been tried so often and no oftener: by default within 21 seconds. To ask costs nothing, for a
# connection has a backoff of its own.
_WHILE_DOWN: Final = 2


def next_try(retry: Retry, chance: Chance, now: datetime, attempts: int, *, confirmed: bool) -> datetime:
    """The time of the next attempt after `attempts` so far."""
    ceiling = min(retry.cap_seconds, retry.base_seconds * 2.0 ** min(attempts, 30))
    wait = retry.floor_seconds + chance.uniform(0, ceiling) + (retry.confirmed_seconds if confirmed else 0)
    return now + timedelta(milliseconds=int(wait * 1000))


def after(told: PublishResult, retry: Retry, chance: Chance, now: datetime, attempts: int) -> datetime:
    """The time of the next attempt after a publisher told the fate of this one, with `attempts` before it."""
    if told is PublishResult.UNSENT:
        attempts = min(attempts, _WHILE_DOWN)
    return next_try(retry, chance, now, attempts, confirmed=told is PublishResult.ACCEPTED)


def longest_wait(retry: Retry) -> timedelta:
    """No attempt is ever due later than this after the one before."""
    return timedelta(seconds=retry.floor_seconds + retry.cap_seconds + retry.confirmed_seconds)
