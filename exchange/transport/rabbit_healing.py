"""Queues that will never have a leader again, made anew.

Such a queue confirms nothing and delivers nothing, and who publishes to it holds up all else on that channel for
seconds. Deleting it costs what it held, which is delay: everything in a queue is open in an outbox or at the hub, and
comes again.

Deleted only if no wait will help: for a minute, at every look, every node of the cluster ran and saw the others, other
queues told of themselves, and this one did not. While a node is down a queue without leader waits for it, and is left
alone.

Not here: making it anew (`exchange.transport.provisioning`), which comes next.
"""

from collections.abc import Callable, Collection

from exchange.transport.rabbit_state import BrokerState

__all__ = ["Healer"]


class Healer:
    """Remembers since when each queue is silent; one for as long as the process lives."""

    def __init__(
        self, look: Callable[[], BrokerState], delete: Callable[[str], object], *, patience_seconds: float = 60.0
    ) -> None:
        self._look, self._delete, self._patience = look, delete, patience_seconds
        self._since: dict[str, float] = {}
        self.seen: BrokerState | None = None  # at the last look

    def heal(self, ours: Collection[str], now: float) -> tuple[str, ...]:
        """The names that were deleted, all among `ours`; they must be declared again at once. `now`: of a monotonic
        clock. Raises TransportError."""
        self.seen = None
        self.seen = state = self._look()
        silent = [name for name in state.silent if name in ours] if state.is_whole else []
        self._since = {name: self._since.get(name, now) for name in silent}
        lost = tuple(name for name, since in self._since.items() if now - since >= self._patience)
        for name in lost:
            self._delete(name)
            del self._since[name]
        return lost
