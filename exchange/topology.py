"""Every exchange, queue, routing key and header name, once.

Each unit publishes only to its own ingress exchange, which is bound to `ingress`; the hub publishes only to `out`,
which leads to the units' inboxes. Not here: how a broker is told (`exchange.transport`), who may do what there
(`deploy/`).
"""

from enum import StrEnum

from exchange.model.unit import UnitCode

__all__ = ["DEAD", "INGRESS", "OUT", "Lane", "in_exchange", "inbox_queue", "inbox_unit", "work_queue"]

INGRESS = "ingress"
OUT = "out"
DEAD = "dead"


class Lane(StrEnum):
    """Routing keys from a unit to the hub. Urgent documents have a queue of their own, so they overtake any backlog."""

    URGENT = "urgent"
    NORMAL = "normal"
    RECEIPT = "receipt"
    PRESENCE = "presence"


def work_queue(lane: Lane) -> str:
    return f"work.{lane.value}"


def in_exchange(unit: UnitCode) -> str:
    return f"in.{unit}"


def inbox_queue(unit: UnitCode) -> str:
    """The queue of a unit; its routing key on `out` is the bare unit code."""
    return f"inbox.{unit}"


def inbox_unit(queue: str) -> UnitCode:
    """The unit whose inbox `queue` is."""
    return UnitCode(queue.removeprefix("inbox."))
