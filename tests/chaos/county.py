"""Servers, lines, disks and processes of one run, and what a fault may lay its hands on.

Every client reaches its server through a line that can be made bad. Where the machine lets us mount them, directories
are file systems of their own that can be filled, and forget on a power cut what nobody synced. Whatever dies is started
again, as systemd would, unless a fault holds it down.
"""

import json
import random
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from exchange.cli.example import example_units
from exchange.trial.county import Progress, TrialCounty, TrialNode, TrialPlan
from exchange.trial.process import Program
from exchange.trial.proxy import TcpProxy
from tests.chaos.hooks import CONTROL, POINT, history_of
from tests.chaos.volume import Shelf, Volume

__all__ = ["SMALL", "WHOLE", "ChaosCounty", "Size", "Undo", "nothing"]

Undo = Callable[[], None]  # ends a fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """`each`: how many of each worker."""

    units: int
    nodes: int
    each: int


WHOLE = Size(units=6, nodes=3, each=2)
SMALL = Size(units=2, nodes=2, each=1)  # starts in a third of the time
_QUICK = {  # patience for a run of a minute instead of days
    "RETRY__FLOOR_SECONDS": "0.2",
    "RETRY__BASE_SECONDS": "0.5",
    "RETRY__CAP_SECONDS": "4",
    "RETRY__CONFIRMED_SECONDS": "3",
}
_LINE = {
    "HEARTBEAT_SECONDS": "5",
    "CONFIRM_TIMEOUT_SECONDS": "5",
    "BLOCKED_TIMEOUT_SECONDS": "10",
    "CONNECT_TIMEOUT_SECONDS": "4",
    "RECONNECT_CAP_SECONDS": "2",
}
_HUB = {f"YIDI_HUB_TIMING__{k}": v for k, v in _QUICK.items()} | {f"YIDI_RABBIT__{k}": v for k, v in _LINE.items()}
_NODE = {f"YIDI_NODE_TIMING__{k}": v for k, v in _QUICK.items()} | {
    f"YIDI_BROKER_LINE__{k}": v for k, v in _LINE.items()
}
_WORKERS = ("router", "acknowledger", "clock", "sealer")
_FIRST_SECONDS = 60.0
_HEALS_SECONDS = 100.0  # by itself: a queue must be silent for a minute
_SMALL_DISK, _SERVER_DISK = "48m", "512m"


def nothing() -> None:
    """The end of a fault that ends by itself."""


