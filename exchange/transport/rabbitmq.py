"""RabbitMQ in production, 3.10 to 4.x, through pika. Implements `exchange.ports.transport.Transport`.

    RabbitTransport       one account on one broker or cluster
    rabbit_connection     a thread that keeps one connection up
    rabbit_publisher      confirms in a window, four fates
    rabbit_consumer       prefetch, a bounded buffer, acknowledgements in runs
    rabbit_topology       exchanges and queues as RabbitMQ keeps them

Publishing and consuming never share a connection: an alarm blocks whole connections, and consumers must go on.

An account may do what it was given (`exchange.transport.provisioning`). A unit's account sends in the unit's own name
only; the broker checks `user_id`. What was declared through a transport is declared again at every reconnection, so
that a wiped broker is whole again as soon as it is back.

Not here: what any message means; the users and limits that only an administrator may set.
"""

import logging
import threading
from collections.abc import Iterable, Sequence
from typing import Any

from exchange.errors import TransportError
from exchange.model.unit import UnitCode
from exchange.ports.transport import Consumer, Publisher
from exchange.settings import Rabbit
from exchange.transport.rabbit_connection import RabbitConnection, parameters
from exchange.transport.rabbit_consumer import RabbitConsumer
from exchange.transport.rabbit_publisher import RabbitPublisher
from exchange.transport.rabbit_topology import declare

__all__ = ["RabbitTransport"]


class RabbitTransport:
    """Makes no connection until something is asked of it."""

    def __init__(self, settings: Rabbit) -> None:
        parameters(settings)  # a wrong URL or certificate is told at once
        # pika logs at error level what every caller here is told by a result or an exception.
        logging.getLogger("pika").setLevel(logging.CRITICAL)
        self._settings = settings
        self._plan: list[UnitCode | None] = []
        self._planning = threading.Lock()
        self._open: list[RabbitPublisher | RabbitConsumer] = []

    def declare(self, units: Iterable[UnitCode]) -> None:
        with self._planning:
            known = set(self._plan)
            new = [item for item in (None, *dict.fromkeys(units)) if item not in known]
            self._plan.extend(new)
        self._ask(list(self._plan))

    def log_in(self) -> None:
        """Whether the account gets in, and no more. Raises TransportError."""
        self._ask([])

    def _ask(self, plan: Sequence[UnitCode | None]) -> None:
        declaration = _Declaration(plan, brokers=len(self._settings.urls))
        connection = RabbitConnection(self._settings, "rabbit-declare", declaration)
        connection.start()
        try:
            declaration.wait()
        finally:
            connection.close()

    def publisher(self) -> Publisher:
        made = RabbitPublisher(self._settings, self._plan)
        self._open.append(made)
        return made

    def consumer(self, queues: Sequence[str], *, in_turn: bool = False) -> Consumer:
        made = RabbitConsumer(self._settings, queues, self._plan, in_turn=in_turn)
        self._open.append(made)
        return made

    def close(self) -> None:
        """Consumers first, so that nothing is taken that could not be answered any more."""
        for one in sorted(self._open, key=lambda one: isinstance(one, RabbitPublisher)):
            one.close()
        self._open.clear()


class _Declaration:
    """Asks once, of the first of the `brokers` that can be reached; the first refusal is the answer."""

    def __init__(self, plan: Sequence[UnitCode | None], *, brokers: int) -> None:
        self._plan, self._untried = plan, brokers
        self._answered = threading.Event()
        self._error: TransportError | None = None

    def wait(self) -> None:
        self._answered.wait()  # ends: connecting has a timeout, and heartbeats end a connection that has gone silent
        if self._error is not None:
            raise TransportError("the broker did not take the declaration", detail=self._error.detail)

    def opened(self, connection: Any) -> None:
        connection.channel(on_open_callback=self._ask)

    def lost(self, error: TransportError) -> None:
        self._untried -= 1
        if self._untried <= 0:
            self._settle(error)

    def _ask(self, channel: Any) -> None:
        channel.add_on_close_callback(lambda _, reason: self._settle(TransportError("refused", detail=repr(reason))))
        declare(channel, self._plan)
        channel.basic_qos(prefetch_count=1, callback=lambda _: self._settle(None))

    def _settle(self, error: TransportError | None) -> None:
        if not self._answered.is_set():
            self._error = error
            self._answered.set()
