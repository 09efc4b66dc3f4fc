"""Every exchange, queue, routing key and header name, once.

Each unit publishes only to its own ingress exchange, which is bound to `ingress`; the hub publishes to `out`, which
leads to the units' inboxes, and to `aside`, where it puts what one unit sends too much of.

Not here: how a broker is told (`exchange.transport`), who may do what there
(`deploy/`).
"""

import zlib
from enum import StrEnum

from exchange.model.unit import UnitCode

__all__ = [
    "ASIDE",
    "ASIDE_KEYS",
    "ASIDE_QUEUES",
    "DEAD",
    "DIED_IN",
    "HUB_QUEUES",
    "INBOX",
    "INGRESS",
    "OUT",
    "Lane",
    "aside_key",
    "aside_queue",
    "in_exchange",
    "inbox_queue",
    "inbox_unit",
    "work_queue",
]

INGRESS = "ingress"
OUT = "out"
DEAD = "dead"
INBOX = "inbox"  # with a unit's code behind it, that unit's queue; alone, all of them summed up
DIED_IN = "x-first-death-queue"  # RabbitMQ's header on what is in it
ASIDE = "aside"
# A few queues instead of one for each unit: two units that flood at once share one by chance alone.
ASIDE_KEYS = tuple("01234567")


class Lane(StrEnum):
    """Routing keys from a unit to the hub. Urgent documents have a queue of their own, so they overtake any backlog."""

    URGENT = "urgent"
    NORMAL = "normal"
    RECEIPT = "receipt"
    PRESENCE = "presence"


def work_queue(lane: Lane) -> str:
    return f"work.{lane.value}"


def aside_key(user: str | None) -> str:
    """Where on `aside` the messages of this account go."""
    return ASIDE_KEYS[zlib.crc32((user or "").encode()) % len(ASIDE_KEYS)]


def aside_queue(key: str) -> str:
    return f"work.aside.{key}"


ASIDE_QUEUES = tuple(map(aside_queue, ASIDE_KEYS))
HUB_QUEUES = (DEAD, *map(work_queue, Lane), *ASIDE_QUEUES)


def in_exchange(unit: UnitCode) -> str:
    return f"in.{unit}"


def inbox_queue(unit: UnitCode) -> str:
    """The queue of a unit; its routing key on `out` is the bare unit code."""
    return f"{INBOX}.{unit}"


def inbox_unit(queue: str) -> UnitCode:
    """The unit whose inbox `queue` is."""
    return UnitCode(queue.removeprefix(f"{INBOX}."))
