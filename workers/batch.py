"""Take a batch, serve it, and give it back untouched when the whole of it fails.

Not here: acknowledging, which is the service's last act.
"""

from collections.abc import Callable, Sequence

from exchange.ports.transport import Consumer, Delivered
from exchange.services.intake import look_again

__all__ = ["take"]


def take(consumer: Consumer, serve: Callable[[Sequence[Delivered], Consumer], int], limit: int) -> int:
    """Returns how many messages were taken. When serving fails as a whole, gives them all back and raises."""
    batch = consumer.receive(limit, 0)
    if not batch:
        return 0
    try:
        look_again(lambda: serve(batch, consumer))
    except Exception:
        consumer.reject([message.tag for message in batch], requeue=True)
        raise
    return len(batch)
