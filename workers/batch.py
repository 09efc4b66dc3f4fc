"""Take a batch, serve it, and give it back untouched when the whole of it fails.

Not here: acknowledging, which is the service's last act.
"""

from collections.abc import Callable, Sequence

from exchange.errors import ConflictError
from exchange.ports.transport import Consumer, Delivered

__all__ = ["take"]

_LOOKS = 10


def take(consumer: Consumer, serve: Callable[[Sequence[Delivered], Consumer], int], limit: int) -> int:
    """Returns how many messages were taken. When serving fails as a whole, gives them all back and raises."""
    batch = consumer.receive(limit, 0)
    if not batch:
        return 0
    try:
        _serve(batch, consumer, serve)
    except Exception:
        consumer.reject([message.tag for message in batch], requeue=True)
        raise
    return len(batch)


def _serve(
    batch: Sequence[Delivered], consumer: Consumer, serve: Callable[[Sequence[Delivered], Consumer], int]
) -> None:
    for _ in range(_LOOKS - 1):
        try:
            serve(batch, consumer)
        except ConflictError:
            # Another worker recorded one of these between our look and our commit: on the next look it is a
            # duplicate. Each worker beside us may do that to us once.
            continue
        return
    serve(batch, consumer)
