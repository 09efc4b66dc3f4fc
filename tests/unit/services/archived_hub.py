"""A hub whose documents have grown old enough to be archived, for the tests of archiving and of what comes after it."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from exchange.model.envelope import EnvelopeKey
from exchange.ports.hub import ArchiveRecord, HubStore
from exchange.ports.telemetry import Log
from exchange.ports.time import Clock
from exchange.services.archive.month import Archived, Archiver, Postponed, Step
from exchange.services.archive.shelf import Shelf
from exchange.services.audit.promises import AuditReport, audit
from exchange.testing.metrics import RecordingLog
from tests.unit.services.hub_and_node import COUNTY, B, World

__all__ = ["LATER", "archive", "archiver", "grow_old", "judged", "settled_document"]

LATER = timedelta(days=200)
KEPT = 4


def archiver(
    store: HubStore, clock: Clock, folder: Path, *, log: Log | None = None, holder: str = "archiver"
) -> Archiver:
    return Archiver(store, clock, COUNTY.ledger.note, COUNTY.anchor, folder, KEPT, log or RecordingLog(), holder=holder)


def archive(world: World, folder: Path) -> tuple[list[ArchiveRecord], list[Postponed]]:
    """Everything that is due, as `yidi hub archive` does it."""
    steps: list[Step] = list(archiver(world.hub.store, world.clock, folder, log=world.hub.log).run(take_over=True))
    done = [step.record for step in steps if isinstance(step, Archived)]
    return done, [step for step in steps if isinstance(step, Postponed)]


def settled_document(world: World, act: Callable[[EnvelopeKey], object] | None = None) -> EnvelopeKey:
    """Delivered to B and signed there, or what `act` does instead; all of it sealed."""
    key = world.delivered(B)
    if act is None:
        world.receiving.decider.sign(B, key, "赵六")
    else:
        act(key)
    world.settle()
    world.hub.sealer.seal()
    return key


def grow_old(world: World, by: timedelta = LATER) -> None:
    """Months go by; the directory is kept valid."""
    world.pass_time(by)
    world.hub.administrator.renew()
    world.refresh()
    world.settle()
    world.hub.sealer.seal()


def judged(world: World, *places: Path) -> AuditReport:
    """The audit of hub and nodes, with the archive files that are in `places`."""
    nodes = [(side.store, side.files) for side in world.nodes]
    return audit(world.hub.store, COUNTY.anchor, hub_files=world.hub.files, nodes=nodes, shelf=Shelf(*places))
