"""The world of `hub_and_node` with a disk that people carry between its hub and its nodes."""

from dataclasses import dataclass, field
from pathlib import Path

from exchange.files.hub import HubFileExchange
from exchange.model.carry import Carry
from exchange.model.unit import UnitCode
from exchange.services.carry.hub import HubCarrier
from exchange.services.carry.node import NodeCarrier
from exchange.services.carry.package import MAX_BYTES, Packed, Unpacked, open_carry
from exchange.trust.verify import Verifier
from tests.unit.services.hub_and_node import COUNTY, NodeSide, World

__all__ = ["Disk", "quietly"]


def quietly(_done: int, _of: int) -> None:
    pass


@dataclass
class Disk:
    """`folder` is the disk; every package on it has a number. `packed`: what the last one was said to hold."""

    world: World
    folder: Path
    max_bytes: int = MAX_BYTES
    number: int = 0
    packed: Packed = field(init=False, repr=False)

    @property
    def hub(self) -> HubCarrier:
        side = self.world.hub
        return HubCarrier(side.hub, side.router, side.acknowledger, HubFileExchange(side.files, side.store))

    def side(self, unit: UnitCode) -> NodeSide:
        return next(side for side in self.world.nodes if unit in side.units)

    def from_node(self, unit: UnitCode, side: NodeSide | None = None) -> Path:
        path = self._new()
        self.packed = NodeCarrier((side or self.side(unit)).node).pack(
            unit, path, max_bytes=self.max_bytes, told=quietly
        )
        return path

    def from_hub(self, unit: UnitCode) -> Path:
        path = self._new()
        self.packed = self.hub.pack(unit, path, max_bytes=self.max_bytes, told=quietly)
        return path

    def to_hub(self, path: Path) -> Unpacked:
        return self.hub.unpack(path, told=quietly)

    def to_node(self, path: Path, side: NodeSide | None = None) -> Unpacked:
        return NodeCarrier((side or self.side(self.manifest(path).unit)).node).unpack(path, told=quietly)

    def up(self, unit: UnitCode) -> Unpacked:
        return self.to_hub(self.from_node(unit))

    def down(self, unit: UnitCode) -> Unpacked:
        return self.to_node(self.from_hub(unit))

    def manifest(self, path: Path) -> Carry:
        with open_carry(path) as package:
            return Verifier(COUNTY.directory).carry(package.manifest, self.world.clock.now()).carry

    def _new(self) -> Path:
        self.number += 1
        return self.folder / f"{self.number}.carry"
