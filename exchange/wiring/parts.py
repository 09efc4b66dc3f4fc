"""What a hub or a node is given beside its stores and its broker. Whoever tests them puts something before each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from exchange.adapters.registry import Place, load_adapter
from exchange.files.local import LocalFiles
from exchange.ports.files import Files
from exchange.ports.office import OfficeAdapter
from exchange.ports.time import Clock
from exchange.wiring.system import SystemClock

__all__ = ["Parts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """`files`: the store of files in a directory. `adapter`: the office system of a table of settings."""

    files: Callable[[Path], Files] = LocalFiles
    adapter: Callable[[Mapping[str, object], Place], OfficeAdapter] = load_adapter
    clock: Clock = field(default_factory=SystemClock)
