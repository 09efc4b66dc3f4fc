"""Consuming from RabbitMQ: the broker pushes, a bounded buffer holds, the caller takes in its own order of queues.

    I/O thread         subscribes to every queue, fills one buffer for each, sends acknowledgements
    caller's thread    receive, ack, reject

The bound is the broker's: it never sends more than `prefetch` messages that are not acknowledged, divided among the
queues, so a full lane cannot keep an urgent one out of the buffer. Tags are the caller's own and only rise; those from
before a reconnection are known by being unknown.

A queue that has lost its leader answers who subscribes by closing the whole connection (541). It is left out for a
while, so that it holds up itself alone, and then asked for again.

Limits: AMQP 0-9-1 counts messages, not bytes: the buffer's size in memory is `prefetch` times the size of a message.
"""

import threading
import time
from collections import deque
from collections.abc import Iterable, Sequence
from enum import Enum, auto
from functools import partial
from typing import Any

from exchange.errors import TransportError
from exchange.model.unit import UnitCode
from exchange.ports.transport import Delivered
from exchange.settings import Rabbit
from exchange.topology import ASIDE_QUEUES, DEAD, DIED_IN
from exchange.transport.rabbit_connection import RabbitConnection
from exchange.transport.rabbit_topology import declare

__all__ = ["RabbitConsumer"]

_REST_SECONDS = 30.0
_INTERNAL_ERROR = "(541)"


class _Phase(Enum):
    STARTING = auto()  # the first attempt: worth waiting for
    UP = auto()
    DOWN = auto()  # not worth waiting for: the caller knows when to come again


