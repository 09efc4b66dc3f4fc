"""One kombu connection with one channel, as a publisher or a consumer of `exchange.transport.portable` holds it.

Opened when first used and again after any failure, each time declaring what the transport was told to declare: most
virtual brokers keep bindings in the connection. Everything foreign that kombu may raise passes through; the callers
translate it.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from amqp.exceptions import MessageNacked  # type: ignore[import-untyped]  # it ships no types
from kombu.transport import memory, virtual

from exchange.model.unit import UnitCode
from exchange.ports.transport import Message, PublishResult
from exchange.topology import (
    ASIDE,
    ASIDE_KEYS,
    DEAD,
    DIED_IN,
    INGRESS,
    OUT,
    Lane,
    aside_queue,
    in_exchange,
    inbox_queue,
    work_queue,
)
from exchange.transport.rabbit_topology import hub_layout, queue_arguments

__all__ = ["Link", "fate_of", "private_memory"]

_IN = in_exchange(UnitCode(""))
_PERSISTENT = 2
_ACCESS_REFUSED, _NOT_FOUND, _PRECONDITION_FAILED, _NO_ROUTE = 403, 404, 406, 312
_FATES = {
    _NO_ROUTE: PublishResult.UNROUTABLE,
    _NOT_FOUND: PublishResult.UNROUTABLE,
    _ACCESS_REFUSED: PublishResult.REFUSED,
    _PRECONDITION_FAILED: PublishResult.REFUSED,  # the user_id is not the account's
}


def private_memory() -> type[memory.Transport]:
    """kombu's memory transport with queues of its own, and bodies as the bytes they are."""

    class Channel(memory.Channel):
        body_encoding: Any = None

        def close(self) -> None:
            # Past the parent's, which walks all queues for nothing and breaks when another thread declares one.
            virtual.Channel.close(self)  # type: ignore[no-untyped-call]  # kombu's classes have few types

    class Transport(memory.Transport):
        global_state = virtual.BrokerState()  # type: ignore[no-untyped-call]

    Channel.queues = {}  # what kombu shares between all channels, shared between these alone
    Transport.Channel = Channel
    return Transport


def fate_of(error: Exception) -> PublishResult:
    """What a failed publish says of its message: only the broker's own word is certain, else it may be stored."""
    if isinstance(error, MessageNacked):
        return PublishResult.REFUSED
    return _FATES.get(getattr(error, "reply_code", None) or 0, PublishResult.UNKNOWN)


def _prepare(
    channel: Any,
    body: bytes,
    user: str | None,
    vouched: str | None = None,
    headers: dict[str, str] | None = None,
    **properties: Any,
) -> Any:
    if user is not None:
        properties["user_id"] = user
    if vouched is not None:
        properties["app_id"] = vouched
    return channel.prepare_message(body, content_type="application/xml", headers=headers, properties=properties)


class Link:
    """`plan` is what to declare, in order: None for the hub's own part, then units; it only ever grows."""

    def __init__(self, connection: Any, plan: Sequence[UnitCode | None], confirm_timeout_seconds: float) -> None:
        self._connection = connection
        self._virtual = issubclass(connection.get_transport_cls(), virtual.Transport)
        self._plan = plan
        self._planned = 0
        self._confirm_timeout = confirm_timeout_seconds
        self._channel: Any = None
        self._bound: dict[tuple[str, str], str] = {}
        if not self._virtual:
            connection.transport_options = {"confirm_publish": True}

    def open(self) -> Any:
        """The channel, connected, with all of the plan declared."""
        if self._channel is None:
            self._connection.ensure_connection(max_retries=0)  # kombu would sleep and try again; the caller knows when
            self._channel = self._connection.channel()
        while self._planned < len(self._plan):
            unit = self._plan[self._planned]
            if unit is None:
                self._declare_hub()
            else:
                self._declare_unit(unit)
            self._planned += 1
        return self._channel

    def drop(self) -> None:
        """Close without a word. After a failed publish nothing may be read any more: a late confirm would count for the
        next message."""
        self._channel, self._planned, self._bound = None, 0, {}
        with suppress(Exception):
            self._connection.release()
        # A released kombu connection stays closed; its clone is the same account and broker, not connected yet.
        self._connection = self._connection.clone()

    def publish(self, message: Message) -> PublishResult:
        """Raises whatever kombu raises; `fate_of` reads it."""
        channel = self.open()
        if self._virtual:
            return self._publish_virtual(channel, message)
        channel.basic_publish(
            _prepare(channel, message.body, message.user, message.vouched, delivery_mode=_PERSISTENT),
            exchange=message.exchange,
            routing_key=message.key,
            mandatory=True,
            timeout=self._confirm_timeout,
            confirm_timeout=self._confirm_timeout,
        )
        return PublishResult.ACCEPTED

    def _publish_virtual(self, channel: Any, message: Message) -> PublishResult:
        """What a broker's permissions, bindings and mandatory flag would do."""
        exchange, unit = message.exchange, None
        if message.exchange.startswith(_IN):
            exchange, unit = INGRESS, message.exchange.removeprefix(_IN)
        if unit != message.user:
            return PublishResult.REFUSED
        queue = self._queue(exchange, message.key)
        if queue is None or (unit and self._queue(OUT, unit) is None):
            return PublishResult.UNROUTABLE
        # Straight into its queue: kombu would search every binding of the exchange for every message.
        channel.basic_publish(_prepare(channel, message.body, unit, message.vouched), "", queue)
        return PublishResult.ACCEPTED

    def bury(self, body: bytes, user: str | None, queue: str) -> None:
        """Keep the bytes of a message rejected from `queue`. An AMQP broker does so itself, and says from where."""
        if self._virtual:
            channel = self.open()
            buried = _prepare(channel, body, user, headers={DIED_IN: queue})
            channel.basic_publish(buried, "", DEAD)

    def _queue(self, exchange: str, key: str) -> str | None:
        """The one queue that `key` leads to. Nothing here ever unbinds, so what was found stays found."""
        if (exchange, key) not in self._bound:
            with suppress(KeyError):  # no such exchange
                self._bound |= {(exchange, bound): queue for bound, _, queue in self._channel.get_table(exchange)}
        return self._bound.get((exchange, key))

    def _declare_hub(self) -> None:
        for exchange, kind_there in hub_layout().exchanges.items():
            kind = "direct" if self._virtual else kind_there  # `_routes` looks into direct ones
            self._channel.exchange_declare(exchange, type=kind, durable=True, auto_delete=False)
        self._declare_queue(DEAD, DEAD, "")
        for lane in Lane:
            self._declare_queue(work_queue(lane), INGRESS, lane.value)
        for key in ASIDE_KEYS:
            self._declare_queue(aside_queue(key), ASIDE, key)

    def _declare_unit(self, unit: UnitCode) -> None:
        self._declare_queue(inbox_queue(unit), OUT, unit)
        if not self._virtual:
            own = in_exchange(unit)
            self._channel.exchange_declare(own, type="direct", durable=True, auto_delete=False)
            for lane in Lane:
                self._channel.exchange_bind(destination=INGRESS, source=own, routing_key=lane.value)

    def _declare_queue(self, queue: str, exchange: str, key: str) -> None:
        arguments = {} if self._virtual else queue_arguments(queue)
        self._channel.queue_declare(queue, durable=True, exclusive=False, auto_delete=False, arguments=arguments)
        self._channel.queue_bind(queue, exchange, key)
