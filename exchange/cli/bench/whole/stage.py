"""The county that is measured: private servers, every worker and node a process of its own, and what each spends.

Not here: what is sent.
"""

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from exchange.cli.bench.county import County
from exchange.cli.example import example_units
from exchange.errors import YidiError
from exchange.model.unit import Unit, UnitCode
from exchange.ports.hub import HubStore
from exchange.ports.node import NodeStore
from exchange.trial.county import QuietLog, TrialCounty, TrialNode, TrialPlan
from exchange.trial.process import family_cpu_seconds, family_kib
from exchange.wiring.desk import Desk

__all__ = ["Cpu", "Stage", "county_units", "open_stage"]

_PATIENCE_SECONDS = 300.0
_UNDER_WAY = ("submitted", "accepted", "relayed", "undelivered")

# Seconds on the processor by process: `router-1`, `node-1` ..., `rabbitmq`, `postgresql`, and `sender`, which is this
# process in the part of a unit's office.
Cpu = dict[str, float]


def county_units(count: int) -> list[Unit]:
    """The example county's, and as many more made up as are missing."""
    known = example_units()[:count]
    pattern = known[-1]
    return known + [
        replace(pattern, code=UnitCode(f"520304-{number:06}"), name=f"测量单位{number}", credit_code=None)
        for number in range(len(known), count)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """`county` for making documents. The desk is the sender's, at the first node."""

    trial: TrialCounty
    county: County
    desk: Desk
    hub_store: HubStore
    node_stores: tuple[NodeStore, ...]

    @property
    def sender_store(self) -> NodeStore:
        return self.node_stores[0]

    def recipients(self, count: int) -> tuple[UnitCode, ...]:
        """Units at other nodes first, if there are others: then sender and recipient are never one process."""
        hosted = [code for node in (*self.trial.nodes[1:], self.trial.nodes[0]) for code in node.units]
        return tuple(code for code in hosted if code != self.county.sender.code)[:count]

    def cpu(self) -> Cpu:
        spent = {program.name: program.cpu_seconds() for program in self.trial.programs()}
        spent["rabbitmq"] = family_cpu_seconds(self.trial.broker.pid)
        spent["postgresql"] = family_cpu_seconds(self.trial.database.pid)
        spent["sender"] = time.process_time()
        return spent

    def memory_kib(self) -> dict[str, int]:
        used = {p.name: family_kib(p.pid) for p in self.trial.programs() if p.pid is not None}
        return used | {
            "rabbitmq": family_kib(self.trial.broker.pid),
            "postgresql": family_kib(self.trial.database.pid),
        }

    def undelivered(self) -> int:
        """How many deliveries the hub still awaits an answer for."""
        with self.hub_store.begin() as session:
            counts = session.counts()
        return sum(counts[f"deliveries_{state}"] for state in _UNDER_WAY)

    def is_at_rest(self) -> bool:
        with self.hub_store.begin() as session:
            hub = session.counts()
        if hub["forwards_open"] or hub["entries_unsealed"] or any(hub[f"deliveries_{state}"] for state in _UNDER_WAY):
            return False
        for store in self.node_stores:
            with store.begin() as session:
                if session.counts()["outbox_open"]:
                    return False
        return True

    def until(self, reached: Callable[[], bool], what: str, *, every_seconds: float = 0.1) -> None:
        """Raises YidiError when it takes too long, or a process has ended."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not _holds(reached):
            ended = [program for program in self.trial.programs() if program.starts and program.status]
            if ended:
                raise YidiError(f"{ended[0].name} has ended: {ended[0].log_tail(3)}", code="BENCH")
            if time.monotonic() > deadline:
                raise YidiError(f"{what}: not after {_PATIENCE_SECONDS:.0f} s", code="BENCH")
            time.sleep(every_seconds)

    def rest(self) -> None:
        self.until(self.is_at_rest, "at rest")


def _holds(reached: Callable[[], bool]) -> bool:
    with contextlib.suppress(YidiError):  # a store was busy
        return reached()
    return False


@contextmanager
def open_stage(
    root: Path, units: Sequence[Unit], hosted: int, nodes: int, say: Callable[[str, int, int], None], routers: int = 1
) -> Iterator[Stage]:
    """`units` in the directory and at the broker, of which the first `hosted` have keys and a node. Founded, not
    started."""
    with ExitStack() as stack:
        plan = TrialPlan(nodes=nodes, hosted=hosted, workers={"router": routers})
        trial = stack.enter_context(TrialCounty(root, units, plan))
        trial.found(say)
        first = trial.nodes[0]
        desk = stack.enter_context(first.desk())
        yield Stage(
            trial=trial,
            county=_county(trial, first, desk),
            desk=desk,
            hub_store=stack.enter_context(trial.hub_store()),
            node_stores=tuple(stack.enter_context(node.store()) for node in trial.nodes),
        )


def _county(trial: TrialCounty, first: TrialNode, desk: Desk) -> County:
    directory = desk.node.node.verifier().directory
    sender = next(unit for unit in trial.units if unit.code == first.units[0])
    others = [unit for unit in trial.units if unit.code != sender.code]
    return County(layout=desk.layout, units=[sender, *others], directory=directory, log=QuietLog())
