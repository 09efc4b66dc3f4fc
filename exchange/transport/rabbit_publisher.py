"""Publishing to RabbitMQ: persistent, mandatory, and confirmed in a window.

    caller's thread    publish(batch) -> a job -> waits until each message has its fate, or nothing moves any more
    I/O thread         keeps at most `window` messages under way and reads the broker's answers

What the broker's answers mean:

    basic.return, then ack   UNROUTABLE   no queue takes it; the ack alone would say the opposite
    ack                      ACCEPTED     a majority of the queue's members has it on disk
    nack                     REFUSED      a queue is full, or its leader was away when the channel first met it
    channel closed 404       UNROUTABLE   there is no such exchange
    channel closed 403, 406  REFUSED      not this account's exchange, a forged user, or too large
    anything else            UNKNOWN      timeout or lost: it may or may not be there

What was never written is UNSENT: there is no connection, or the broker blocks it for want of disk or memory.

Limits: a closed channel does not say which message closed it. It is read from the broker's text; messages before that
one whose confirms were still under way are UNKNOWN, those after it were not looked at and go out again.
"""

import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import Any

import pika

from exchange.errors import TransportError
from exchange.model.unit import UnitCode
from exchange.ports.transport import Message, PublishResult
from exchange.settings import Rabbit
from exchange.transport.rabbit_connection import RabbitConnection
from exchange.transport.rabbit_topology import declare

__all__ = ["RabbitPublisher"]

_ACCESS_REFUSED, _NOT_FOUND, _PRECONDITION_FAILED = 403, 404, 406
_RENEW_SECONDS = 2.0  # at most so often another channel for one that was refused something


class _Job:
    """One batch. The I/O thread settles it, the caller's thread waits."""

    def __init__(self, messages: Sequence[Message]) -> None:
        self.messages = messages
        self.abandoned = False
        self._results: list[PublishResult | None] = [None] * len(messages)
        self._fallback = [PublishResult.UNSENT] * len(messages)
        self._leaving = threading.Lock()
        self._left = len(messages)
        self._done = threading.Event()
        self.began = self._moved = time.monotonic()

    def leaves(self, index: int) -> bool:
        """Whether this message may be written now; it is UNKNOWN from then on. Not when nobody waits any more."""
        with self._leaving:
            if not self.abandoned:
                self._fallback[index] = PublishResult.UNKNOWN
            return not self.abandoned

    def settle(self, index: int, result: PublishResult) -> None:
        if self._results[index] is None:
            self._results[index] = result
            self._moved = time.monotonic()
            self._left -= 1
            if not self._left:
                self._done.set()

    def wait(self, still_seconds: float) -> list[PublishResult]:
        """Until all is settled, or nothing was for so long; what is not settled then is UNKNOWN or UNSENT."""
        while not self._done.wait(max(0.0, self._moved + still_seconds - time.monotonic())):
            if time.monotonic() >= self._moved + still_seconds:
                with self._leaving:
                    self.abandoned = True
                break
        return [result or otherwise for result, otherwise in zip(self._results, self._fallback, strict=True)]


class RabbitPublisher:
    """Connects when first used, and again after `close`. Belongs to one thread at a time."""

    def __init__(self, settings: Rabbit, plan: Sequence[UnitCode | None]) -> None:
        self._settings, self._plan = settings, plan
        self._connection: RabbitConnection | None = None
        self._outbox: _Outbox | None = None

    def publish(self, batch: Sequence[Message]) -> list[PublishResult]:
        if not batch:
            return []
        job, (connection, outbox) = _Job(batch), self._open()
        connection.call(lambda: outbox.take(job))
        results = job.wait(self._settings.confirm_timeout_seconds)
        if job.abandoned:
            connection.call(lambda: outbox.forget(job))
        return results

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = self._outbox = None

    def _open(self) -> "tuple[RabbitConnection, _Outbox]":
        if self._connection is None or self._outbox is None:
            self._outbox = _Outbox(self._settings.window, self._plan)
            self._connection = RabbitConnection(self._settings, "rabbit-publish", self._outbox)
            self._outbox.connection = self._connection
            self._connection.start()
        return self._connection, self._outbox


