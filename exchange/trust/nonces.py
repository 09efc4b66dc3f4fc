"""What was seen once and must not be seen again for a while. Bounded: when too much must be remembered, nothing more
is taken; what was promised is never forgotten early.

Not here: what survives the process.
"""

import threading
from collections import Counter, deque
from datetime import timedelta
from hashlib import blake2b

from exchange.errors import LimitError, SignatureError
from exchange.model.unit import UnitCode
from exchange.ports.time import Clock

__all__ = ["Nonces"]


class Nonces:
    def __init__(self, clock: Clock, *, life: timedelta, per_unit: int = 50_000, total: int = 200_000) -> None:
        """At worst about 200 bytes for each of `total`. `per_unit`: so that one unit cannot shut out the others."""
        self._clock, self._life = clock, life.total_seconds()
        self._per_unit, self._total = per_unit, total
        self._seen: set[bytes] = set()
        self._order: deque[tuple[float, bytes, UnitCode]] = deque()
        self._count: Counter[UnitCode] = Counter()
        self._lock = threading.Lock()

    def use(self, unit: UnitCode, nonce: str) -> None:
        """Raises SignatureError (HTTP_SIG_REPLAY) the second time within `life`, LimitError (RATE) when there is no
        room."""
        key = blake2b(nonce.encode(), digest_size=16).digest()
        now = self._clock.monotonic()
        with self._lock:
            self._forget(now)
            if key in self._seen:
                raise SignatureError("this very request came before", code="HTTP_SIG_REPLAY")
            if self._count[unit] >= self._per_unit or len(self._seen) >= self._total:
                raise LimitError("too many requests: wait a few minutes", code="RATE")
            self._seen.add(key)
            self._order.append((now + self._life, key, unit))
            self._count[unit] += 1

    def _forget(self, now: float) -> None:
        while self._order and self._order[0][0] <= now:
            _, key, unit = self._order.popleft()
            self._seen.discard(key)
            self._count[unit] -= 1
            if not self._count[unit]:
                del self._count[unit]
