"""Gauges that no event moves: depths and ages, read from the stores at intervals."""

from exchange.ports.hub import HubStore
from exchange.ports.node import NodeStore
from exchange.ports.telemetry import Metrics
from exchange.ports.time import Clock
from workers.runner import Step

__all__ = ["gauge_steps"]


def gauge_steps(hub: HubStore, node: NodeStore, clock: Clock, metrics: Metrics) -> list[Step]:
    def read_hub() -> int:
        with hub.begin() as session:
            counts = session.counts()
            checkpoint = session.checkpoint()
        for what, count in counts.items():
            metrics.gauge("yidi_hub_rows", count, what=what)
        if checkpoint is not None:
            age = (clock.now() - checkpoint.at).total_seconds()
            metrics.gauge("yidi_ledger_checkpoint_age_seconds", age)
        return 0

    def read_node() -> int:
        with node.begin() as session:
            counts = session.counts()
        for what, count in counts.items():
            metrics.gauge("yidi_node_rows", count, what=what)
        return 0

    return [
        Step(name="gauges.hub", run=read_hub, every_seconds=5.0),
        Step(name="gauges.node", run=read_node, every_seconds=5.0),
    ]
