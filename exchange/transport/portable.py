"""Any broker that kombu speaks, above all the one inside this process: `memory://`.

Not here: RabbitMQ in production (`exchange.transport.rabbitmq`), which needs pipelined confirms and push consumers.

Topology. kombu's virtual transports (memory, filesystem, redis ...) bind queues to exchanges but not exchanges to
exchanges, know no users and have no mandatory flag. What `exchange.topology` names is mapped so:

    in.<unit> -> ingress -> work.<lane>   a message for `in.<unit>` goes straight to the direct exchange `ingress`, its
                                          lane as key; the unit in the exchange's name is the user vouched for, carried
                                          as property `user_id`
    out -> inbox.<unit>                   direct exchange, the key is the unit code
    aside -> work.aside.<n>               direct exchange; whom the broker had vouched for is carried as `app_id`
    dead                                  the consumer puts there what it rejects for good

`in.<unit>` exists as soon as the unit's inbox is bound, so an undeclared unit is UNROUTABLE in both directions. Writing
anywhere but to one's own `in.<unit>`, or as a unit to `out`, is REFUSED, as a broker's permissions would. On an AMQP
broker the exchanges are real and the broker judges.

`memory://` is private to its `PortableTransport`: kombu's own is one set of queues per process, which would mix two
exchanges. Bodies stay raw bytes there; brokers that store JSON carry them as base64.

Limits: where bindings live in the process (filesystem, SQL), every process must `declare` what it uses. Virtual
transports confirm nothing and lose what is unacknowledged when killed, which costs delay alone. Receiving polls: over a
network that is one round trip per queue and per message.
"""

import threading
import time
from collections.abc import Iterable, Sequence
from typing import Any

from kombu.connection import Connection

from exchange.errors import InputError, TransportError
from exchange.model.unit import UnitCode
from exchange.ports.transport import Consumer, Delivered, Message, Publisher, PublishResult
from exchange.topology import ASIDE_QUEUES, DEAD, DIED_IN
from exchange.transport.link import Link, fate_of, private_memory

__all__ = ["PortableTransport"]

_POLL_SECONDS = 0.2  # how late a message from another process may be noticed


_connect: Any = Connection  # kombu's classes have few types


class PortableTransport:
    """One broker by kombu URL. Each publisher and consumer has a connection and belongs to one thread at a time."""

    def __init__(self, url: str, *, confirm_timeout_seconds: float = 5.0) -> None:
        self._url = url
        self._confirm_timeout = confirm_timeout_seconds
        self._memory = private_memory() if url.startswith("memory:") else None
        self._arrivals = _Arrivals(poll_seconds=None if self._memory else _POLL_SECONDS)
        self._plan: list[UnitCode | None] = []
        self._planning = threading.Lock()
        self._links: set[Link] = set()  # to close what its user forgot
        self._links.discard(self._link())  # a URL that nothing speaks is told at once

    def declare(self, units: Iterable[UnitCode]) -> None:
        with self._planning:
            known = set(self._plan)
            self._plan.extend(item for item in (None, *dict.fromkeys(units)) if item not in known)
        link = self._link()
        try:
            link.open()
        except Exception as error:
            raise TransportError("the broker did not take the declaration", detail=repr(error)) from error
        finally:
            link.drop()
            self._links.discard(link)

    def publisher(self) -> Publisher:
        return _PortablePublisher(self._link(), self._arrivals)

    def consumer(self, queues: Sequence[str], *, in_turn: bool = False) -> Consumer:
        return _PortableConsumer(self._link(), self._arrivals, queues, in_turn=in_turn)

    def close(self) -> None:
        for link in list(self._links):
            link.drop()

    def _link(self) -> Link:
        try:
            options = {"transport": self._memory} if self._memory else {"hostname": self._url}
            link = Link(_connect(**options), self._plan, self._confirm_timeout)
        except (ImportError, KeyError, ValueError) as error:
            scheme = self._url.partition(":")[0]
            raise InputError(f"broker URL: no transport is installed for {scheme!r}", detail=repr(error)) from error
        self._links.add(link)
        return link


class _Arrivals:
    """Tells waiting consumers that something came; what other processes send, a look every `poll_seconds`."""

    def __init__(self, *, poll_seconds: float | None) -> None:
        self._changed = threading.Condition()
        self._poll_seconds = poll_seconds
        self.count = 0

    def announce(self) -> None:
        with self._changed:
            self.count += 1
            self._changed.notify_all()

    def wait(self, seen: int, seconds: float) -> None:
        """Until `count` is no longer `seen`, which the caller read before it looked; at most `seconds`."""
        if self._poll_seconds is not None:
            seconds = min(seconds, self._poll_seconds)
        with self._changed:
            self._changed.wait_for(lambda: self.count != seen, seconds)


