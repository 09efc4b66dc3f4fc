"""A county on private servers: RabbitMQ, PostgreSQL, a hub and nodes, set up as docs/install.md tells and run as
systemd would run them, each worker and each node a process of its own.

    found()      servers, the hub, the units, their keys on their nodes, accounts and queues at the broker
    start()      the hub's workers and the nodes
    enroll(u)    a unit that was left out above, over HTTPS with a one-time code
    wipe_broker()  all queues, accounts and messages gone, then provisioned as an administrator would
    node_of(u)   where a unit is at home; `desk()` there is what its people work with
    at_rest()    whether anything is still open anywhere
    audit()      every promise, judged from the stores

Keys are made on the nodes and certified in one directory version: the steps of an enrolment without its HTTP, which
would sign the directory anew for each unit. Not here: what people do with it.
"""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import quote

from exchange.errors import TransportError, YidiError
from exchange.files.local import LocalFiles
from exchange.model.unit import Unit, UnitCode
from exchange.ports.hub import HubStore
from exchange.ports.node import NodeStore
from exchange.ports.telemetry import Log
from exchange.services.audit.promises import AuditReport, audit
from exchange.storage import open_hub_store, open_node_store
from exchange.trial.process import Program
from exchange.trial.servers import PostgresServer, RabbitServer, free_port
from exchange.wiring.desk import Desk, open_desk
from exchange.wiring.enrolment import enroll_here, import_units
from exchange.wiring.founding import HubPlan, enroll_far, found_hub, found_node
from exchange.wiring.hub import open_administration
from exchange.wiring.layout import Layout
from exchange.wiring.places import HubPlace, NodePlace
from exchange.wiring.provision import provision

__all__ = ["HUB", "Progress", "QuietLog", "TrialCounty", "TrialNode", "TrialPlan"]

HUB = "hub.520304"
# In the order of starting and stopping.
_WORKERS = ("web", "router", "acknowledger", "clock", "sealer")
# What must be 0 for nothing to be under way.
_OPEN = ("forwards_open", "entries_unsealed", "outbox_open", "handovers_open", "untold", "owed")
_UNSETTLED = ("submitted", "accepted", "relayed", "undelivered")

_PROVISION_SECONDS = 300.0

Progress = Callable[[str, int, int], None]


class QuietLog:
    def info(self, event: str, **fields: object) -> None: ...
    def warning(self, event: str, **fields: object) -> None: ...
    def alarm(self, event: str, **fields: object) -> None: ...


@dataclass(frozen=True, slots=True)
class TrialNode:
    """One node and the units at home there."""

    root: Path
    units: tuple[UnitCode, ...]
    program: Program

    @contextmanager
    def store(self) -> Iterator[NodeStore]:
        store = open_node_store(Layout(self.root).node_database())
        try:
            yield store
        finally:
            store.close()

    @contextmanager
    def desk(self, log: Log | None = None) -> Iterator[Desk]:
        """What a command beside the running node works with."""
        opened = open_desk(Layout(self.root), log or QuietLog())
        try:
            yield opened
        finally:
            opened.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialPlan:
    """How many of what, and how they run. `hosted`: the first so many units have a node and keys, the others stand in
    the directory and at the broker alone; by default all. `workers`: beside one of each. `hub_settings`,
    `node_settings`: variables `YIDI_...` of their processes. `launch`: the module that is run in place of the command.
    `through(name, port)`: where clients find a server, for whoever puts a bad line before it; names are "database",
    "broker" (the workers' way), "broker-tls" and "hub" (the nodes'). `later`: units that `found()` leaves for
    `enroll()`."""

    nodes: int
    hosted: int | None = None
    workers: Mapping[str, int] = field(default_factory=dict)
    hub_settings: Mapping[str, str] = field(default_factory=dict)
    node_settings: Mapping[str, str] = field(default_factory=dict)
    office: str = "none"
    launch: str = "exchange.cli"
    through: Callable[[str, int], int] = lambda _name, port: port
    later: frozenset[UnitCode] = frozenset()


