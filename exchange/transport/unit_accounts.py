"""A node's transport: each unit that it hosts sends and takes through an account of its own, as the broker demands.

Nothing is declared from here: a unit's account may configure nothing, the hub provisions. Accounts wait for the broker
beside each other and not one after another: a node of thirty units would take its time to connect, and to publish.

Limits: two connections for each unit; a node of hundreds of units wants a broker that allows as many.
"""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace

from exchange.errors import TransportError
from exchange.model.unit import UnitCode
from exchange.ports.transport import Consumer, Delivered, Message, Publisher, PublishResult, Transport
from exchange.topology import inbox_unit

__all__ = ["UnitAccounts"]

_AT_ONCE = 16


class UnitAccounts:
    """Implements `Transport`. `open_account` makes the transport of one unit's account."""

    def __init__(self, open_account: Callable[[UnitCode], Transport]) -> None:
        self._open = open_account
        self._accounts: dict[UnitCode, Transport] = {}
        self._side_by_side = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="accounts")

    def account(self, unit: UnitCode) -> Transport:
        if unit not in self._accounts:
            self._accounts[unit] = self._open(unit)
        return self._accounts[unit]

    def declare(self, units: Iterable[UnitCode]) -> None:
        pass

    def publisher(self) -> Publisher:
        return _Publishers(self, self._side_by_side)

    def consumer(self, queues: Sequence[str], *, in_turn: bool = False) -> Consumer:  # noqa: ARG002  # they are anyway
        consumers = [self.account(inbox_unit(queue)).consumer([queue]) for queue in queues]
        return _Consumers(consumers, self._side_by_side)

    def close(self) -> None:
        list(self._side_by_side.map(lambda transport: transport.close(), self._accounts.values()))
        self._side_by_side.shutdown()
        self._accounts.clear()


class _Publishers:
    def __init__(self, accounts: UnitAccounts, side_by_side: Executor) -> None:
        self._accounts, self._side_by_side = accounts, side_by_side
        self._publishers: dict[UnitCode, Publisher] = {}

    def publish(self, batch: Sequence[Message]) -> list[PublishResult]:
        results = [PublishResult.REFUSED] * len(batch)  # what names no unit is nobody's to send
        by_user: dict[UnitCode, list[int]] = {}
        for index, message in enumerate(batch):
            if message.user is not None:
                by_user.setdefault(message.user, []).append(index)
        publishers = [self._publisher(user) for user in by_user]
        parts = [[batch[index] for index in own] for own in by_user.values()]
        for own, answers in zip(by_user.values(), self._published(publishers, parts), strict=True):
            for index, answer in zip(own, answers, strict=True):
                results[index] = answer
        return results

    def _published(
        self, publishers: Sequence[Publisher], parts: Sequence[Sequence[Message]]
    ) -> Iterable[list[PublishResult]]:
        if len(publishers) == 1:  # as on most nodes
            return [publishers[0].publish(parts[0])]
        return self._side_by_side.map(lambda publisher, part: publisher.publish(part), publishers, parts)

    def _publisher(self, user: UnitCode) -> Publisher:
        if user not in self._publishers:
            self._publishers[user] = self._accounts.account(user).publisher()
        return self._publishers[user]

    def close(self) -> None:
        for publisher in self._publishers.values():
            publisher.close()


class _Consumers:
    """Takes from one inbox after the other, beginning with another each time. Tags are counted anew, over all."""

    def __init__(self, consumers: Sequence[Consumer], side_by_side: Executor) -> None:
        self._consumers, self._side_by_side = list(consumers), side_by_side
        self._connected = False
        self._open: dict[int, tuple[Consumer, int]] = {}
        self._last = 0

    def receive(self, limit: int, timeout_seconds: float) -> list[Delivered]:
        """Raises TransportError when nothing was taken and an account is in trouble; it holds up no other."""
        if not self._connected:
            self._connect()
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

    def _connect(self) -> None:
        """The first time, which waits for the broker. What is in trouble says so again when it is asked for more."""
        self._connected = True
        if len(self._consumers) > 1:
            list(self._side_by_side.map(_ask_for_nothing, self._consumers))

    def _retagged(self, consumer: Consumer, message: Delivered) -> Delivered:
        self._last += 1
        self._open[self._last] = (consumer, message.tag)
        return replace(message, tag=self._last)

    def _split(self, tags: Iterable[int]) -> list[tuple[Consumer, list[int]]]:
        own: dict[int, tuple[Consumer, list[int]]] = {}
        for consumer, tag in (self._open.pop(tag) for tag in tags if tag in self._open):
            own.setdefault(id(consumer), (consumer, []))[1].append(tag)
        return list(own.values())


def _ask_for_nothing(consumer: Consumer) -> None:
    with suppress(TransportError):
        consumer.receive(0, 0)