class _Outbox:
    """The I/O thread's side: what waits, what is under way, and the channel. Nothing here is seen by another thread."""

    connection: RabbitConnection

    def __init__(self, window: int, plan: Sequence[UnitCode | None]) -> None:
        self._window, self._plan = window, plan
        self._waiting: deque[tuple[_Job, int]] = deque()
        self._under_way: dict[int, tuple[_Job, int]] = {}  # by delivery tag, which only rises
        self._returned: set[int] = set()
        self._last_tag = 0
        self._link: Any = None
        self._channel: Any = None
        self._heard = self._renewed = 0.0
        self._is_blocked = self._is_down = self._is_refused = False

    def take(self, job: _Job) -> None:
        if self._is_down or self._is_blocked:  # say so at once: the caller knows when to come again
            for index in range(len(job.messages)):
                job.settle(index, PublishResult.UNSENT)
            return
        self._waiting.extend((job, index) for index in range(len(job.messages)))
        self._pump()

    def forget(self, job: _Job) -> None:
        """Nobody waits for it any more. One queue that confirms nothing is no reason to leave a broker that answers for
        the others; one that answers for none is, unless it has announced an alarm."""
        self._waiting = deque(item for item in self._waiting if item[0] is not job)
        self._under_way = {tag: item for tag, item in self._under_way.items() if item[0] is not job}
        if self._channel is not None and not self._is_blocked and self._heard < job.began:
            self.connection.fail("the broker confirms nothing")

    # Called by the connection.

    def opened(self, connection: Any) -> None:
        self._link, self._is_blocked, self._is_down = connection, False, False
        connection.add_on_connection_blocked_callback(lambda *_: self._block(is_blocked=True))
        connection.add_on_connection_unblocked_callback(lambda *_: self._block(is_blocked=False))
        self._open_channel()

    def lost(self, error: TransportError) -> None:  # noqa: ARG002  # the results say it
        self._link, self._channel, self._is_down = None, None, True
        self._give_back()

    def _give_back(self) -> None:
        for job, index in self._under_way.values():
            job.settle(index, PublishResult.UNKNOWN)
        for job, index in self._waiting:
            job.settle(index, PublishResult.UNSENT)
        self._under_way.clear()
        self._waiting.clear()

    # The channel.

    def _open_channel(self) -> None:
        self._channel = None
        self._link.channel(on_open_callback=self._prepare)

    def _prepare(self, channel: Any) -> None:
        channel.add_on_close_callback(self._on_closed)
        channel.add_on_return_callback(self._on_returned)
        declare(channel, self._plan)
        channel.confirm_delivery(self._on_confirmed, callback=lambda _: self._start(channel))

    def _start(self, channel: Any) -> None:
        self._channel, self._last_tag, self._is_refused = channel, 0, False
        self._returned.clear()
        self.connection.healthy()
        self._pump()

    def _block(self, *, is_blocked: bool) -> None:
        """The broker reads nothing until its alarm ends; whoever waited for that would look like a stuck loop."""
        self._is_blocked = is_blocked
        if is_blocked:
            self._give_back()

    def _pump(self) -> None:
        while self._waiting and self._channel is not None:
            if len(self._under_way) >= self._window:
                return
            job, index = self._waiting.popleft()
            if not job.leaves(index):
                continue
            message = job.messages[index]
            self._last_tag += 1
            self._under_way[self._last_tag] = (job, index)
            properties = pika.BasicProperties(
                content_type="application/xml",
                delivery_mode=2,
                user_id=message.user,
                app_id=message.vouched,
                message_id=str(self._last_tag),  # by which a returned message is known again
            )
            self._channel.basic_publish(message.exchange, message.key, message.body, properties, mandatory=True)

    def _on_returned(self, channel: Any, method: Any, properties: Any, body: bytes) -> None:  # noqa: ARG002
        if channel is self._channel:
            self._returned.add(int(properties.message_id))

    def _on_confirmed(self, frame: Any) -> None:
        if self._channel is None or frame.channel_number != self._channel.channel_number:
            return  # of a channel that was left: its tags are not ours
        answer, self._heard = frame.method, time.monotonic()
        is_accepted = isinstance(answer, pika.spec.Basic.Ack)
        last = answer.delivery_tag
        tags = [tag for tag in self._under_way if tag <= last] if answer.multiple else [last]
        self._is_refused |= not is_accepted
        for tag in tags:
            self._settle(tag, PublishResult.ACCEPTED if is_accepted else PublishResult.REFUSED)
        if self._is_refused and not self._under_way and self._heard - self._renewed > _RENEW_SECONDS:
            self._renew()
        self._pump()

    def _renew(self) -> None:
        """What RabbitMQ 3.10 refuses through one channel it may take through another: one that met a queue while the
        node of its leader was down goes on asking that node, though another leads by now."""
        self._renewed, retired = self._heard, self._channel
        self._open_channel()
        retired.close()

    def _settle(self, tag: int, result: PublishResult) -> None:
        if tag in self._returned:
            self._returned.discard(tag)
            result = PublishResult.UNROUTABLE
        if (item := self._under_way.pop(tag, None)) is not None:  # else its job was forgotten
            job, index = item
            job.settle(index, result)

    def _on_closed(self, channel: Any, reason: Any) -> None:  # noqa: ARG002
        """The broker refused a message by closing the channel; the connection lives on."""
        is_retired = isinstance(reason, pika.exceptions.ChannelClosedByClient)
        if is_retired or self._link is None or not self._link.is_open:
            return
        if not self._under_way:
            self.connection.fail(f"the broker closed the channel: {reason}")
            return
        code, text = getattr(reason, "reply_code", 0), getattr(reason, "reply_text", "")
        culprit = next((tag for tag, item in self._under_way.items() if _is_named(code, text, item)), None)
        unseen = []
        for tag, item in list(self._under_way.items()):
            if tag == culprit:
                self._settle(tag, PublishResult.UNROUTABLE if code == _NOT_FOUND else PublishResult.REFUSED)
            elif culprit is not None and tag > culprit:
                unseen.append(item)
            else:
                self._settle(tag, PublishResult.UNKNOWN)
        self._under_way.clear()
        self._waiting.extendleft(reversed(unseen))
        self._open_channel()


def _is_named(code: int, text: str, item: tuple[_Job, int]) -> bool:
    """Whether the broker's reason for closing the channel speaks of this message. The broker reads in order, so the
    first that fits is the one."""
    message = item[0].messages[item[1]]
    if code in {_ACCESS_REFUSED, _NOT_FOUND}:
        return f"exchange '{message.exchange or 'amq.default'}'" in text
    is_forged = f"set to '{message.user}'" in text
    return code == _PRECONDITION_FAILED and (is_forged or f"message size {len(message.body)} " in text)