class ChaosCounty(TrialCounty):
    """`documents`: how many each clerk sends; `pause`: between them, on average."""

    def __init__(self, root: Path, seed: int, *, documents: int, pause: float, size: Size = WHOLE) -> None:
        self.lines: dict[str, TcpProxy] = {}
        self.held: set[str] = set()
        self.expected: set[str] = set()  # codes of what may be found set aside
        self.forged: set[str] = set()  # digests of what must be
        self.chance = random.Random(seed)
        self._ends = ExitStack()
        self._shelf: Shelf | None = None
        self._control: dict[str, dict[str, float]] = {}
        plan = TrialPlan(
            nodes=size.nodes,
            workers=dict.fromkeys(_WORKERS, size.each),
            hub_settings=_HUB,
            node_settings=_NODE,
            office="chaos",
            launch="tests.chaos.launch",
            through=self._through,
        )
        super().__init__(root, example_units()[: size.units], plan)
        (root / "history").mkdir(parents=True)
        self.clerks = [self._clerk(node, seed, documents, pause) for node in self.nodes]

    # making and running

    def mount_disks(self) -> None:
        """Before anything is founded."""
        shelf = self._shelf = Shelf(self.root / "disks")
        self._ends.callback(shelf.close)
        broker_data, files = self.broker.folder / "data", self.hub_root / "hub" / "files"
        for folder in (*(node.root for node in self.nodes), files, broker_data):
            folder.mkdir(parents=True)
        for folder in (*(node.root for node in self.nodes), files):
            shelf.add(folder, _SMALL_DISK)
        for folder in (broker_data, self.database.folder):
            shelf.add(folder, _SERVER_DISK)
        shutil.chown(self.database.folder, "postgres", "postgres")

    def found(self, say: Progress = lambda _what, _done, _of: None) -> None:
        super().found(say)
        for volume in self.volumes():
            volume.sync()  # what makes a database does not

    def volumes(self) -> list[Volume]:
        return self._shelf.volumes if self._shelf else []

    def tend(self) -> None:
        """Start what has died and nobody holds down."""
        for name, program in self.all_programs().items():
            if name not in self.held and program.pid is None:
                program.start()

    def await_first_document(self) -> None:
        """Until one has come all the way: a fault before that would meet processes that have not come up yet."""
        deadline = time.monotonic() + _FIRST_SECONDS
        while not any(line["act"] == "office" for node in self.nodes for line in self.history(node.root.name)):
            if time.monotonic() > deadline:
                return  # what is wrong will show itself
            self._pause()

    def all_programs(self) -> dict[str, Program]:
        return {program.name: program for program in [*self.programs(), *self.clerks]}

    def settle(self, seconds: float, say: Callable[[str], None] = print) -> dict[str, int]:
        """Until the clerks are done and nothing is open any more; what is still open when time is up. What the handbook
        has an operator do meanwhile is said and done: restart a broker whose queues the hub cannot make anew."""
        began = time.monotonic()
        deadline, is_nursed = began + seconds, False
        while not all(self._is_done(clerk) for clerk in self.clerks if clerk.name not in self.held):
            if time.monotonic() > deadline:
                return {f"{clerk.name} is not done": 1 for clerk in self.clerks if not self._is_done(clerk)}
            self._pause()
        for clerk in self.clerks:
            self.held.add(clerk.name)
            clerk.stop()
        while not (self.at_rest() and self.at_rest()):
            if time.monotonic() > deadline:
                return self.open_rows()
            if not is_nursed and time.monotonic() > began + _HEALS_SECONDS:
                is_nursed = True
                if dead := self._leaderless():
                    say(f"        重启消息队列 RabbitMQ is restarted: no leader for {', '.join(dead)}")
                    self.broker.restart()
                    deadline = time.monotonic() + seconds
            self._pause()
        return {}

    def close(self) -> None:
        for clerk in self.clerks:
            clerk.kill()
        super().close()
        self._ends.close()
        for server in (self.broker, self.database):  # where a disk of its own was mounted, which held it
            shutil.rmtree(server.folder, ignore_errors=True)

    # what faults use

    def set_fault(self, what: str, value: float, program: str = "*") -> None:
        self._control.setdefault(what, {})[program] = value
        self._write_control()

    def clear_fault(self, what: str, program: str = "*") -> None:
        self._control.get(what, {}).pop(program, None)
        self._write_control()

    def arm(self, program: Program, point: str, nth: int = 1) -> None:
        """Start it anew so that it dies there."""
        program.kill()
        program.start({POINT: f"{point}:{nth}"})

    def has_died_at(self, program: Program, point: str) -> bool:
        return any(line["act"] == "died" and line["point"] == point for line in self.history(program.name))

    def ports(self) -> list[int]:
        """Where clients find the servers, and the hub's HTTPS."""
        web = urlsplit(self.hub_place().settings.http.url).port
        assert web is not None
        return [*(line.port for line in self.lines.values()), web]

    def history(self, name: str) -> list[dict[str, object]]:
        path = history_of(self.root, name)
        if not path.exists():
            return []
        whole, _, _ = path.read_text(encoding="utf-8").rpartition("\n")  # the last one may be being written
        return [json.loads(line) for line in whole.splitlines()]

    @contextmanager
    def down(self, *programs: Program) -> Iterator[None]:
        """Nobody starts these meanwhile."""
        self.held |= {program.name for program in programs}
        try:
            yield
        finally:
            self.held -= {program.name for program in programs}

    def node_program(self, name: str, root: Path) -> Program:
        """A node that is none of the county's."""
        command = [sys.executable, "-m", self.plan.launch, "node", "run", "--data", str(root)]
        return Program(name, command, self.root / f"{name}.log", dict(_NODE))

    # inside

    def _pause(self) -> None:
        self.tend()
        time.sleep(0.5)

    def _leaderless(self) -> list[str]:
        rows = self.broker.rabbitmqctl("list_queues", "name", "state").splitlines()[1:]
        return [name for name, _, state in (row.partition("\t") for row in rows) if state != "running"]

    def _is_done(self, clerk: Program) -> bool:
        return any(line["act"] == "done" for line in self.history(clerk.name))

    def _through(self, name: str, port: int) -> int:
        """One line to each server; its port stays when the server is started again. The hub's HTTP has none."""
        if name == "hub":
            return port
        if name not in self.lines:
            self.lines[name] = self._ends.enter_context(TcpProxy(port))
        return self.lines[name].port

    def _write_control(self) -> None:
        path = self.root / "history" / CONTROL
        path.with_suffix(".new").write_text(json.dumps(self._control), encoding="utf-8")
        path.with_suffix(".new").replace(path)

    def _clerk(self, node: TrialNode, seed: int, documents: int, pause: float) -> Program:
        name = f"clerk-{node.root.name}"
        county = ",".join(unit.code for unit in self.units)
        command = [sys.executable, "-m", self.plan.launch, "clerk", "--data", str(node.root), "--seed", str(seed)]
        command += ["--documents", str(documents), "--pause", str(pause), "--county", county]
        command += ["--units", ",".join(node.units)]
        return Program(name, command, self.root / f"{name}.log", _NODE)
