"""What a scenario does to an exchange and may look at, whichever servers it runs on.

A scenario knows only these protocols, and looks only at what happened since its stage was made: others may have
worked on the same exchange before. Whoever brings an exchange on other servers implements them and adds its name to
the fixture `maker`. Waiting is `wait`, and nothing else sleeps. Not here: any scenario, any server.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from exchange.directory.snapshot import Directory, Group
from exchange.model.envelope import Envelope, EnvelopeKey
from exchange.model.fold import DeliveryState
from exchange.model.receipt import Reason
from exchange.model.unit import Unit, UnitCode
from exchange.ports.office import Draft
from exchange.ports.records import DocumentRecord, QuarantineRecord

__all__ = ["OFFICE_SECRET", "Apart", "Maker", "NewHub", "Received", "Stage", "wait"]

OFFICE_SECRET = "secrets/oa"
LONG_ENOUGH_SECONDS = 60.0  # for what must come; nobody waits for what must not


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A document in a unit's inbox, and how far that unit is with it."""

    document: DocumentRecord
    state: DeliveryState


class Maker(Protocol):
    """One kind of servers, and the county enrolled there once. `place`: a folder for what the stage may need."""

    def county(self, place: Path) -> "Stage":
        """The whole county at work."""
        ...

    def apart(self, place: Path, office: Unit) -> "Apart":
        """The county at work, and a unit whose node has no line to it, neither to `office`'s."""
        ...

    def empty(self, place: Path) -> "NewHub": ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """`hub`, `node`: the data directories of the hub, and of the node where `unit` is at home. `mend`: give the unit's
    node its line back, if it ever had one, and end the stage."""

    stage: "Stage"
    unit: UnitCode
    hub: Path
    node: Path
    mend: Callable[[], None]


class NewHub(Protocol):
    """A hub that knows no unit yet, and its administrator."""

    def import_units(self, sheet: Path) -> None:
        """Raises SheetError with every fault, and then nothing is imported."""
        ...

    def directory(self) -> Directory:
        """As the hub has it now."""
        ...

    def close(self) -> None: ...


class Stage(Protocol):
    """One exchange: a hub, and nodes that between them host every enrolled unit."""

    # the hub's administrator

    def directory(self) -> Directory:
        """As the hub has it now."""
        ...

    def save_group(self, group: Group) -> None:
        """Add or replace a group; every node knows of it on return."""
        ...

    # a unit and its people, at their node

    def submit(self, draft: Draft) -> EnvelopeKey:
        """As the draft's sender. Raises RefusedError."""
        ...

    def force(self, envelope: Envelope, files: Iterable[bytes] = ()) -> bytes:
        """Sign, upload and publish as the envelope's sender whose node asks no gate; returns the signed bytes."""
        ...

    def sign(self, unit: UnitCode, key: EnvelopeKey, person: str) -> None: ...

    def reject(self, unit: UnitCode, key: EnvelopeKey, person: str, reason: Reason, text: str) -> None: ...

    def recall(self, key: EnvelopeKey, person: str, text: str) -> None: ...

    def inbox(self, unit: UnitCode) -> dict[EnvelopeKey, Received]: ...

    def read_file(self, unit: UnitCode, sha256: str) -> bytes:
        """A file as the unit's node keeps it."""
        ...

    def view(self, key: EnvelopeKey) -> dict[UnitCode, DeliveryState]:
        """What the sender knows of each recipient."""
        ...

    def sent(self, key: EnvelopeKey) -> bytes:
        """The signed envelope, as its sender keeps it."""
        ...

    # the nodes' administrators

    def connect(self, offices: Mapping[UnitCode, Mapping[str, object]], secret: str) -> None:
        """Give each of these units an office system of its own: its table of settings, in which `OFFICE_SECRET` is a
        file that holds `secret`. Their nodes start anew with them."""
        ...

    # what an auditor asks

    def quarantine(self) -> list[QuarantineRecord]: ...

    def places_that_hold(self, needle: bytes) -> list[str]:
        """Wherever the hub or a node keeps these bytes: tables, files, logs."""
        ...

    def export_evidence(self, key: EnvelopeKey, path: Path) -> None:
        """By the command."""
        ...

    def anchor(self) -> Path:
        """The file that a unit kept from its enrolment."""
        ...

    def at_rest(self) -> bool:
        """Nothing is under way."""
        ...

    def broken_promises(self) -> list[str]:
        """What an audit of every store finds once nothing is under way any more: nothing."""
        ...

    def hub(self, *arguments: str) -> str:
        """`yidi hub ...`, as its operator types it; what it prints."""
        ...

    def told(self, unit: UnitCode) -> list[str]:
        """What the hub told this unit that is not over."""
        ...

    def halt(self) -> None:
        """Everything goes down; what people submit meanwhile is stored at their nodes."""
        ...

    def resume(self) -> None: ...

    def restart(self) -> None:
        """Stop everything in order and start it on the same data."""
        ...

    def close(self) -> None: ...


def wait(what: str, reached: Callable[[], bool]) -> None:
    """Until `reached`. Fails loudly after long enough."""
    deadline = time.monotonic() + LONG_ENOUGH_SECONDS
    while not reached():
        assert time.monotonic() < deadline, f"not after {LONG_ENOUGH_SECONDS:.0f} s: {what}"
        time.sleep(0.05)
