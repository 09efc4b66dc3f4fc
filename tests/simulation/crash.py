"""Where a process may die: at every step towards a store, the broker, the files and the office.

The store here is the real one, with a watcher around each transaction: it also remembers what was committed when, and
that no delivery's state ever went back.
"""

from collections.abc import Callable, Iterator, Sequence, Sized
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from exchange.model.unit import UnitCode
from exchange.ports.records import DeliveryRecord

__all__ = ["Commit", "Points", "SimulatedCrash", "WatchedStore"]


class SimulatedCrash(BaseException):
    """The process is gone. Not an Exception: nothing in the code under test may catch it."""


@dataclass(slots=True)
class Points:
    """Every point is counted. `decide` may raise SimulatedCrash there; `between` may let another process run."""

    decide: Callable[[int, str], None]
    between: Callable[[], None]
    count: int = 0
    quiet: bool = False

    def reach(self, name: str) -> None:
        if not self.quiet:
            self.count += 1
            self.decide(self.count, name)


class Commit(NamedTuple):
    """Who committed, when (a place in the broker's history), which methods were called, and whether any wrote."""

    who: str
    position: int
    calls: frozenset[str]
    wrote: bool


@dataclass(slots=True)
class WatchedStore:
    """A HubStore or NodeStore. `commits` in order; `backwards`: deliveries whose state went back;
    `version` rises with each commit that wrote."""

    inner: Any
    points: Points
    at: Callable[[], tuple[str, int]]
    commits: list[Commit] = field(default_factory=list)
    backwards: list[str] = field(default_factory=list)
    version: int = 0
    _ranks: dict[tuple[str, str, str], tuple[int, int]] = field(default_factory=dict)

    @contextmanager
    def begin(self) -> Iterator[Any]:
        self.points.between()
        watched = _Session()
        with self.inner.begin() as session:
            watched.session = session
            yield watched
            writes = watched.writes
            if writes:
                self.points.reach("commit.before")
        for owner, record in watched.saved:
            self._watch(owner, record)
        who, position = self.at()
        self.commits.append(Commit(who, position, frozenset(watched.calls), writes))
        if writes:
            self.version += 1
            self.points.reach("commit.after")

    look = begin

    def forget(self) -> None:
        """`inner` was exchanged for an older one: its states went back."""
        self._ranks.clear()
        self.version += 1

    def close(self) -> None:
        self.inner.close()

    def _watch(self, owner: str, record: DeliveryRecord) -> None:
        key = (owner, str(record.key.envelope), str(record.key.recipient))
        now = (record.state.transport.value, record.state.business.value)
        before = self._ranks.get(key, (0, 0))
        if now[0] < before[0] or now[1] < before[1]:
            self.backwards.append(f"{' '.join(key)}: {before} -> {now}")
        self._ranks[key] = now


_READS = (
    *("accepted_", "archives", "by_", "checkpoint", "claimed", "counts", "deliveries", "director", "documents", "due_"),
    *("enrolment", "entries", "find", "handover", "latest", "listing", "lock_", "notices", "oldest_", "open_"),
    *("originals_", "outbox_", "pauses", "quarantined", "receipts", "refusals", "tree_", "units", "unneeded"),
    *("unsealed", "unsettled", "untold"),
)


class _Session:
    """A session that remembers what was called, whether anything was written, and which deliveries were saved."""

    def __init__(self) -> None:
        self.calls: set[str] = set()
        self.saved: list[tuple[str, DeliveryRecord]] = []
        self.writes = False
        self.session: Any = None

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.session, name)
        self.calls.add(name)
        if name.startswith(_READS):
            return method

        def call(*arguments: Any) -> Any:
            if name == "save_deliveries":  # the hub's takes rows, a node's a unit and its rows
                owner: UnitCode | str = arguments[0] if len(arguments) == 2 else "hub"
                rows: Sequence[DeliveryRecord] = arguments[-1]
                self.saved.extend((owner, row) for row in rows)
            result = method(*arguments)
            done = result if name == "take_owed" else arguments[-1]
            self.writes = self.writes or not isinstance(done, Sized) or bool(len(done))
            return result

        return call
