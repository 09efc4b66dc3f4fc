"""Dead letters: what a queue gave up goes from the broker's `dead` into quarantine, where a person finds it by cause.

A broker gives a message up after many deliveries that ended in nothing, or when a consumer throws it away for good. It
may be a unit's, whose account the broker still names, or the hub's own on its way to an inbox. The hub repeats its own
from the store by itself; it is set aside all the same, because somebody should look at that node.

Not here: doing it again (`replay`).
"""

from collections.abc import Sequence
from dataclasses import replace

from exchange.ports.transport import Consumer, Delivered
from exchange.services.hub.hub import Hub, quarantined
from exchange.services.intake import tags
from exchange.trust.digest import sha256_hex

__all__ = ["DeadLetters"]


class DeadLetters:
    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def collect(self, batch: Sequence[Delivered], consumer: Consumer) -> int:
        """Set one batch aside; returns how many it has. Acknowledged last."""
        hub = self._hub
        # Under the queue that it died in: that is where it belongs when it is done again.
        found = [replace(message, queue=message.died_in or message.queue) for message in batch]
        with hub.store.begin() as session:
            session.quarantine(quarantined(found, code="DEAD", detail="", at=hub.clock.now(), keep=True))
        for message in found:
            hub.log.alarm("message_quarantined", code="DEAD", queue=message.queue, digest=sha256_hex(message.body))
        consumer.ack(tags(batch))
        return len(batch)
