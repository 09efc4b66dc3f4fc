"""What `exchange.topology` names, as RabbitMQ keeps it: kinds, arguments and bindings, once for all who declare them.

    in.<unit>   direct  -> ingress   by each lane's key: the only exchange that the unit may write
    ingress     direct  -> work.<lane>
    out         direct  -> inbox.<unit>   by the bare unit code
    aside       direct  -> work.aside.<n>   by the hub's choice: what one unit sends too much of
    dead        fanout  -> dead           what was rejected for good or delivered too often, bytes kept

Queues are quorum queues. Only what can never change is an argument of the queue: its kind, and where its dead letters
go and how safely. Limits are policies (`exchange.transport.provisioning`), since an argument could not be changed
without deleting the queue.

Not here: who may do what (`exchange.transport.provisioning`).
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from exchange.model.unit import UnitCode
from exchange.topology import (
    ASIDE,
    ASIDE_KEYS,
    DEAD,
    HUB_QUEUES,
    INGRESS,
    OUT,
    Lane,
    aside_queue,
    in_exchange,
    inbox_queue,
    work_queue,
)

__all__ = ["Binding", "Layout", "declare", "hub_layout", "queue_arguments", "unit_layout"]


class Binding(NamedTuple):
    source: str
    destination: str
    key: str
    to_exchange: bool = False


class Layout(NamedTuple):
    """Exchanges with their kinds, queues, and what binds them."""

    exchanges: dict[str, str]
    queues: tuple[str, ...]
    bindings: tuple[Binding, ...]


def hub_layout() -> Layout:
    return Layout(
        {INGRESS: "direct", OUT: "direct", ASIDE: "direct", DEAD: "fanout"},
        HUB_QUEUES,
        (
            Binding(DEAD, DEAD, ""),
            *(Binding(INGRESS, work_queue(lane), lane.value) for lane in Lane),
            *(Binding(ASIDE, aside_queue(key), key) for key in ASIDE_KEYS),
        ),
    )


def unit_layout(unit: UnitCode) -> Layout:
    own, inbox = in_exchange(unit), inbox_queue(unit)
    lanes = (Binding(own, INGRESS, lane.value, to_exchange=True) for lane in Lane)
    return Layout({own: "direct"}, (inbox,), (Binding(OUT, inbox, unit), *lanes))


def queue_arguments(queue: str) -> dict[str, str]:
    arguments = {"x-queue-type": "quorum"}
    if queue != DEAD:
        # At least once: the message leaves its queue when `dead` has it. That needs `reject-publish`: a full queue
        # refuses the new message, which its sender keeps, instead of dropping an old one.
        arguments |= {
            "x-dead-letter-exchange": DEAD,
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
        }
    return arguments


def declare(channel: Any, plan: Iterable[UnitCode | None]) -> None:
    """Ask for all of `plan` (None: the hub's own part) without waiting; a refusal closes the channel, so the answer to
    whatever is asked next tells that all is there."""
    for unit in plan:
        layout = hub_layout() if unit is None else unit_layout(unit)
        for exchange, kind in layout.exchanges.items():
            channel.exchange_declare(exchange, kind, durable=True)
        for queue in layout.queues:
            channel.queue_declare(queue, durable=True, arguments=queue_arguments(queue))
        for binding in layout.bindings:
            bind = channel.exchange_bind if binding.to_exchange else channel.queue_bind
            bind(binding.destination, binding.source, binding.key)