class _PortablePublisher:
    def __init__(self, link: Link, arrivals: _Arrivals) -> None:
        self._link = link
        self._arrivals = arrivals

    def publish(self, batch: Sequence[Message]) -> list[PublishResult]:
        results: list[PublishResult] = []
        for message in batch:
            results.append(self._publish(message))
            if results[-1] in {PublishResult.UNKNOWN, PublishResult.UNSENT}:
                # A dead broker would take one timeout per message, and the caller sends all of these again anyway.
                results += [PublishResult.UNSENT] * (len(batch) - len(results))
                break
        self._arrivals.announce()
        return results

    def _publish(self, message: Message) -> PublishResult:
        try:
            self._link.open()
        except Exception:  # noqa: BLE001  # whatever a broker's driver raises, it is not connected
            self._link.drop()
            return PublishResult.UNSENT
        try:
            return self._link.publish(message)
        except Exception as error:  # noqa: BLE001  # a message's fate is a value, whatever a broker's driver raises
            self._link.drop()
            return fate_of(error)

    def close(self) -> None:
        self._link.drop()


class _PortableConsumer:
    """Looks into its queues one by one. A tag is known until the connection it came by is gone."""

    def __init__(self, link: Link, arrivals: _Arrivals, queues: Sequence[str], *, in_turn: bool) -> None:
        self._link = link
        self._arrivals = arrivals
        self._queues, self._in_turn = tuple(queues), in_turn
        self._held: dict[int, Any] = {}
        self._last_tag = 0

    def receive(self, limit: int, timeout_seconds: float) -> list[Delivered]:
        deadline = time.monotonic() + timeout_seconds
        while True:
            seen = self._arrivals.count
            batch = self._look(limit)
            remaining = deadline - time.monotonic()
            if batch or remaining <= 0:
                return batch
            self._arrivals.wait(seen, remaining)

    def _look(self, limit: int) -> list[Delivered]:
        batch: list[Delivered] = []
        try:
            get = self._link.open().basic_get
            waiting = list(self._queues)
            while waiting and len(batch) < limit:
                queue = waiting.pop(0)
                if (message := get(queue)) is not None:
                    batch.append(self._hold(queue, message))
                    waiting.insert(len(waiting) if self._in_turn else 0, queue)
        except Exception as error:
            # What this batch held is unacknowledged, so the broker gives it again.
            self._lose()
            raise TransportError("lost the broker while receiving", detail=repr(error)) from error
        return batch

    def _hold(self, queue: str, message: Any) -> Delivered:
        self._last_tag += 1
        self._held[self._last_tag] = message
        return Delivered(
            tag=self._last_tag,
            queue=queue,
            body=bytes(message.body or b""),
            user=message.properties.get("app_id" if queue in ASIDE_QUEUES else "user_id"),
            redelivered=bool(message.delivery_info.get("redelivered", False)),
            died_in=message.headers.get(DIED_IN) if queue == DEAD else None,
        )

    def ack(self, tags: Iterable[int]) -> None:
        try:
            for tag in tags:
                if (message := self._held.pop(tag, None)) is not None:
                    message.channel.basic_ack(message.delivery_tag)
        except Exception:  # noqa: BLE001  # an acknowledgement that does not arrive means the message comes again, as promised
            self._lose()

    def reject(self, tags: Iterable[int], *, requeue: bool) -> None:
        try:
            for tag in tags:
                if (message := self._held.pop(tag, None)) is not None:
                    self._reject(message, requeue=requeue)
        except Exception:  # noqa: BLE001  # as in `ack`
            self._lose()
        self._arrivals.announce()

    def _reject(self, message: Any, *, requeue: bool) -> None:
        if requeue:
            message.delivery_info["redelivered"] = True  # virtual transports put the message back as it stands here
        else:
            queue = message.delivery_info["routing_key"]  # `Link` publishes straight into queues
            self._link.bury(bytes(message.body or b""), message.properties.get("user_id"), queue)
        message.channel.basic_reject(message.delivery_tag, requeue=requeue)

    def _lose(self) -> None:
        self._held.clear()
        self._link.drop()

    def close(self) -> None:
        """Give back what is not acknowledged; the memory transport would lose it."""
        self.reject(list(self._held), requeue=True)
        self._link.drop()
