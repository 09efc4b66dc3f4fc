"""One exchange: a hub with its workers and some nodes, each a process that can die and come back with nothing but its
stores.

Not here: what happens in it (`workload`, `attack`, `run`).
"""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from exchange.errors import YidiError
from exchange.files.hub import HubFileExchange
from exchange.model.envelope import EnvelopeKey
from exchange.model.unit import UnitCode
from exchange.ports.telemetry import UnitSample
from exchange.services.hub.acknowledge import Acknowledger
from exchange.services.hub.administer import Administrator
from exchange.services.hub.discard import Discarder
from exchange.services.hub.dispatch import Dispatcher
from exchange.services.hub.forward import Forwarder
from exchange.services.hub.hub import Hub
from exchange.services.hub.remind import Reminder
from exchange.services.hub.route import Router
from exchange.services.hub.seal import Sealer
from exchange.services.node.decide import Decider
from exchange.services.node.handover import Officer
from exchange.services.node.node import Node
from exchange.services.node.recall import Recaller
from exchange.services.node.receive import Receiver
from exchange.services.node.refresh import Refresher
from exchange.services.node.relay import Relay
from exchange.services.node.submit import Submitter
from exchange.services.secrecy.plain_text import PlainText
from exchange.settings import HubTiming, NodeTiming, Retry
from exchange.testing.broker import FakeBroker, FakeTransport
from exchange.testing.clock import FakeClock
from exchange.testing.files import MemoryFiles
from exchange.testing.ids import SeededIds
from exchange.testing.keys import HUB
from exchange.testing.metrics import RecordingLog
from exchange.testing.stores import memory_hub_store, memory_node_store
from exchange.topology import inbox_queue
from exchange.trust.keys import SoftwareSigner
from tests.simulation.county import ATTACKER, COUNTY, first_directory, signer
from tests.simulation.crash import Points, SimulatedCrash, WatchedStore
from tests.simulation.office import SimulatedOffice
from workers import acknowledger, router
from workers.batch import take

__all__ = ["Mailroom", "Process", "World"]

_RETRY = Retry(floor_seconds=1, base_seconds=2, cap_seconds=20, confirmed_seconds=10)
_NODE_TIMING = NodeTiming(retry=_RETRY, chunk_bytes=4096)
_PLENTY = 200
_PATIENCE = 8

Step = Callable[[], int]


class NoMetrics:
    def count(self, name: str, amount: float = 1, **labels: str) -> None: ...
    def gauge(self, name: str, value: float | None, **labels: str) -> None: ...
    def units(self, samples: Iterable[UnitSample]) -> None: ...

    def observe(self, name: str, value: float, **labels: str) -> None: ...


@dataclass(slots=True)
class Process:
    """`build` makes new services from the stores and returns the steps of the process's loop."""

    name: str
    build: Callable[[], dict[str, Step]]
    transport: FakeTransport
    steps: dict[str, Step] = field(default_factory=dict)
    starts: int = 0

    def start(self) -> None:
        self.transport.close()
        self.starts += 1
        self.steps = self.build()


@dataclass(slots=True)
class Mailroom:
    """What people at one node work with, and what the node keeps."""

    units: tuple[UnitCode, ...]
    store: WatchedStore
    files: MemoryFiles
    office: SimulatedOffice
    submitter: Submitter
    decider: Decider
    recaller: Recaller


