"""How much one caller may ask of this process: attempts in a window, uploads at once. Bounded memory.

Not here: what a unit may send or upload in a day (`exchange.services`). Limits: counted in this process; a restart
forgets.
"""

import math
import threading
from collections import Counter, OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from exchange.errors import LimitError
from exchange.ports.time import Clock

__all__ = ["Attempts", "Left", "Rate", "Slots"]


class Attempts:
    """At most `allowed` in each window per key. The keys are a stranger's to choose: only the latest are kept."""

    def __init__(self, clock: Clock, allowed: int, *, window_seconds: float = 600.0, keys: int = 10_000) -> None:
        self._clock, self._allowed, self._window, self._keys = clock, allowed, window_seconds, keys
        self._made: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._lock = threading.Lock()

    def count(self, key: str) -> None:
        """Raises LimitError (RATE) for one too many, which counts, too."""
        now = self._clock.monotonic()
        with self._lock:
            began, made = self._made.pop(key, (now, 0))
            if now - began >= self._window:
                began, made = now, 0
            self._made[key] = (began, made + 1)
            if len(self._made) > self._keys:
                self._made.popitem(last=False)
        if made >= self._allowed:
            raise LimitError("too many attempts: wait ten minutes", code="RATE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What a caller may still ask. `refused`: this was one too many."""

    allowed: int
    left: int
    seconds: int
    window: int
    refused: bool

    def fields(self) -> dict[str, str]:
        """As HTTP says it, by the draft for RateLimit fields."""
        return {
            "RateLimit-Policy": f'"requests";q={self.allowed};w={self.window}',
            "RateLimit": f'"requests";r={self.left};t={self.seconds}',
        }


class Rate:
    """At most `allowed` in each minute per key, which is somebody known."""

    def __init__(self, clock: Clock, allowed: int, *, window_seconds: int = 60) -> None:
        self._clock, self._allowed, self._window = clock, allowed, window_seconds
        self._made: dict[str, tuple[float, int]] = {}
        self._lock = threading.Lock()

    def take(self, key: str) -> Left:
        now = self._clock.monotonic()
        with self._lock:
            began, made = self._made.get(key, (now, 0))
            if now - began >= self._window:
                began, made = now, 0
            self._made[key] = (began, made + 1)
        return Left(
            allowed=self._allowed,
            left=max(0, self._allowed - made - 1),
            seconds=math.ceil(began + self._window - now),
            window=self._window,
            refused=made >= self._allowed,
        )


class Slots:
    """At most `allowed` at once per key, which is somebody known: a unit, a token."""

    def __init__(self, allowed: int) -> None:
        self._allowed = allowed
        self._taken: Counter[str] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def one(self, key: str) -> Iterator[None]:
        """Raises LimitError (RATE)."""
        with self._lock:
            if self._taken[key] >= self._allowed:
                raise LimitError(f"{self._allowed} at once are running already", code="RATE")
            self._taken[key] += 1
        try:
            yield
        finally:
            with self._lock:
                self._taken[key] -= 1
                if not self._taken[key]:
                    del self._taken[key]
