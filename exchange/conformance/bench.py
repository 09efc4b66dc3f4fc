"""What the makers of an office supply: how the kit sees into their test office and acts as its people.

A bench is found by entry point, group `yidi.conformance_benches`, under the name of the adapter:

    [project.entry-points."yidi.conformance_benches"]
    myoffice = "my_package:MyBench"

Every play has a title of its own, by which the bench finds what belongs to it: the office need not be empty. The kit
looks at what people would see; what the adapter keeps for itself is its own affair.

Not here: any bench (`benches`; docs/conformance.md has a whole one).
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Final, Protocol, cast

from exchange.errors import AdapterError, InputError
from exchange.model.envelope import EnvelopeKey
from exchange.ports.office import OfficeCall

__all__ = [
    "CALLERS",
    "GROUP",
    "Bench",
    "BenchKind",
    "CalledNode",
    "Program",
    "Reach",
    "Site",
    "Written",
    "bench_names",
    "find_bench",
]

GROUP: Final = "yidi.conformance_benches"
CALLERS: Final = ("rest", "soap")
"""Of offices that call the node by themselves: there is no adapter of theirs."""

Reach = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where a bench works. `table`: of the adapter's settings, empty unless somebody gave a file. `extra`: the file's
    table `bench`, for the bench alone. `data`: what files in both are relative to. `folder`: for whatever it keeps."""

    table: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
    data: Path
    folder: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A document that somebody in the office of `unit` puts out, for the unit `to`. `operator` is who."""

    title: str
    files: Mapping[str, bytes]
    unit: str
    to: str
    operator: str = "王芳"


@dataclass(frozen=True, slots=True, kw_only=True)
class CalledNode:
    """Where an office that calls finds its node. `token`: with every scope, for the office's one unit. `now`: the
    node's clock, in seconds since 1970."""

    url: str
    token: str
    now: Callable[[], float]


class Program(Protocol):
    """A life of the program by which an office calls the node."""

    def look(self) -> None:
        """All that it does at one time: send, take in, decide, see what happened. Raises OSError, NodeError or
        YidiError for what it could not do, and will do again."""
        ...

    def check(self) -> Sequence[str]:
        """What does not fit between office, token and node; nothing is changed."""
        return ()

    def close(self) -> None:
        return None


class Bench(Protocol):
    """A class that derives from this one need not write what its office cannot do."""

    def settings(self) -> Mapping[str, Any]:
        """The table that the adapter is opened with. It must look at every call: no polling interval."""
        ...

    # as the office's people

    def put_out(self, written: Written) -> None:
        """Somebody puts out a document to send."""
        ...

    def decide(self, title: str, decision: str, person: str, text: str) -> None:
        """Somebody does this with the received document: 签收, 反馈, 拒收, 退文. Also when it makes no sense: then the
        office is told so."""
        ...

    # as somebody who looks

    def received(self, title: str) -> Sequence[Mapping[str, bytes]]:
        """Each received document with this title that people see there: its files."""
        ...

    def shown(self, key: EnvelopeKey, title: str) -> Sequence[str]:
        """What people see of receipts about the document, sent or received: an event each (SIGNED), or its Chinese
        (已签收)."""
        ...

    def waiting(self, title: str) -> int:
        """Documents and decisions with this title that nobody has taken or refused."""
        ...

    def refused(self, title: str) -> Sequence[str]:
        """What people read where a document or decision was refused, a text each."""
        ...

    # what a bench may have

    def attend(self) -> None:
        """Between two looks of the adapter's, people there deal with what asks them, as whether a document is really
        theirs."""
        return

    def connect(self, node: Callable[[OfficeCall], None]) -> None:
        """For an office that calls by itself: how to call the node, which lives anew since now."""
        return

    def program(self, node: CalledNode) -> Program | None:
        """Of an office that calls the node (`rest`, `soap`): a new life of its program. None: it runs elsewhere, by
        itself."""
        return None

    def told_at(self) -> str:
        """The origin (http://host:port) at which that program is told by webhooks, if it is."""
        return ""

    def outage(self) -> AbstractContextManager[object] | None:
        """Within it the office does not answer. None: the kit breaks the lines itself."""
        return None

    def watch(self, reach: Reach) -> AbstractContextManager[object] | None:
        """Within it, `reach` is told of each step that the adapter takes outside, and may end it there. None: the kit
        watches sockets, SQLite and files by itself."""
        return None

    def close(self) -> None:
        return None


class BenchKind(Protocol):
    """What an entry point names: a class is one. `simulated`: each play may have one of its own."""

    simulated: bool

    def open(self, site: Site) -> Bench:
        """Raises InputError."""
        ...


def bench_names() -> list[str]:
    return sorted({entry.name for entry in entry_points(group=GROUP)})


def find_bench(name: str) -> BenchKind:
    """Raises InputError (BENCH_UNKNOWN), AdapterError (ADAPTER_BROKEN)."""
    found = next((entry for entry in entry_points(group=GROUP) if entry.name == name), None)
    if found is None:
        known = ", ".join(bench_names()) or "none at all"
        raise InputError(f"no bench for {name!r}; there are benches for: {known}", code="BENCH_UNKNOWN")
    try:
        kind = found.load()
    except (ImportError, AttributeError) as error:
        raise AdapterError(
            f"bench {name!r} ({found.value}) does not load", code="ADAPTER_BROKEN", detail=repr(error)
        ) from error
    if not callable(getattr(kind, "open", None)) or not isinstance(getattr(kind, "simulated", None), bool):
        raise AdapterError(f"bench {name!r} ({found.value}) has no open or no simulated", code="ADAPTER_BROKEN")
    return cast("BenchKind", kind)
