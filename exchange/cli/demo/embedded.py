"""The demo's stage in one process: the machine that `yidi up` runs, in threads of its own."""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from exchange.adapters.sheet import read_units
from exchange.cli.demo.stage import Say, Stores, pick
from exchange.files.local import LocalFiles
from exchange.model.unit import Unit, UnitCode
from exchange.ports.hub import HubStore
from exchange.ports.telemetry import Log
from exchange.ports.transport import Consumer, Message, Publisher, PublishResult, Transport
from exchange.telemetry import make_metrics
from exchange.topology import Lane, in_exchange
from exchange.wiring.enrolment import enroll_here, import_units
from exchange.wiring.hub import establish_hub, open_administration
from exchange.wiring.layout import Layout
from exchange.wiring.node import NodeServices
from exchange.wiring.rooms import open_stores, open_transport
from workers.garbage import collect_seldom
from workers.machine import Machine, open_machine

__all__ = ["MachineStage", "found_county", "running", "stores_of"]


def found_county(layout: Layout, sheet: Path, count: int, say: Say, log: Log) -> list[Unit]:
    """Import the first `count` units of the sheet, townships included in proportion, and enrol each."""
    establish_hub(layout, "hub.520304", "播州区公文交换中心", log)
    settings = layout.settings()
    units = pick(read_units(sheet), count)
    hub_store, node_store = open_stores(layout)
    try:
        administration = open_administration(layout.hub_home(settings), hub_store, log)
        import_units(administration, units)
        say("import", len(units), len(units))
        enroll_here(
            administration,
            layout.node_keys(settings),
            node_store,
            [unit.code for unit in units],
            lambda done, of: say("enrol", done, of),
        )
    finally:
        hub_store.close()
        node_store.close()
    return units


class MachineStage:
    """A `Stage`."""

    patience_seconds = 60.0

    def __init__(self, machine: Machine, tap: "_TappedTransport") -> None:
        self.machine, self._tap = machine, tap

    @property
    def hub_store(self) -> HubStore:
        return self.machine.hub_store

    def node(self, unit: UnitCode) -> NodeServices:  # noqa: ARG002  # one node is home to all
        return self.machine.node

    def put_on_wire(self, unit: UnitCode, document: bytes) -> None:
        publisher = self._tap.publisher()
        publisher.publish([Message(exchange=in_exchange(unit), key=Lane.NORMAL.value, body=document, user=unit)])
        publisher.close()

    @contextmanager
    def overhear(self, unit: UnitCode) -> Iterator[Callable[[], list[bytes]]]:
        self._tap.watched, self._tap.seen = {unit}, []
        yield lambda: self._tap.seen
        self._tap.watched = set()

    def trouble(self) -> str:
        return f"faults: {self.machine.faults()}"


@contextmanager
def running(layout: Layout, log: Log) -> Iterator[MachineStage]:
    """The exchange at work in threads of its own, for as long as the block runs."""
    tap = _TappedTransport(open_transport(layout.settings()))
    machine = open_machine(layout, make_metrics(), log, tap)
    collect_seldom()
    thread = threading.Thread(target=machine.run, name="exchange", daemon=True)
    thread.start()
    try:
        yield MachineStage(machine, tap)
    finally:
        machine.stop()
        thread.join(timeout=30)


@contextmanager
def stores_of(layout: Layout) -> Iterator[Stores]:
    hub, node = open_stores(layout)
    try:
        yield Stores(
            hub=hub,
            home=layout.hub_home(layout.settings()),
            anchor=layout.anchor(),
            nodes=[(node, LocalFiles(layout.node / "files"))],
            node_of=lambda _unit: node,
        )
    finally:
        hub.close()
        node.close()


class _TappedTransport:
    """A transport whose publishers also note what goes to `watched` units."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner
        self.watched: set[str] = set()
        self.seen: list[bytes] = []

    def declare(self, units: Iterable[UnitCode]) -> None:
        self._inner.declare(units)

    def publisher(self) -> Publisher:
        return _TappedPublisher(self, self._inner.publisher())

    def consumer(self, queues: Sequence[str], *, in_turn: bool = False) -> Consumer:
        return self._inner.consumer(queues, in_turn=in_turn)

    def close(self) -> None:
        self._inner.close()


class _TappedPublisher:
    def __init__(self, tap: _TappedTransport, inner: Publisher) -> None:
        self._tap, self._inner = tap, inner

    def publish(self, batch: Sequence[Message]) -> list[PublishResult]:
        self._tap.seen += [message.body for message in batch if message.key in self._tap.watched]
        return self._inner.publish(batch)

    def close(self) -> None:
        self._inner.close()
