"""The crash matrix of office adapters: the process dies at every step, is started again, and goes on.

One story, both ways: somebody in A's office puts a document out; it reaches B's office, where a named user signs for it
and answers; A's office sees all of it. The story is played once to count its steps, then once for every step, at which
the process dies. Each time the end is the same: one document, one hand-over, each receipt shown once.

A step is a commit of the node's store, or whatever the bench reports of what its adapter does outside: a file written,
a statement, a request. An adapter joins with a `Bench`. Not here: any adapter.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Protocol

from exchange.conformance.watched import Commits
from exchange.model.unit import UnitCode
from exchange.ports.office import OfficeAdapter
from exchange.services.node.handover import Officer
from exchange.services.node.office_decide import OfficeDecider
from tests.unit.services.hub_and_node import A, B, Died, NodeSide, World

__all__ = ["FILES", "TITLE", "Bench", "play", "survive_every_step"]

TITLE: Final = "关于开展安全检查的通知"
FILES: Final = {"通知.pdf": b"%PDF-1.7 notice", "名单.xlsx": b"PK list"}
_EVENTS: Final = sorted(["ACCEPTED", "DELIVERED", "FEEDBACK", "IMPORTED", "SIGNED"])
_FEWEST_STEPS: Final = 30
_MOST_ROUNDS: Final = 20  # far more than the story needs with one death in it

Reach = Callable[[str], None]


class Bench(Protocol):
    """An office system that A and B have, its users, and its adapter."""

    def open(self) -> OfficeAdapter:
        """A new life of the process that runs the adapter."""
        ...

    def watch(self, reach: Reach) -> AbstractContextManager[object]:
        """Within it, `reach` is told of each step that the adapter takes outside, and may end it there."""
        ...

    def put_out(self) -> None:
        """Somebody in A's office puts out the document: TITLE, FILES, for B."""
        ...

    def act(self) -> bool:
        """B's user looks at the inbox: signs once the document is there, then answers. Whether there was something to
        do; nothing is done twice."""
        ...

    def received(self) -> list[tuple[str, dict[str, bytes]]]:
        """What B's office holds: title, and files by name."""
        ...

    def shown(self) -> list[str]:
        """Events that A's office shows about its document."""
        ...

    def waiting(self) -> int:
        """Documents and decisions that nobody has taken from the office, or told it about."""
        ...


@dataclass
class _Deaths:
    """Counts steps; the process dies at the `at`-th."""

    at: int = 0
    seen: list[str] = field(default_factory=list)

    def reach(self, step: str) -> None:
        self.seen.append(step)
        if len(self.seen) == self.at:
            raise Died


@dataclass
class _Life:
    """One life of the office loops of both nodes, from one start to a death or the end."""

    steps: list[Callable[[], int]]
    close: Callable[[], None]


def _live(world: World, bench: Bench) -> _Life:
    adapter = bench.open()

    def office(side: NodeSide) -> Callable[[UnitCode], OfficeAdapter | None]:
        return lambda unit: adapter if unit in (A, B) and unit in side.units else None

    steps: list[Callable[[], int]] = []
    for side in world.nodes:
        officer = Officer(side.node, office(side), side.submitter)
        decider = OfficeDecider(side.node, office(side), side.decider)
        steps += [officer.collect, officer.hand_over, officer.tell, decider.take]
    return _Life(steps, adapter.close)


def play(bench: Bench, die_at: int = 0) -> tuple[World, list[str]]:
    """The story with a death at that step, or none; returns the world at its end and the steps that were taken."""
    world, deaths = World(), _Deaths(die_at)
    bench.put_out()
    life = _live(world, bench)
    for _ in range(_MOST_ROUNDS):
        done = 0
        for number in range(len(life.steps)):
            try:
                with _commits_told(world, deaths.reach), bench.watch(deaths.reach):
                    done += life.steps[number]()
            except Died:
                done += 1
                life.close()
                life = _live(world, bench)
        world.settle()
        world.pass_time(timedelta(seconds=30))
        if not (bench.act() or done or bench.waiting()):
            break
    life.close()
    return world, deaths.seen


@contextmanager
def _commits_told(world: World, reach: Reach) -> Iterator[None]:
    """`reach` is told before and after each commit that writes something."""
    for side in world.nodes:
        side.steps.watch = Commits(reach)
    try:
        yield
    finally:
        for side in world.nodes:
            side.steps.watch = None


def survive_every_step(make_bench: Callable[[int], Bench], part: int = 0, parts: int = 1) -> None:
    """Play the story with a death at each of its steps, or at those of one part of `parts`, on a bench of its own each
    time; `make_bench` gets the step's number."""
    bench = make_bench(0)
    world, steps = play(bench)
    assert not (faults := _faults_of(bench, world)), faults
    found = []
    assert len(steps) > _FEWEST_STEPS, "the bench tells too little of what its adapter does"
    for number, step in list(enumerate(steps, 1))[part::parts]:
        bench = make_bench(number)
        world, _ = play(bench, number)
        found += [f"dead at step {number}, {step}: {fault}" for fault in _faults_of(bench, world)]
    assert not found, "\n".join(found)


def _faults_of(bench: Bench, world: World) -> list[str]:
    """What is not as it must be in the end."""
    expected: dict[str, tuple[object, object]] = {
        "documents sent": (world.sending.counts()["sent"], 1),
        "documents at the hub": (world.hub.counts()["documents"], 1),
        "documents in the office": (bench.received(), [(TITLE, FILES)]),
        "events shown": (bench.shown(), _EVENTS),
        "waiting in the office": (bench.waiting(), 0),
    }
    for side in world.nodes:
        for name in ("handovers_open", "untold", "outbox_open"):
            expected[f"{name} of {side.units}"] = (side.counts()[name], 0)
    return [f"{what}: {found}" for what, (found, wanted) in expected.items() if found != wanted]
