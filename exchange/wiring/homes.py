"""What a hub and a node are made of, wherever it lies: a one-machine exchange (`exchange.wiring.layout`) and real ones
(`exchange.wiring.places`) both come down to these."""

from dataclasses import dataclass
from pathlib import Path

from exchange.model.unit import HubId
from exchange.settings import HubTiming, NodeTiming, Quota
from exchange.trust.anchor import Anchor
from exchange.trust.keystore import KeyStore

__all__ = ["HubHome", "NodeHome"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HubHome:
    """`keys`: authority, directory, hub, ledger."""

    id: HubId
    files: Path
    keys: KeyStore
    timing: HubTiming
    quota: Quota


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeHome:
    """`keys`: one per unit. `office`: the adapter of every hosted unit, or "none"; `offices`: its folders."""

    hub: HubId
    files: Path
    keys: KeyStore
    anchor: Anchor
    timing: NodeTiming
    office: str
    offices: Path
