"""What the demo's people need of an exchange, and what its judge reads, whichever servers it runs on."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from exchange.errors import YidiError
from exchange.files.local import LocalFiles
from exchange.model.unit import Unit, UnitCode, UnitKind
from exchange.ports.hub import HubStore
from exchange.ports.node import NodeStore
from exchange.trust.anchor import Anchor
from exchange.wiring.homes import HubHome
from exchange.wiring.node import NodeServices

__all__ = ["DemoError", "Say", "Stage", "Stores", "pick"]


Say = Callable[[str, int, int], None]


class DemoError(YidiError):
    """The exchange did not do in time what it promises."""

    code = "DEMO"


class Stage(Protocol):
    """A running exchange."""

    @property
    def patience_seconds(self) -> float:
        """How long anything that must come may take."""
        ...

    @property
    def hub_store(self) -> HubStore: ...

    def node(self, unit: UnitCode) -> NodeServices:
        """Of the node where the unit is at home."""
        ...

    def put_on_wire(self, unit: UnitCode, document: bytes) -> None:
        """Publish from the unit's own broker account, past its node."""
        ...

    def overhear(self, unit: UnitCode) -> AbstractContextManager[Callable[[], list[bytes]]]:
        """What the hub sends to the unit while the block runs."""
        ...

    def trouble(self) -> str:
        """What is known of whatever went wrong."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """All that an exchange has stored. `node_of`: where a unit is at home."""

    hub: HubStore
    home: HubHome
    anchor: Anchor
    nodes: Sequence[tuple[NodeStore, LocalFiles]]
    node_of: Callable[[UnitCode], NodeStore]


def pick(units: Sequence[Unit], count: int) -> list[Unit]:
    """`count` units with 区政府办 and the share of townships that the whole county has."""
    if count >= len(units):
        return list(units)
    office = next(unit for unit in units if unit.name == "区政府办")
    townships = [unit for unit in units if unit.kind is UnitKind.TOWNSHIP]
    wanted = max(2, round(count * len(townships) / len(units)))
    others = [unit for unit in units if unit is not office and unit.kind is not UnitKind.TOWNSHIP]
    return sorted([office, *townships[:wanted], *others[: count - 1 - wanted]], key=lambda unit: unit.code)
