"""What a hub and a node are made of, wherever it lies: a one-machine exchange (`exchange.wiring.layout`) and real ones
(`exchange.wiring.places`) both come down to these."""

from dataclasses import dataclass
from pathlib import Path

from exchange.model.unit import HubId
from exchange.settings import Archive, FileKeeping, Hosting, HubTiming, NodeTiming, Quota
from exchange.trust.anchor import Anchor
from exchange.trust.keystore import KeyStore

__all__ = ["HubHome", "NodeHome"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HubHome:
    """`keys`: authority, directory, hub, ledger. `archives`: where archive files lie. `root`: the data directory."""

    id: HubId
    files: Path
    keys: KeyStore
    timing: HubTiming
    quota: Quota
    archives: Path
    archive: Archive
    keeping: FileKeeping
    root: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeHome:
    """`keys`: one per unit. `choice`: which office system each unit has; `offices`: folders for them; `root`: the data
    directory."""

    hub: HubId
    files: Path
    keys: KeyStore
    anchor: Anchor
    timing: NodeTiming
    choice: Hosting
    offices: Path
    root: Path
