"""How a broker is, as its management tells it: release, nodes, quorum queues.

A quorum queue whose leader does not run is told by its statistics, which its leader alone writes, every five seconds:
the `leader` that is listed is only the last one known. RabbitMQ 3.10 makes such a queue out of a new one when it is
killed before it wrote down, about a second late, that the queue's process is there.

Not here: what is done about it (`exchange.transport.rabbit_healing`), and what the broker should hold
(`exchange.transport.provisioning`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from exchange.transport.rabbit_management import Management

__all__ = ["BrokerNode", "BrokerState", "QuorumQueue", "look"]

_COLUMNS = "name,type,members,online,messages,consumers"


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerNode:
    name: str
    running: bool
    partitioned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class QuorumQueue:
    """`told`: its leader runs, and has told how many messages and consumers there are."""

    name: str
    members: tuple[str, ...]
    online: tuple[str, ...]
    told: bool
    messages: int = 0
    consumers: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerState:
    release: str
    nodes: tuple[BrokerNode, ...]
    queues: tuple[QuorumQueue, ...]

    @property
    def is_whole(self) -> bool:
        """Every node of the cluster runs and sees the others."""
        return all(node.running and not node.partitioned for node in self.nodes)

    @property
    def silent(self) -> tuple[str, ...]:
        """Queues whose leader tells nothing, while those of others do (a broker may keep no statistics at all)."""
        if not any(queue.told for queue in self.queues):
            return ()
        return tuple(queue.name for queue in self.queues if not queue.told)


def look(management: Management, vhost: str) -> BrokerState:
    """Raises TransportError."""
    queues = management.get("queues", vhost, columns=_COLUMNS)
    return BrokerState(
        release=str(management.get("overview").get("rabbitmq_version", "")),
        nodes=tuple(_node(one) for one in management.get("nodes")),
        queues=tuple(_queue(one) for one in queues if one.get("type") == "quorum"),
    )


def _node(told: Mapping[str, Any]) -> BrokerNode:
    return BrokerNode(
        name=told["name"],
        running=bool(told.get("running")),
        partitioned=bool(told.get("partitions")),
    )


def _queue(told: Mapping[str, Any]) -> QuorumQueue:
    return QuorumQueue(
        name=told["name"],
        members=tuple(told.get("members", ())),
        online=tuple(told.get("online", ())),
        told="messages" in told,
        messages=told.get("messages", 0),
        consumers=told.get("consumers", 0),
    )