class RabbitConsumer:
    """Connects when first used, and again after `close`. Belongs to one thread at a time."""

    def __init__(
        self, settings: Rabbit, queues: Sequence[str], plan: Sequence[UnitCode | None], *, in_turn: bool = False
    ) -> None:
        self._settings, self._plan, self._in_turn = settings, plan, in_turn
        self._connection: RabbitConnection | None = None
        self._changed = threading.Condition()  # guards all that follows
        self._phase, self._error = _Phase.STARTING, TransportError("lost the broker")
        self._channel: Any = None
        self._buffers: dict[str, deque[Delivered]] = {queue: deque() for queue in queues}
        self._buffered = 0
        self._open_tags: dict[int, None] = {}  # delivered and not acknowledged, in the broker's order
        self._last_tag = self._first_tag = 0  # the broker counts from 1 on each channel; we go on counting
        # Of the connection's thread: asked for and not answered yet, in order; left out, and until when.
        self._asked: deque[str] = deque()
        self._resting: dict[str, float] = {}

    def receive(self, limit: int, timeout_seconds: float) -> list[Delivered]:
        with self._changed:
            if self._connection is None:
                self._phase = _Phase.STARTING
                self._connection = RabbitConnection(self._settings, "rabbit-consume", self)
                self._connection.start()
            self._changed.wait_for(lambda: self._phase is not _Phase.STARTING)
            if timeout_seconds > 0:  # waiting for no time takes its time, too, and a node asks a hundred of these
                self._changed.wait_for(lambda: self._buffered or self._phase is not _Phase.UP, timeout_seconds)
            if self._phase is not _Phase.UP:
                raise TransportError("lost the broker while receiving", detail=self._error.detail)
            return self._take(limit)

    def _take(self, limit: int) -> list[Delivered]:
        batch: list[Delivered] = []
        at_once = 1 if self._in_turn else limit
        while len(batch) < limit and any(self._buffers.values()):
            for buffer in self._buffers.values():
                count = min(at_once, len(buffer), limit - len(batch))
                batch += [buffer.popleft() for _ in range(count)]
        self._buffered -= len(batch)
        return batch

    def ack(self, tags: Iterable[int]) -> None:
        self._answer(tags, "basic_ack", {})

    def reject(self, tags: Iterable[int], *, requeue: bool) -> None:
        self._answer(tags, "basic_nack", {"requeue": requeue})

    def _answer(self, tags: Iterable[int], method: str, options: dict[str, bool]) -> None:
        """One frame for the run of oldest messages that are all answered, and one for each of the others."""
        with self._changed:
            known = {tag for tag in tags if tag in self._open_tags}
            run = 0
            for tag in self._open_tags:
                if tag not in known:
                    break
                run = tag
            frames = [(run, True)] if run else []
            frames += [(tag, False) for tag in sorted(known) if tag > run]
            for tag in known:
                del self._open_tags[tag]
            channel, first = self._channel, self._first_tag
        if frames and self._connection is not None:
            self._connection.call(
                lambda: _send(channel, method, [(tag - first, all_) for tag, all_ in frames], options)
            )

    def close(self) -> None:
        """The broker gives what is not acknowledged to others."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    # What follows runs in the connection's thread.

    def opened(self, connection: Any) -> None:
        connection.channel(on_open_callback=self._subscribe)

    def lost(self, error: TransportError) -> None:
        if self._asked and _INTERNAL_ERROR in error.detail:
            self._resting[self._asked[0]] = time.monotonic() + _REST_SECONDS
            if self._connection is not None and self._resting.keys() < self._buffers.keys():
                self._connection.healthy()  # at once: the others are well, and there may be more such queues
        self._asked.clear()
        with self._changed:
            self._phase, self._error, self._channel = _Phase.DOWN, error, None
            for buffer in self._buffers.values():
                buffer.clear()
            self._buffered = 0
            self._open_tags.clear()
            self._first_tag = self._last_tag
            self._changed.notify_all()

    def _subscribe(self, channel: Any) -> None:
        channel.add_on_close_callback(self._give_up)
        channel.add_on_cancel_callback(partial(self._give_up, channel))
        declare(channel, self._plan)
        each = max(1, self._settings.prefetch // max(1, len(self._buffers)))
        channel.basic_qos(prefetch_count=each, callback=lambda _: self._consume_all(channel, each))

    def _consume_all(self, channel: Any, each: int) -> None:
        now = time.monotonic()
        self._resting = {queue: until for queue, until in self._resting.items() if until > now}
        self._consume(channel, [queue for queue in self._buffers if queue not in self._resting] or self._buffers)
        # One more question, and its answer: by now the first messages of every queue are here, so that the order of
        # the queues holds from the first batch on.
        channel.basic_qos(prefetch_count=each, callback=lambda _: self._start(channel))

    def _consume(self, channel: Any, queues: Iterable[str]) -> None:
        for queue in queues:
            self._asked.append(queue)
            channel.basic_consume(queue, partial(self._on_message, queue), callback=lambda _: self._asked.popleft())

    def _start(self, channel: Any) -> None:
        with self._changed:
            self._phase, self._channel = _Phase.UP, channel
            self._changed.notify_all()
        if self._connection is not None:
            self._connection.healthy()
            for queue in self._resting:
                self._connection.later(_REST_SECONDS, partial(self._ask_again, channel, queue))

    def _ask_again(self, channel: Any, queue: str) -> None:
        if channel is self._channel and channel.is_open and self._resting.pop(queue, None) is not None:
            self._consume(channel, [queue])

    def _give_up(self, channel: Any, reason: Any) -> None:
        """A queue is gone, not there, not ours, or a message was held too long: all is asked for anew."""
        if self._connection is not None and channel.connection.is_open:
            self._connection.fail(f"the broker closed the channel: {reason}")

    def _on_message(self, queue: str, channel: Any, method: Any, properties: Any, body: bytes) -> None:  # noqa: ARG002
        tag = self._first_tag + method.delivery_tag
        # The broker checks `user_id` against the account, which here is the hub's.
        user = properties.app_id if queue in ASIDE_QUEUES else properties.user_id
        died_in = (properties.headers or {}).get(DIED_IN) if queue == DEAD else None
        delivered = Delivered(
            tag=tag, queue=queue, body=body, user=user, redelivered=bool(method.redelivered), died_in=died_in
        )
        with self._changed:
            self._last_tag = tag
            self._open_tags[tag] = None
            self._buffers[queue].append(delivered)
            self._buffered += 1
            self._changed.notify_all()


def _send(channel: Any, method: str, frames: Sequence[tuple[int, bool]], options: dict[str, bool]) -> None:
    if channel.is_open:  # else the broker delivers those messages again
        for tag, with_all_before in frames:
            getattr(channel, method)(tag, multiple=with_all_before, **options)
