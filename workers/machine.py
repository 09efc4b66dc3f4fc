"""A one-machine exchange: hub and nodes in one process, on an embedded broker, with all state in one data directory.

The broker is empty at every start. That is the promise at its plainest: queues may lose everything, so the stores
are asked for what is open and all of it is due at once. Three loops in a thread each: hub, mailboxes, office
systems. The web face has its own.

Not here: what the steps do (`workers.*`, `exchange.services`), settings (`exchange.settings`).
"""

import threading
from dataclasses import dataclass
from datetime import timedelta

from exchange.ports.hub import HubStore
from exchange.ports.node import NodeStore
from exchange.ports.telemetry import Log, Metrics
from exchange.ports.transport import Transport
from exchange.wiring.hub import HubServices, open_hub
from exchange.wiring.layout import Layout
from exchange.wiring.node import NodeServices, StoreFeed, open_node
from exchange.wiring.rooms import open_files_exchange, open_stores, open_transport
from workers import acknowledger, clock, node, router, sealer, watch
from workers.gauges import gauge_steps
from workers.inboxes import Inboxes
from workers.runner import Runner, Step
from workers.watch import ClockWatch

__all__ = ["Machine", "open_machine"]

_ABANDONED = timedelta(days=7)


@dataclass(kw_only=True)
class Machine:
    """Everything of one process. `run()` blocks until `stop()`, which may come from any thread or a signal."""

    hub: HubServices
    node: NodeServices
    hub_store: HubStore
    node_store: NodeStore
    transport: Transport
    metrics: Metrics
    log: Log
    runners: tuple[Runner, ...] = ()

    def run(self) -> None:
        threads = [threading.Thread(target=runner.run, name=f"loop-{n}") for n, runner in enumerate(self.runners[1:])]
        for thread in threads:
            thread.start()
        try:
            self.runners[0].run()
        finally:
            self.stop()
            for thread in threads:
                thread.join()
            self.close()

    def stop(self) -> None:
        """Each loop ends after the step in hand: what it committed is published and acknowledged first."""
        for runner in self.runners:
            runner.stop()

    def close(self) -> None:
        self.transport.close()
        self.hub_store.close()
        self.node_store.close()

    def faults(self) -> dict[str, str]:
        """What keeps this exchange from being ready: steps that fail now."""
        return {name: f"failed {count} times in a row" for r in self.runners for name, count in r.faults().items()}

    def seconds_since_round(self) -> float:
        """Since the slower loop last came round: the liveness of the process."""
        now = self.node.node.clock.monotonic()
        return max(now - runner.last_round for runner in self.runners)


def open_machine(layout: Layout, metrics: Metrics, log: Log, transport: Transport | None = None) -> Machine:
    """Open the stores of `layout` and make everything that is open in them due. Raises InputError, StorageError."""
    settings = layout.settings()
    hub_store, node_store = open_stores(layout)
    transport = transport or open_transport(settings)
    hub = open_hub(layout.hub_home(settings), hub_store, transport.publisher(), metrics, log)
    services = open_node(
        layout.node_home(settings),
        node_store,
        open_files_exchange(hub.hub.files, hub_store),
        StoreFeed(hub_store),
        transport.publisher(),
        metrics,
        log,
    )
    machine = Machine(
        hub=hub,
        node=services,
        hub_store=hub_store,
        node_store=node_store,
        transport=transport,
        metrics=metrics,
        log=log,
    )
    # Before the first loop starts: what the hub dispatches to an inbox that is not there yet is lost, and comes
    # again a minute later.
    with node_store.begin() as session:
        transport.declare(session.units())
    services.refresher.refresh()
    _make_all_due(machine)
    machine.runners = (
        Runner("hub", _hub_steps(machine, layout), hub.hub.clock, metrics, log),
        Runner("node", _node_steps(machine), hub.hub.clock, metrics, log),
        Runner("office", node.office_steps(services.officer), hub.hub.clock, metrics, log),
    )
    return machine


def _make_all_due(machine: Machine) -> None:
    now = machine.hub.hub.clock.now()
    with machine.hub_store.begin() as hub:
        hub.hasten_open(now)
    with machine.node_store.begin() as session:
        session.hasten_open(now)


def _hub_steps(machine: Machine, layout: Layout) -> list[Step]:
    hub = machine.hub
    envelopes = machine.transport.consumer(router.QUEUES)
    receipts = machine.transport.consumer(acknowledger.QUEUES)
    return [
        Step(name="router.route", run=lambda: router.step(hub.router, envelopes)),
        Step(name="acknowledger.acknowledge", run=lambda: acknowledger.step(hub.acknowledger, receipts)),
        *clock.steps(hub.dispatcher, hub.forwarder, hub.reminder, hub.administration.administrator),
        *sealer.steps(hub.sealer),
        *watch.steps(ClockWatch(hub.hub.clock, lambda: _make_all_due(machine), machine.log)),
        Step(name="files.sweep", run=lambda: _sweep(machine), every_seconds=3600.0),
        *gauge_steps(hub.hub, machine.node.node, {"hub": layout.hub, "node": layout.node}),
    ]


def _node_steps(machine: Machine) -> list[Step]:
    inboxes = Inboxes(machine.transport, machine.node_store)
    services = machine.node
    return [
        Step(name="node.units", run=inboxes.follow, every_seconds=1.0),
        *node.mailbox_steps(services.receiver, services.relay, services.refresher, inboxes),
    ]


def _sweep(machine: Machine) -> int:
    """Forget uploads that nobody went on with."""
    old = machine.hub.hub.clock.now() - _ABANDONED
    return machine.hub.hub.files.sweep(old) + machine.node.node.files.sweep(old)
