"""Keep: what a hub's store needs of somebody now and then, so that it stays quick however much it holds.

Nothing of it changes what is stored, and nothing goes wrong when it comes late.
"""

from exchange.ports.hub import HubStore
from exchange.ports.time import Clock

__all__ = ["Keeper"]


class Keeper:
    def __init__(self, store: HubStore, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def open_months(self) -> int:
        """Returns how many were made."""
        with self._store.begin() as session:
            return session.open_months(self._clock.now())

    def fold_counts(self) -> int:
        with self._store.begin() as session:
            session.fold_counts()
        return 0

    def recount(self) -> int:
        with self._store.begin() as session:
            session.recount()
        return 0
