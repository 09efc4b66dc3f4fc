"""Take a batch, serve it, and give it back untouched when the whole of it fails.

Not here: acknowledging, which is the service's last act.
"""

from collections.abc import Callable, Sequence

from exchange.errors import ConflictError
from exchange.ports.transport import Consumer, Delivered

__all__ = ["take"]


def take(consumer: Consumer, serve: Callable[[Sequence[Delivered], Consumer], int], limit: int) -> int:
    """Returns how many messages were taken. When serving fails as a whole, gives them all back and raises."""
    batch = consumer.receive(limit, 0)
    if not batch:
        return 0
    try:
        try:
            serve(batch, consumer)
        except ConflictError:
            # Another worker recorded one of these between our look and our commit: on the second look it is a
            # duplicate.
            serve(batch, consumer)
    except Exception:
        consumer.reject([message.tag for message in batch], requeue=True)
        raise
    return len(batch)
