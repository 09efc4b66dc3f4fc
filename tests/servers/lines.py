"""A county of two far nodes whose lines to broker and hub go through proxies, for whoever slows, cuts and counts them.

Not here: how slow, how often, what is sent.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from exchange.client.node import NodeClient
from exchange.model.program import Scope
from exchange.model.unit import Level, Unit, UnitCode, UnitKind
from exchange.trial.county import TrialCounty, TrialPlan
from exchange.trial.process import Program, peak_kib
from exchange.trial.proxy import SharedLine, TcpProxy
from tests.unit.cli.commands import yidi

T = TypeVar("T")
SENDER, RECIPIENT = UnitCode("520304-001"), UnitCode("520304-002")
UNITS = [
    Unit(code=SENDER, name="区水务局", kind=UnitKind.GOVERNMENT, level=Level.COUNTY),
    Unit(code=RECIPIENT, name="虾子镇", kind=UnitKind.GOVERNMENT, level=Level.TOWNSHIP),
]


@dataclass(slots=True)
class FarCounty:
    """`lines`: the nodes' ways, "broker-tls" and "hub"."""

    county: TrialCounty
    lines: dict[str, TcpProxy]
    cuts: int = 0

    def cut(self) -> None:
        self.cuts += 1
        for line in self.lines.values():
            line.reset()

    @property
    def passed(self) -> int:
        return sum(line.passed for line in self.lines.values())

    def processes(self) -> dict[str, Program]:
        """Those that a file goes through."""
        return {
            "sender's node": self.county.node_of(SENDER).program,
            "hub's HTTP": self.county.workers["web-1"],
            "recipient's node": self.county.node_of(RECIPIENT).program,
        }

    def peaks_mib(self) -> dict[str, float]:
        return {name: peak_kib(program.pid or 0) / 1024 for name, program in self.processes().items()}

    def client(self, unit: UnitCode) -> NodeClient:
        root = self.county.node_of(unit).root
        scopes = [part for scope in Scope for part in ("--scope", scope)]
        made = yidi("node", "tokens", "new", "测试OA", *scopes, "--json", data=root)
        assert made.code == 0, made.err
        url = until(lambda: (root / "api.url").exists() and (root / "api.url").read_text(encoding="utf-8").strip())
        return NodeClient(str(url), made.json["token"], seconds=300.0)


@contextmanager
def far_county(
    folder: Path, *, latency_seconds: float = 0.0, line: SharedLine | None = None, pace: float = 1.0
) -> Iterator[FarCounty]:
    """Two nodes that reach broker and hub over one line. `pace`: so much faster do the nodes repeat and reconnect."""
    with ExitStack() as stack:
        lines: dict[str, TcpProxy] = {}

        def through(name: str, port: int) -> int:
            if name not in {"broker-tls", "hub"}:
                return port
            if name not in lines:
                proxy = TcpProxy(port, latency_seconds=latency_seconds, line=line)
                lines[name] = stack.enter_context(proxy)
            return lines[name].port

        retry = {"BASE": 5.0, "CONFIRMED": 60.0, "FLOOR": 1.0}
        hub, node = (
            {f"YIDI_{side}_TIMING__RETRY__{name}_SECONDS": str(seconds / pace) for name, seconds in retry.items()}
            for side in ("HUB", "NODE")
        )
        plan = TrialPlan(
            nodes=2,
            through=through,
            hub_settings=hub,
            node_settings=node | {"YIDI_API__PORT": "0"},
        )
        county = stack.enter_context(TrialCounty(folder, UNITS, plan))
        county.found()
        county.start()
        yield FarCounty(county, lines)
        county.stop()


@contextmanager
def meanwhile(work: Callable[[threading.Event], None]) -> Iterator[None]:
    """`work` in a thread, told to end when the block does."""
    over = threading.Event()
    thread = threading.Thread(target=work, args=(over,))
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def until(look: Callable[[], T], seconds: float = 300.0) -> T:
    end = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < end, "it never came"
        time.sleep(0.1)
    return seen
