"""A small exchange on real servers that is under load, scraped by Prometheus with the rules as they ship, behind which
Alertmanager runs the example that ships and tells a webhook.

A minute is a second: in the rules (`hurried`), and in the intervals at which workers and nodes look (`CHAOS_PACE`) and
try again.

Not here: what is done to it (`faults`).
"""

import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Self

from exchange.errors import YidiError
from exchange.model.unit import Level, Unit, UnitCode, UnitKind
from exchange.ports.node import Box
from exchange.ports.transport import Message
from exchange.services.hub.administer import Administrator
from exchange.topology import Lane, in_exchange
from exchange.transport.rabbitmq import RabbitTransport
from exchange.trial.county import QuietLog, TrialCounty, TrialPlan
from exchange.trial.servers import free_port
from exchange.wiring.places import NodePlace
from exchange.wiring.system import SystemClock
from tests.chaos.hooks import CONTROL
from tests.servers import four
from tests.servers.alarms.hurried import PACE, hurried
from tests.servers.alarms.told import Notification, name_of, receiver
from tests.servers.four import A, B, C, send, until
from tests.servers.watching import DEPLOYED, Prometheus, alertmanager, prometheus

__all__ = ["HERE", "HUB", "NODES", "THERE", "UNITS", "Firing", "Undo", "Watched", "plan", "watched"]

Firing = frozenset[str]
Undo = Callable[[], None]

HUB = ("router-1", "acknowledger-1", "clock-1", "sealer-1", "web-1")
NODES = ("node-1", "node-2")
# So many that a node which is off is a crowd: those of the first node, and those of the second.
UNITS = [
    *four.UNITS,
    *(
        Unit(code=UnitCode(f"520304-{n:03}"), name=f"第{n}局", kind=UnitKind.GOVERNMENT, level=Level.COUNTY)
        for n in range(5, 11)
    ),
]
HERE, THERE = ([unit.code for unit in UNITS[n::2]] for n in (0, 1))

_SECONDS = 180.0  # a loaded machine: whatever is waited for comes at last, or never
_RETRY = {"FLOOR": "0.2", "BASE": "0.5", "CAP": "2", "CONFIRMED": "2"}
_LINE = {"RECONNECT_CAP": "0.5"}
_FACE = "YIDI_WEB__PORT"


class Watched:
    """Its people send all the while."""

    def __init__(self, county: TrialCounty, watch: Prometheus, told: list[Notification]) -> None:
        self.county, self.watch, self.told = county, watch, told
        self._control: dict[str, dict[str, float]] = {}
        self._over = threading.Event()
        self._people = threading.Thread(target=self._send)

    def __enter__(self) -> Self:
        self._people.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._people.join()

    def _send(self) -> None:
        number = 0
        while not self._over.wait(0.7):
            number += 1
            with suppress(YidiError):  # a full disk is one of the faults
                # Less to C, whose office is away for long.
                send(self.county, A, (B,) if number % 4 else (B, C), [b"5"])

    # what is seen

    def firing(self) -> Firing:
        return _names(self.watch.ask('ALERTS{alertstate="firing"}'))

    def fired_since(self, began: float) -> Firing:
        seconds = int(time.monotonic() - began) + 1
        return _names(self.watch.ask(f'max_over_time(ALERTS{{alertstate="firing"}}[{seconds}s])'))

    def until(self, what: str, happened: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _SECONDS
        while not happened():
            if time.monotonic() > deadline:
                logs = {one.name: one.log_tail(3) for one in self.county.programs()}
                raise AssertionError(f"{what}\nfiring: {sorted(self.firing())}\ntold: {self.told}\n{logs}")
            time.sleep(0.5)

    # what is done

    def set_fault(self, what: str, value: float, *programs: str) -> Undo:
        """In these processes, by the hooks of fault runs."""
        for program in programs:
            self._control.setdefault(what, {})[program] = value
        self._write()

        def undo() -> None:
            for program in programs:
                del self._control[what][program]
            self._write()

        return undo

    def _write(self) -> None:
        path = self.county.root / "history" / CONTROL
        path.with_suffix(".new").write_text(json.dumps(self._control), encoding="utf-8")
        path.with_suffix(".new").replace(path)

    def sql(self, statement: str) -> None:
        command = ["psql", self.county.database.url("yidi"), "-qc", statement]
        subprocess.run(command, check=True, capture_output=True, text=True)

    def administrator(self, stack: ExitStack, *, valid_days: int) -> Administrator:
        store, home = stack.enter_context(self.county.hub_store()), self.county.hub_place().home()
        return Administrator(store, home.keys.signer("directory"), SystemClock(), QuietLog(), valid_days=valid_days)

    def publish(self, bodies: list[bytes], lane: Lane) -> None:
        """By A's own account, past its node."""
        transport = RabbitTransport(NodePlace.open(self.county.node_of(A).root).rabbit(A))
        messages = [Message(exchange=in_exchange(A), key=lane.value, body=body, user=A) for body in bodies]
        transport.publisher().publish(messages)
        transport.close()


def _names(series: Iterable[dict[str, dict[str, str]]]) -> Firing:
    return frozenset(name_of(one["metric"]) for one in series)


def _is_delivered(county: TrialCounty) -> bool:
    with county.node_of(B).store() as store, store.begin() as session:
        return bool(session.listing(B, Box.INBOX, 1))


def plan(*, nodes: int) -> TrialPlan:
    retry = {f"TIMING__RETRY__{name}_SECONDS": value for name, value in _RETRY.items()}
    line = {f"{name}_SECONDS": value for name, value in _LINE.items()}
    pace = {"CHAOS_PACE": str(PACE)}
    hub = {f"YIDI_HUB_{name}": value for name, value in retry.items()}
    hub |= {f"YIDI_RABBIT__{name}": value for name, value in line.items()}
    node = {f"YIDI_NODE_{name}": value for name, value in retry.items()}
    node |= {f"YIDI_BROKER_LINE__{name}": value for name, value in line.items()}
    return TrialPlan(
        nodes=nodes,
        office="folder",
        launch="tests.chaos.launch",
        hub_settings=hub | pace | {_FACE: str(free_port())},
        node_settings=node | pace,
    )


@contextmanager
def watched(county: TrialCounty, folder: Path) -> Iterator[Watched]:
    """`county`: by `plan`, and not founded yet. `folder`: for Prometheus and Alertmanager."""
    (county.root / "history").mkdir()
    county.found()
    ports = {node.root.name: free_port() for node in county.nodes}
    for one in county.nodes:
        one.program.environment = {**one.program.environment, _FACE: str(ports[one.root.name])}
    county.start()
    send(county, A, (B,))
    until(county, "the first delivery", lambda: _is_delivered(county))  # so they are there when Prometheus first looks
    rules = folder / "rules.yml"
    rules.write_text(hurried((DEPLOYED / "yidi-alerts.yml").read_text(encoding="utf-8")), encoding="utf-8")
    nodes = {name: f"127.0.0.1:{port}" for name, port in ports.items()}
    targets = f"http://127.0.0.1:{county.plan.hub_settings[_FACE]}/targets"
    processes = str(len(county.programs()))
    with ExitStack() as stack:
        where, told = stack.enter_context(receiver())
        manager = stack.enter_context(alertmanager(folder, where, interval="5s"))
        watch = stack.enter_context(prometheus(folder, targets, nodes, port=free_port(), rules=rules, manager=manager))
        watch.until('count(up{job="yidi"} == 1)', lambda found: bool(found) and found[0]["value"][1] == processes)
        yield stack.enter_context(Watched(county, watch, told))
