"""A one-machine exchange: hub and nodes in one process, on an embedded broker, with all state in one data directory.

The broker is empty at every start. That is the promise at its plainest: queues may lose everything, so the stores
are asked for what is open and all of it is due at once. Three loops in a thread each: hub, mailboxes, office
systems. The web face has its own.

Not here: what the steps do (`workers.*`, `exchange.services`), settings (`exchange.settings`).
"""

from datetime import datetime

from exchange.ports.hub import HubStore
from exchange.ports.node import NodeStore
from exchange.ports.telemetry import Log, Metrics
from exchange.ports.transport import Transport
from exchange.services.hub.history import Historian
from exchange.services.node.recover import Recoverer
from exchange.services.node.unsent import Unsent
from exchange.wiring.archive import open_shelf
from exchange.wiring.homes import HubHome
from exchange.wiring.hub import HubServices, open_hub
from exchange.wiring.layout import Layout
from exchange.wiring.node import NodeServices, StoreFeed, open_node, open_recoverer
from exchange.wiring.rooms import open_files_exchange, open_stores, open_transport
from workers import acknowledger, archivist, attendant, clock, collector, node, router, sealer, watch
from workers.gauges import gauge_steps
from workers.inboxes import Inboxes
from workers.loops import End, Loops
from workers.programs import serve_programs
from workers.pulse import Pulsing
from workers.runner import Runner, Step
from workers.watch import ClockWatch, hub_longest_wait

__all__ = ["Machine", "open_machine"]


class Machine(Loops):
    """Everything of one process."""

    def __init__(
        self,
        *,
        hub: HubServices,
        node: NodeServices,
        hub_store: HubStore,
        node_store: NodeStore,
        transport: Transport,
        metrics: Metrics,
        log: Log,
    ) -> None:
        ends = (
            End("queues", transport.close),
            End("offices", node.offices.close),
            End("hub's store", hub_store.close),
            End("node's store", node_store.close),
        )
        super().__init__((), ends, log)
        self.hub, self.node = hub, node
        self.hub_store, self.node_store, self.transport = hub_store, node_store, transport
        self.metrics, self.log = metrics, log


def open_machine(layout: Layout, metrics: Metrics, log: Log, transport: Transport | None = None) -> Machine:
    """Open the stores of `layout` and make everything that is open in them due. Raises InputError, StorageError."""
    settings = layout.settings()
    hub_store, node_store = open_stores(layout)
    transport = transport or open_transport(settings)
    home = layout.hub_home(settings)
    hub = open_hub(home, hub_store, transport.publisher(), metrics, log)
    services = open_node(
        layout.node_home(settings),
        node_store,
        Pulsing(open_files_exchange(hub.hub.files, hub_store)),
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
    _make_due(machine, hub.hub.clock.now())
    recoverer = open_recoverer(layout, services, Historian(hub_store, hub.hub.clock, log, open_shelf(home)))
    office = node.office_steps(services.officer, services.office_decider, recoverer)
    machine.runners = (
        Runner("hub", _hub_steps(machine, layout, home), hub.hub.clock, metrics, log),
        Runner("node", _node_steps(machine, recoverer), hub.hub.clock, metrics, log),
        Runner(
            "office",
            office,
            hub.hub.clock,
            metrics,
            log,
        ),
    )
    serve_programs(machine, services, settings.api, layout.root)
    return machine


def _make_due(machine: Machine, beyond: datetime) -> None:
    now = machine.hub.hub.clock.now()
    with machine.hub_store.begin() as hub:
        hub.hasten_open(now, beyond)
    with machine.node_store.begin() as session:
        session.hasten_open(now, beyond)


def _hub_steps(machine: Machine, layout: Layout, home: HubHome) -> list[Step]:
    hub = machine.hub
    envelopes = router.intake(machine.transport, hub.hub)
    receipts = machine.transport.consumer(acknowledger.QUEUES)
    return [
        Step(name="router.route", run=lambda: router.step(hub.router, envelopes)),
        Step(name="acknowledger.acknowledge", run=lambda: acknowledger.step(hub.acknowledger, receipts)),
        *clock.steps(
            hub.dispatcher,
            hub.forwarder,
            hub.reminder,
            hub.administration.administrator,
            hub.keeper,
            hub.resender,
            hub.pauser,
        ),
        *clock.file_steps(hub.discarder, hub.orphans),
        *attendant.steps(hub.attendant, machine.transport),
        *collector.steps(hub.dead_letters, machine.transport),
        *sealer.steps(hub.sealer),
        *watch.steps(
            ClockWatch(hub.hub.clock, lambda beyond: _make_due(machine, beyond), hub_longest_wait(hub.hub), machine.log)
        ),
        *archivist.steps(home, layout.anchor(), machine.hub.hub),
        *gauge_steps(hub.hub, machine.node.node, {"hub": layout.hub, "node": layout.node}),
    ]


def _node_steps(machine: Machine, recoverer: Recoverer) -> list[Step]:
    inboxes = Inboxes(machine.transport, machine.node_store)
    services = machine.node
    return [
        Step(name="node.units", run=inboxes.follow, every_seconds=1.0),
        *node.mailbox_steps(services.receiver, services.relay, services.refresher, inboxes, recoverer=recoverer),
        node.presence_step(services.presenter),
        *node.file_steps(Unsent(services.node, lambda: recoverer.pending)),
    ]
