"""The archiver of a hub's home, and the shelf on which its archive files lie."""

from collections.abc import Sequence
from pathlib import Path

from exchange.ports.hub import HubStore
from exchange.ports.telemetry import Log
from exchange.ports.time import Clock
from exchange.services.archive.month import Archiver
from exchange.services.archive.shelf import Shelf
from exchange.trust.anchor import Anchor
from exchange.wiring.homes import HubHome
from exchange.wiring.system import SystemClock, SystemIds

__all__ = ["open_archiver", "open_shelf"]


def open_archiver(home: HubHome, anchor: Anchor, store: HubStore, log: Log, clock: Clock | None = None) -> Archiver:
    return Archiver(
        store,
        clock or SystemClock(),
        home.keys.ledger(home.id).note,
        anchor,
        home.archives,
        home.archive.keep_months,
        log,
        holder=SystemIds().new(),
    )


def open_shelf(home: HubHome, more: Sequence[Path] = ()) -> Shelf:
    """`more`: files and folders beside the hub's own, looked into first."""
    return Shelf(*more, home.archives)