class World:
    """`decide` is asked at every point whether the process that runs dies there.

    `forged`: digests of what must never get into effect. `refusable`: of what the attacker's account sent and the hub
    must have refused. `stolen`: (unit, generation) of revoked keys."""

    def __init__(self, chance: random.Random, *, decide: Callable[[int, str], None], nodes: int, units: int) -> None:
        self.chance = chance
        self.clock = FakeClock()
        self.ids = SeededIds(chance)
        self.log = RecordingLog()
        self.events: list[str] = []
        self.running = ""
        self.points = Points(decide=decide, between=self._between)
        self.interleave = 0.0
        self.calm = False
        self._failures: Counter[tuple[str, str]] = Counter()
        self._idle: dict[tuple[str, str], tuple[object, ...]] = {}
        self.office_down = 0.0
        self.broker = FakeBroker(clock=self.clock, chance=chance, hook=self._broker_point)
        self._in_a_row = chance.choice((0, 1, 50))
        self.hub_timing = HubTiming(
            retry=_RETRY,
            deliver_within_hours=0.5,
            sign_within_hours={"": 0.02 if chance.random() < 0.3 else 48.0},
            remind_every_hours=0.02,
            remind_at_most=2,
        )
        self.units = COUNTY.units[:units]
        self.generation: Counter[UnitCode] = Counter(dict.fromkeys(COUNTY.units, 1))
        self.forged: set[str] = set()
        self.refusable: set[str] = set()
        self.stolen: list[tuple[UnitCode, int]] = []
        self.promised: dict[EnvelopeKey, tuple[UnitCode, ...]] = {}
        self.hub_store = self._watched(memory_hub_store())
        self.hub_files = MemoryFiles(hook=self._file_point)
        first = first_directory(units)
        with self.hub_store.inner.begin() as session:
            session.add_directory(first)
        self.administrator = Administrator(
            self.hub_store, COUNTY.directory_signer, self.clock, self.log, valid_days=3650
        )
        self.broker.declare([*self.units, ATTACKER])
        self.mailrooms: list[Mailroom] = []
        self.services: dict[int, tuple[Node, Refresher]] = {}
        self.processes: dict[str, Process] = {}
        for name, build in self._hub_processes().items():
            self._add(name, build)
        for number in range(nodes):
            self._add_node(number, self.units[number::nodes])

    # running

    def run(self, process: Process, step: str) -> int:
        """One step of one process; what it raises ends it as in a worker's loop, and a crash starts it anew."""
        before, self.running = self.running, process.name
        try:
            done = process.steps[step]()
            self._failures[process.name, step] = 0
            return done
        except SimulatedCrash as crash:
            self.event(f"{process.name} dies in {step} at {crash}")
            process.start()
            return 1
        except YidiError as error:
            self.event(f"{process.name} {step}: {error.code}")
            self._failures[process.name, step] += 1
            if self.calm and self._failures[process.name, step] > _PATIENCE:
                raise TimeoutError(f"{process.name} {step} fails again and again: {error}") from error
            return 0
        finally:
            self.running = before

    def run_if_due(self, process: Process, step: str) -> int:
        """The same, unless the step found nothing to do before and nothing that it looks at has changed since: time,
        the process's own store, the directory."""
        if step in ("route", "acknowledge", "receive"):
            return self.run(process, step)
        number = int(process.name.partition("-")[2]) if process.name.startswith("node") else None
        store = self.hub_store if number is None else self.mailrooms[number].store
        looked_at = (self.clock.monotonic(), process.starts, store.version, self.generation.total())
        if self._idle.get((process.name, step)) == looked_at:
            return 0
        done = self.run(process, step)
        if not done and store.version == looked_at[2]:
            self._idle[process.name, step] = looked_at
        return done

    def act(self, mailroom: int, name: str, action: Callable[[], object]) -> bool:
        """Something a person does at a node; whether the node answered that it is done."""
        process = self.processes[f"node-{mailroom}"]
        self.running = process.name
        try:
            action()
        except SimulatedCrash as crash:
            self.event(f"{process.name} dies in {name} at {crash}")
            process.start()
            return False
        except YidiError as error:
            self.event(f"{process.name} {name}: {error.code}")
            return False
        finally:
            self.running = ""
        self.event(f"{process.name} {name}")
        return True

    def event(self, text: str) -> None:
        self.events.append(f"{self.clock.monotonic():8.1f} {text}")

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(timedelta(seconds=seconds))

    def restart(self) -> None:
        for process in self.processes.values():
            process.start()

    def declare(self) -> None:
        self.broker.declare([*self.units, ATTACKER])

    # points

    def _between(self) -> None:
        """Between two transactions of a process another may run: several work on one store at once."""
        if self.interleave and self.running and self.chance.random() < self.interleave:
            process = self.processes[self.chance.choice(list(self.processes))]
            if process.name != self.running:
                step = self.chance.choice(list(process.steps))
                chance, self.interleave = self.interleave, 0.0
                self.run(process, step)
                self.interleave = chance

    def _broker_point(self, name: str) -> None:
        if not name.startswith("receive"):
            self.points.reach(name)

    def _file_point(self, name: str, sha256: str) -> None:
        if name.startswith(("append", "complete")):
            self.points.reach(f"file.{name}")

    def _watched(self, store: object) -> WatchedStore:
        return WatchedStore(store, self.points, lambda: (self.running, len(self.broker.history)))

    # building

    def _add(self, name: str, build: Callable[[FakeTransport], dict[str, Step]]) -> None:
        transport = self.broker.transport(name)
        process = Process(name, lambda: build(transport), transport)
        self.processes[name] = process
        process.start()

    def _hub(self, transport: FakeTransport) -> Hub:
        return Hub(
            id=HUB,
            store=self.hub_store,
            files=self.hub_files,
            publisher=transport.publisher(),
            signer=COUNTY.hub,
            clock=self.clock,
            ids=self.ids,
            chance=self.chance,
            metrics=NoMetrics(),
            log=self.log,
            timing=self.hub_timing,
        )

    def _hub_processes(self) -> dict[str, Callable[[FakeTransport], dict[str, Step]]]:
        def route(transport: FakeTransport) -> dict[str, Step]:
            hub = self._hub(transport)
            service, consumer = Router(hub, PlainText()), router.intake(transport, hub, in_a_row=self._in_a_row)
            return {"route": lambda: take(consumer, service.route, self._limit())}

        def acknowledge(transport: FakeTransport) -> dict[str, Step]:
            service, consumer = Acknowledger(self._hub(transport)), transport.consumer(acknowledger.QUEUES)
            return {"acknowledge": lambda: take(consumer, service.acknowledge, self._limit())}

        def tick(transport: FakeTransport) -> dict[str, Step]:
            hub = self._hub(transport)
            forwarder = Forwarder(hub)
            return {
                "note": forwarder.note,
                "dispatch": Dispatcher(hub).dispatch,
                "forward": forwarder.forward,
                "remind": Reminder(hub).remind,
                "discard": Discarder(hub).discard,
            }

        def seal(transport: FakeTransport) -> dict[str, Step]:
            holder = self.ids.new()
            sealer = Sealer(self.hub_store, self.clock, COUNTY.ledger.note, HUB, NoMetrics(), self.log, holder=holder)
            return {"seal": sealer.seal}

        # Two sealers, which nobody should start: the lease alone keeps them from writing over each other.
        return {
            **{f"router-{number}": route for number in range(2)},
            **{f"sealer-{number}": seal for number in range(2)},
            "acknowledger": acknowledge,
            "clock": tick,
        }

    def _add_node(self, number: int, units: Sequence[UnitCode]) -> None:
        store = self._watched(memory_node_store())
        files = MemoryFiles(hook=self._file_point)
        office = SimulatedOffice(
            is_down=lambda: bool(self.office_down) and self.chance.random() < self.office_down, reach=self.points.reach
        )
        first = first_directory(len(self.units))
        with store.inner.begin() as session:
            session.save_directory(first)
            for unit in units:
                session.add_unit(unit, self.clock.now())

        def build(transport: FakeTransport) -> dict[str, Step]:
            return self._node_steps(number, tuple(units), store, files, office, transport)

        self.mailrooms.append(None)  # type: ignore[arg-type]  # filled by `build`, which the next line calls
        self._add(f"node-{number}", build)

    def _node_steps(
        self,
        number: int,
        units: tuple[UnitCode, ...],
        store: WatchedStore,
        files: MemoryFiles,
        office: SimulatedOffice,
        transport: FakeTransport,
    ) -> dict[str, Step]:
        node = Node(
            hub=HUB,
            store=store,
            files=files,
            exchange=HubFileExchange(self.hub_files, self.hub_store),
            publisher=transport.publisher(),
            keys=self._signer,
            anchor=COUNTY.anchor,
            clock=self.clock,
            ids=self.ids,
            chance=self.chance,
            metrics=NoMetrics(),
            log=self.log,
            timing=_NODE_TIMING,
        )
        submitter, refresher = Submitter(node, PlainText()), Refresher(node, self)
        self.services[number] = node, refresher
        officer, receiver, relay = Officer(node, lambda _: office, submitter), Receiver(node, refresher), Relay(node)
        consumer = transport.consumer([inbox_queue(unit) for unit in units])
        self.mailrooms[number] = Mailroom(units, store, files, office, submitter, Decider(node), Recaller(node))
        return {
            "receive": lambda: take(consumer, receiver.receive, self._limit()),
            "relay": relay.relay,
            "note": relay.note,
            "hand_over": officer.hand_over,
            "tell": officer.tell,
            "collect": officer.collect,
            "refresh": lambda: int(refresher.refresh()),
        }

    def newer(self, version: int) -> bytes | None:
        """The directory feed of every node."""
        with self.hub_store.begin() as session:
            if session.directory_version() <= version:
                return None
            record = session.directory()
        return None if record is None else bytes(record.document)

    def _signer(self, unit: UnitCode) -> SoftwareSigner:
        return signer(unit, self.generation[unit])

    def _limit(self) -> int:
        """Batches are of any size; the last healing takes all."""
        return _PLENTY if self.calm else self.chance.randint(1, 8)
