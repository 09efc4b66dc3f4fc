"""Take a batch, serve it, and give it back untouched when the store cannot take it.

Not here: acknowledging, which is the service's last act.
"""

from collections.abc import Callable, Sequence

from exchange.errors import ConflictError, StorageError
from exchange.ports.transport import Consumer, Delivered

__all__ = ["take"]


def take(consumer: Consumer, serve: Callable[[Sequence[Delivered], Consumer], int], limit: int) -> int:
    """Returns how many messages were taken. Raises StorageError after giving them back, so that the caller waits."""
    batch = consumer.receive(limit, 0)
    if not batch:
        return 0
    try:
        serve(batch, consumer)
    except ConflictError:
        # Another worker recorded one of these between our look and our commit: on the second look it is a duplicate.
        _serve_or_give_back(consumer, serve, batch)
    except StorageError:
        consumer.reject([message.tag for message in batch], requeue=True)
        raise
    return len(batch)


def _serve_or_give_back(
    consumer: Consumer, serve: Callable[[Sequence[Delivered], Consumer], int], batch: Sequence[Delivered]
) -> None:
    try:
        serve(batch, consumer)
    except (ConflictError, StorageError):
        consumer.reject([message.tag for message in batch], requeue=True)
        raise