class TrialCounty:
    def __init__(self, root: Path, units: Sequence[Unit], plan: TrialPlan) -> None:
        self.root, self.units, self.plan = root, tuple(units), plan
        self.broker = RabbitServer(management=True, plugins=["rabbitmq_auth_mechanism_ssl"])
        self.database = PostgresServer()
        self._hub_port = free_port()
        self.workers = {
            f"{name}-{number}": self._worker(name, number)
            for name in _WORKERS
            for number in range(1, plan.workers.get(name, 1) + 1)
        }
        hosted = self.units[: plan.hosted]
        homes = [tuple(unit.code for unit in hosted[n :: plan.nodes]) for n in range(plan.nodes)]
        self.nodes = [self._node(number, home) for number, home in enumerate(homes, 1)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # making

    def found(self, say: Progress = lambda _what, _done, _of: None) -> None:
        """Everything but the processes: those come with `start()`."""
        log = QuietLog()
        say("servers", 0, 2)
        self.database.start()
        self.database.create_database("yidi")
        say("servers", 1, 2)
        place = found_hub(self.hub_root, self._plan(), log)
        with (self.broker.folder / "rabbitmq.conf").open("a", encoding="utf-8") as settings:
            settings.write((self.hub_root / "tls" / "rabbitmq.conf").read_text(encoding="utf-8"))
        self.start_broker()
        say("servers", 2, 2)
        store = open_hub_store(place.database())
        try:
            administration = open_administration(place.home(), store, log)
            import_units(administration, self.units)
            done = 0
            for node in self.nodes:
                self._found_node(node, place)
                with node.store() as node_store:
                    now = [unit for unit in node.units if unit not in self.plan.later]
                    enroll_here(administration, NodePlace.open(node.root).keys(), node_store, now)
                done += len(now)
                say("enrol", done, len(self.units) - len(self.plan.later))
            directory = administration.administrator.current()
            self._hand_out(store)
        finally:
            store.close()
        say("provision", 0, 1)
        provision(place, directory)
        say("provision", 1, 1)

    def start_broker(self) -> None:
        """`broker`, or a cluster of which it is one."""
        self.broker.start()

    def start(self) -> None:
        for program in self.programs():
            program.start()

    def enroll(self, unit: UnitCode) -> None:
        """As its people would: the hub runs and gave them a code. Raises TransportError, RefusedError."""
        with self.hub_store() as store:
            codes = open_administration(self.hub_place().home(), store, QuietLog()).enroller.invite([unit])
        name = next(one.name for one in self.units if one.code == unit)
        enroll_far(NodePlace.open(self.node_of(unit).root), unit, name, codes[unit])

    def wipe_broker(self) -> None:
        self.broker.wipe()
        with self.hub_store() as store:
            directory = open_administration(self.hub_place().home(), store, QuietLog()).administrator.current()
        deadline = time.monotonic() + _PROVISION_SECONDS
        while True:
            try:
                provision(self.hub_place(), directory)
            except TransportError:  # on a busy machine a new broker takes its time
                if time.monotonic() > deadline:
                    raise
            else:
                return

    def programs(self) -> list[Program]:
        """All of them, in the order of starting."""
        return [*self.workers.values(), *(node.program for node in self.nodes)]

    def stop(self) -> None:
        """Nodes first, then what takes work in, last the sealer; each group together."""
        groups = [[node.program for node in self.nodes]]
        groups += [[p for name, p in self.workers.items() if name.startswith(kind + "-")] for kind in _WORKERS]
        for group in groups:
            for program in group:
                program.resume()
                program.ask_to_stop()
            for program in group:
                program.ended()

    def close(self) -> None:
        for program in self.programs():
            program.kill()
        self.broker.close()
        self.database.close()

    # looking

    @property
    def hub_root(self) -> Path:
        return self.root / "hub"

    def hub_place(self) -> HubPlace:
        return HubPlace.open(self.hub_root)

    @contextmanager
    def hub_store(self) -> Iterator[HubStore]:
        """The hub's database, past any bad line."""
        store = open_hub_store(self.database.url("yidi"))
        try:
            yield store
        finally:
            store.close()

    def node_of(self, unit: UnitCode) -> TrialNode:
        return next(node for node in self.nodes if unit in node.units)

    def open_rows(self) -> dict[str, int]:
        """What is still under way, by name: empty when the county is at rest. Raises StorageError."""
        with self.hub_store() as store, store.begin() as session:
            counts = session.counts()
        found = {f"hub {name}": counts.get(name, 0) for name in _OPEN}
        found |= {f"hub deliveries {name}": counts.get(f"deliveries_{name}", 0) for name in _UNSETTLED}
        for node in self.nodes:
            with node.store() as node_store, node_store.begin() as at_node:
                counts = at_node.counts()
            found |= {f"{node.root.name} {name}": counts.get(name, 0) for name in _OPEN}
        return {name: count for name, count in found.items() if count}

    def at_rest(self) -> bool:
        with contextlib.suppress(YidiError):
            return not self.open_rows()
        return False

    def audit(self, *, settled: bool = True) -> AuditReport:
        """As of this moment; `settled` when it is at rest."""
        with ExitStack() as stack:
            hub = stack.enter_context(self.hub_store())
            nodes = [
                (stack.enter_context(node.store()), LocalFiles(node.root / "node" / "files")) for node in self.nodes
            ]
            files = LocalFiles(self.hub_root / "hub" / "files")
            return audit(hub, Layout(self.hub_root).anchor(), hub_files=files, nodes=nodes, settled=settled)

    # inside

    def _plan(self) -> HubPlan:
        port = self.plan.through("database", self.database.port)
        return HubPlan(
            hub=HUB,
            name="播州区公文交换中心",
            database=f"postgresql://postgres@127.0.0.1:{port}/yidi",
            broker=f"amqp://yidi-hub@127.0.0.1:{self.plan.through('broker', self.broker.port)}/%2F",
            management=f"http://guest:guest@127.0.0.1:{self.broker.management_port}",
            url=f"https://127.0.0.1:{self.plan.through('hub', self._hub_port)}",
            broker_tls=f"127.0.0.1:{self.broker.tls_port}",
        )

    def _found_node(self, node: TrialNode, hub: HubPlace) -> None:
        found_node(node.root, hub.settings.http.url, self.hub_root / "tls" / "ca.pem", self.plan.office)
        place = NodePlace.open(node.root)
        place.layout.anchor_file.write_text(hub.layout.anchor().to_json(), encoding="utf-8")
        port = self.plan.through("broker-tls", self.broker.tls_port)
        place.broker_file.write_text(f"amqps://127.0.0.1:{port}/{quote('/', safe='')}\n", encoding="utf-8")

    def _hand_out(self, store: HubStore) -> None:
        """Every node begins with the directory, so that its people may write before it has asked for one."""
        with store.begin() as session:
            record = session.directory()
        assert record is not None
        for node in self.nodes:
            with node.store() as node_store, node_store.begin() as at_node:
                at_node.save_directory(record)

    def _worker(self, name: str, number: int) -> Program:
        command = ["worker", name, "--number", str(number), "--data", str(self.hub_root)]
        listen = {"YIDI_HTTP__PORT": str(self._hub_port)}
        return self._program(f"{name}-{number}", command, {**listen, **self.plan.hub_settings})

    def _node(self, number: int, units: tuple[UnitCode, ...]) -> TrialNode:
        root = self.root / f"node-{number}"
        program = self._program(root.name, ["node", "run", "--data", str(root)], self.plan.node_settings)
        return TrialNode(root, units, program)

    def _program(self, name: str, arguments: Sequence[str], settings: Mapping[str, str]) -> Program:
        command = [sys.executable, "-m", self.plan.launch, *arguments]
        return Program(name, command, self.root / f"{name}.log", dict(settings))
