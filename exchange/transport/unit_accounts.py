"""A node's transport: each unit that it hosts sends and takes through an account of its own, as the broker demands.

Nothing is declared from here: a unit's account may configure nothing, the hub provisions.

Limits: two connections for each unit; a node of hundreds of units wants a broker that allows as many.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from exchange.errors import TransportError
from exchange.model.unit import UnitCode
from exchange.ports.transport import Consumer, Delivered, Message, Publisher, PublishResult, Transport
from exchange.topology import inbox_unit

__all__ = ["UnitAccounts"]


class UnitAccounts:
    """Implements `Transport`. `open_account` makes the transport of one unit's account."""

    def __init__(self, open_account: Callable[[UnitCode], Transport]) -> None:
        self._open = open_account
        self._accounts: dict[UnitCode, Transport] = {}

    def account(self, unit: UnitCode) -> Transport:
        if unit not in self._accounts:
            self._accounts[unit] = self._open(unit)
        return self._accounts[unit]

    def declare(self, units: Iterable[UnitCode]) -> None:
        pass

    def publisher(self) -> Publisher:
        return _Publishers(self)

    def consumer(self, queues: Sequence[str]) -> Consumer:
        return _Consumers([self.account(inbox_unit(queue)).consumer([queue]) for queue in queues])

    def close(self) -> None:
        for transport in self._accounts.values():
            transport.close()
        self._accounts.clear()


class _Publishers:
    def __init__(self, accounts: UnitAccounts) -> None:
        self._accounts = accounts
        self._publishers: dict[UnitCode, Publisher] = {}

    def publish(self, batch: Sequence[Message]) -> list[PublishResult]:
        results = [PublishResult.REFUSED] * len(batch)  # what names no unit is nobody's to send
        for user in dict.fromkeys(message.user for message in batch):
            if user is None:
                continue
            if user not in self._publishers:
                self._publishers[user] = self._accounts.account(user).publisher()
            own = [index for index, message in enumerate(batch) if message.user == user]
            answers = self._publishers[user].publish([batch[index] for index in own])
            for index, answer in zip(own, answers, strict=True):
                results[index] = answer
        return results

    def close(self) -> None:
        for publisher in self._publishers.values():
            publisher.close()


class _Consumers:
    """Takes from one inbox after the other, beginning with another each time. Tags are counted anew, over all."""

    def __init__(self, consumers: Sequence[Consumer]) -> None:
        self._consumers = list(consumers)
        self._open: dict[int, tuple[Consumer, int]] = {}
        self._last = 0

    def receive(self, limit: int, timeout_seconds: float) -> list[Delivered]:
        """Raises TransportError when nothing was taken and an account is in trouble; it holds up no other."""
        taken: list[Delivered] = []
        trouble: TransportError | None = None
        for consumer in self._consumers:
            if len(taken) >= limit:
                break
            try:
                # Only the first is waited for: whoever asks comes round again anyway.
                messages = consumer.receive(limit - len(taken), timeout_seconds)
            except TransportError as error:
                messages, trouble = [], error
            timeout_seconds = 0
            taken += [self._retagged(consumer, message) for message in messages]
        self._consumers.append(self._consumers.pop(0))
        if trouble is not None and not taken:
            raise trouble
        return taken

    def ack(self, tags: Iterable[int]) -> None:
        for consumer, own in self._split(tags):
            consumer.ack(own)

    def reject(self, tags: Iterable[int], *, requeue: bool) -> None:
        for consumer, own in self._split(tags):
            consumer.reject(own, requeue=requeue)

    def close(self) -> None:
        for consumer in self._consumers:
            consumer.close()
        self._open.clear()

    def _retagged(self, consumer: Consumer, message: Delivered) -> Delivered:
        self._last += 1
        self._open[self._last] = (consumer, message.tag)
        return replace(message, tag=self._last)

    def _split(self, tags: Iterable[int]) -> list[tuple[Consumer, list[int]]]:
        known = [self._open.pop(tag) for tag in tags if tag in self._open]
        return [(consumer, [tag for one, tag in known if one is consumer]) for consumer in self._consumers]
