"""Moving messages: publish a batch and learn the fate of each, take a batch and acknowledge it last.

Nothing here may be trusted to keep a message (see the promises in `docs/architecture.md`): a confirm only lengthens
a retry timer.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Protocol

from exchange.model.unit import UnitCode

__all__ = ["Consumer", "Delivered", "Message", "PublishResult", "Publisher", "Transport"]


class PublishResult(Enum):
    ACCEPTED = "accepted"  # the broker says it has it
    UNROUTABLE = "unroutable"  # no queue takes it: the unit is unknown to the broker
    REFUSED = "refused"  # a queue is full or the broker denied it
    UNKNOWN = "unknown"  # timeout or lost connection: it may or may not be there
    UNSENT = "unsent"  # there is no connection: it is not there


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One signed XML document on its way. `user`: the unit whose broker account sends it, None for the hub.
    `vouched`: on what the hub moves to `aside`, whom the broker had vouched for when it came."""

    exchange: str
    key: str
    body: bytes
    user: UnitCode | None = None
    vouched: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """One message taken from a queue. `tag` is the consumer's own handle. `user` is what the broker vouches for, no
    more; on the queues of `aside`, which nobody but the hub can write to, whom the hub says that it vouched for.
    `carried`: when the package was made that it came in; then `user` is whoever signed that package. `died_in`: on
    `dead`, the queue that gave it up, where the broker says so."""

    tag: int
    queue: str
    body: bytes
    user: str | None
    redelivered: bool = False
    carried: datetime | None = None
    died_in: str | None = None


class Publisher(Protocol):
    def publish(self, batch: Sequence[Message]) -> list[PublishResult]:
        """Publish persistent and mandatory; one result per message, in order. Raises nothing for a message's fate."""
        ...

    def close(self) -> None: ...


class Consumer(Protocol):
    def receive(self, limit: int, timeout_seconds: float) -> list[Delivered]:
        """Up to `limit` messages; an empty list when none came within the timeout. Queues are served in the order
        given."""
        ...

    def ack(self, tags: Iterable[int]) -> None:
        """Done with these. Tags from before a reconnection are dropped: the broker will deliver those messages
        again."""
        ...

    def reject(self, tags: Iterable[int], *, requeue: bool) -> None: ...

    def close(self) -> None: ...


class Transport(Protocol):
    """One broker. Publishing and consuming use connections of their own."""

    def declare(self, units: Iterable[UnitCode]) -> None:
        """Make the hub's exchanges and queues and those of `units`; idempotent."""
        ...

    def publisher(self) -> Publisher: ...

    def consumer(self, queues: Sequence[str], *, in_turn: bool = False) -> Consumer:
        """`in_turn`: the queues are served one message each in turn, instead of in the order given."""
        ...

    def close(self) -> None: ...
