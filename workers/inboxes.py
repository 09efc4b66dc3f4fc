"""The inboxes of the units that a node hosts right now, as one consumer: units may be enrolled while the node runs."""

from collections.abc import Iterable

from exchange.model.unit import UnitCode
from exchange.ports.node import NodeStore
from exchange.ports.transport import Consumer, Delivered, Transport
from exchange.topology import inbox_queue

__all__ = ["Inboxes"]


class Inboxes:
    """A `Consumer`. `follow()` is a step of its own: it looks for new units and opens their queues.

    Changing units gives back what was taken and not yet acknowledged, so it must run between batches, in the same
    loop."""

    def __init__(self, transport: Transport, store: NodeStore) -> None:
        self._transport, self._store = transport, store
        self._units: list[UnitCode] = []
        self._consumer: Consumer | None = None

    def follow(self) -> int:
        """Returns how many units are hosted when that has changed, else 0."""
        with self._store.look() as session:
            units = session.units()
        if units == self._units:
            return 0
        self._transport.declare(units)
        self.close()
        self._consumer = self._transport.consumer([inbox_queue(unit) for unit in units])
        self._units = units
        return len(units)

    def receive(self, limit: int, timeout_seconds: float) -> list[Delivered]:
        return [] if self._consumer is None else self._consumer.receive(limit, timeout_seconds)

    def ack(self, tags: Iterable[int]) -> None:
        if self._consumer is not None:
            self._consumer.ack(tags)

    def reject(self, tags: Iterable[int], *, requeue: bool) -> None:
        if self._consumer is not None:
            self._consumer.reject(tags, requeue=requeue)

    def close(self) -> None:
        if self._consumer is not None:
            self._consumer.close()
            self._consumer = None
