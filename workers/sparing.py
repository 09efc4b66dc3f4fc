"""A step that looks into a store, spared while the store is as it was when a look found nothing.

What falls due with time changes no store, so a look is never spared for long. Not here: what any step does.
"""

from collections.abc import Callable

from exchange.ports.time import Clock

__all__ = ["Sparing"]

_SPARED_AT_MOST_SECONDS = 0.5


class Sparing:
    """Makes steps that are spared. `changes` answers differently after every commit to the store they look into."""

    def __init__(self, changes: Callable[[], object], clock: Clock) -> None:
        self._changes, self._clock = changes, clock

    def __call__(self, run: Callable[[], int]) -> Callable[[], int]:
        """`run`, which returns how much it did, but not where nothing can have come for it to do."""
        quiet: object = None
        again = 0.0

        def spared() -> int:
            nonlocal quiet, again
            # Before the look: what is committed meanwhile must not go unseen.
            now, state = self._clock.monotonic(), self._changes()
            if quiet == state and now < again:
                return 0
            done = run()
            quiet, again = (None if done else state), now + _SPARED_AT_MOST_SECONDS
            return done

        return spared
