"""One worker of a hub, or one node, as a process of its own: what `yidi worker` and `yidi node run` run.

    router, acknowledger, clock   any number; rows are locked while they are handled, queues share out the rest
    sealer                        one works; a second stands by, on this machine or another
    web                           one; the hub's HTTP for nodes

Not here: what the steps do (`workers.*`, `exchange.services`), who starts them (`workers.supervisor`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from exchange.errors import InputError
from exchange.files.hub import HubFileExchange
from exchange.ports.hub import HubStore
from exchange.ports.node import NodeStore
from exchange.ports.telemetry import Log, Metrics
from exchange.ports.transport import Transport
from exchange.remote.feed import HttpDirectoryFeed
from exchange.remote.files import HttpFileExchange
from exchange.remote.history import HttpHistory
from exchange.services.backoff import longest_wait
from exchange.services.hub.history import Historian
from exchange.services.hub.upload_quota import UploadQuota
from exchange.services.node.node import Node
from exchange.services.node.unsent import Unsent
from exchange.settings import Rabbit
from exchange.storage import open_hub_store, open_node_store
from exchange.storage.changes import Changes
from exchange.transport.rabbitmq import RabbitTransport
from exchange.transport.unit_accounts import UnitAccounts
from exchange.web.hub_api import HubFace, create_hub_app
from exchange.web.serve import Server
from exchange.wiring.archive import open_shelf
from exchange.wiring.files import open_hub_files
from exchange.wiring.hub import HubServices, open_administration, open_hub
from exchange.wiring.node import StoreFeed, open_node, open_recoverer
from exchange.wiring.parts import Parts
from exchange.wiring.places import HubPlace, NodePlace, hosted
from workers import acknowledger, archivist, attendant, clock, collector, node, router, sealer, watch
from workers.caretaker import Caretaker
from workers.gauges import gauge_steps
from workers.inboxes import Inboxes
from workers.loops import End, Loops
from workers.moves import Apart
from workers.programs import serve_programs
from workers.pulse import Pulsing
from workers.runner import Runner, Step
from workers.sparing import Sparing
from workers.watch import ClockWatch, hub_longest_wait

__all__ = ["WORKERS", "Rooms", "open_node_process", "open_worker"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rooms:
    """Which room serves which port, and how fast workers go round (`workers.runner`). Fault runs put something before
    each that fails on purpose."""

    hub_store: Callable[[str], HubStore] = open_hub_store
    node_store: Callable[[str], NodeStore] = open_node_store
    transport: Callable[[Rabbit], Transport] = RabbitTransport
    parts: Parts = field(default_factory=Parts)
    pace: float = 1.0


def open_worker(name: str, place: HubPlace, metrics: Metrics, log: Log, rooms: Rooms | None = None) -> Loops:
    """Raises InputError, StorageError, KeyStoreError."""
    rooms = rooms or Rooms()
    store = rooms.hub_store(place.database())
    if name == "web":
        return _open_web(place, store, metrics, log, rooms.parts)
    transport = rooms.transport(place.rabbit())
    hub = open_hub(place.home(), store, transport.publisher(), metrics, log, rooms.parts)
    steps = WORKERS[name](place, hub, transport)
    ends = (End("queues", transport.close), End("store", store.close))
    return Loops([Runner(name, steps, hub.hub.clock, metrics, log, pace=rooms.pace)], ends, log)


def _router_steps(_place: HubPlace, hub: HubServices, transport: Transport) -> list[Step]:
    consumer = router.intake(transport, hub.hub)
    return [Step(name="router.route", run=lambda: router.step(hub.router, consumer))]


def _acknowledger_steps(_place: HubPlace, hub: HubServices, transport: Transport) -> list[Step]:
    consumer = transport.consumer(acknowledger.QUEUES)
    return [Step(name="acknowledger.acknowledge", run=lambda: acknowledger.step(hub.acknowledger, consumer))]


def _clock_steps(place: HubPlace, services: HubServices, transport: Transport) -> list[Step]:
    hub = services.hub

    def make_due(beyond: datetime) -> None:
        with hub.store.begin() as session:
            session.hasten_open(hub.clock.now(), beyond)

    steps = [
        *clock.steps(
            services.dispatcher,
            services.forwarder,
            services.reminder,
            services.administration.administrator,
            services.keeper,
            services.resender,
            services.pauser,
        ),
        *clock.file_steps(services.discarder, services.orphans),
        *attendant.steps(services.attendant, transport),
        *collector.steps(services.dead_letters, transport),
        *watch.steps(ClockWatch(hub.clock, make_due, hub_longest_wait(hub), hub.log)),
        *gauge_steps(hub, None, {"hub": place.layout.hub}),
    ]
    steps += archivist.steps(place.home(), place.layout.anchor(), hub)
    if place.management() is not None:
        steps += Caretaker(place, hub).steps()
    return steps


def _sealer_steps(_place: HubPlace, hub: HubServices, _transport: Transport) -> list[Step]:
    return sealer.steps(hub.sealer)


WORKERS: dict[str, Callable[[HubPlace, HubServices, Transport], list[Step]]] = {
    "router": _router_steps,
    "acknowledger": _acknowledger_steps,
    "clock": _clock_steps,
    "sealer": _sealer_steps,
}


def _open_web(place: HubPlace, store: HubStore, metrics: Metrics, log: Log, parts: Parts) -> Loops:
    home, settings, clock_ = place.home(), place.settings.http, parts.clock
    administration = open_administration(home, store, log, clock_)
    face = HubFace(
        enroller=administration.enroller,
        directory=administration.administrator.current,
        feed=StoreFeed(store),
        history=Historian(store, clock_, log, open_shelf(home)),
        files=HubFileExchange(open_hub_files(home, parts.files), store),
        quota=UploadQuota(store, clock_, settings.upload_bytes_per_day),
        anchor=place.layout.anchor(),
        authority=home.keys.authority().certificate,
        clock=clock_,
        log=log,
        settings=settings,
    )
    root = place.layout.root
    tls = (root / settings.certificate_file, root / settings.key_file) if settings.certificate_file else None
    if tls is None and settings.host not in {"127.0.0.1", "::1"}:
        raise InputError("http.certificate_file: without TLS the hub listens on loopback alone", code="SETTINGS")
    server = Server(create_hub_app(face), settings.host, settings.port, tls=tls, connections=settings.connections)
    server.start()
    # The server has a thread of its own; the loop stands for the process's being alive.
    runner = Runner("web", [], clock_, metrics, log, idle_seconds=1.0)
    return Loops([runner], [End("store", store.close)], log, doors=[End("nodes", server.stop)])


def open_node_process(place: NodePlace, metrics: Metrics, log: Log, rooms: Rooms | None = None) -> Loops:
    """Raises InputError (NO_DATA before its first enrolment), StorageError, KeyStoreError."""
    rooms = rooms or Rooms()
    home = place.home()
    store = rooms.node_store(place.layout.node_database())
    client, transport = place.client(), UnitAccounts(lambda unit: rooms.transport(place.rabbit(unit)))
    feed = HttpDirectoryFeed(client, lambda: hosted(store))
    files = Pulsing(HttpFileExchange(client))
    services = open_node(home, store, files, feed, transport.publisher(), metrics, log, rooms.parts)
    services.node.moves = Apart()
    inboxes, recoverer = Inboxes(transport, store), open_recoverer(place.layout, services, HttpHistory(client))
    changes, ticks = Changes(place.layout.node_database()), services.node.clock
    spare = Sparing(changes, ticks)
    mailbox = [
        Step(name="node.units", run=inboxes.follow, every_seconds=1.0),
        *node.mailbox_steps(
            services.receiver, services.relay, services.refresher, inboxes, recoverer=recoverer, spare=spare
        ),
        node.presence_step(services.presenter),
        *_upkeep_steps(services.node, Unsent(services.node, lambda: recoverer.pending), place.layout.node),
    ]
    office = node.office_steps(services.officer, services.office_decider, recoverer, spare=spare)
    runners = [
        Runner(name, steps, ticks, metrics, log, pace=rooms.pace)
        for name, steps in (("node", mailbox), ("office", office))
    ]
    ends = (
        End("queues", transport.close),
        End("line to the hub", client.close),
        End("offices", services.offices.close),
        End("changes", changes.close),
        End("store", store.close),
    )
    loops = Loops(runners, ends, log)
    serve_programs(loops, services, place.settings.api, place.layout.root)
    return loops


def _upkeep_steps(one: Node, unsent: Unsent, folder: Path) -> list[Step]:
    def make_due(beyond: datetime) -> None:
        with one.store.begin() as session:
            session.hasten_open(one.clock.now(), beyond)

    return [
        *watch.steps(ClockWatch(one.clock, make_due, longest_wait(one.timing.retry), one.log)),
        *node.file_steps(unsent),
        *gauge_steps(None, one, {"node": folder}),
    ]
