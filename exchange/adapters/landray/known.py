"""Which process of the office's holds which document, and what was shown in it: no service tells it afterwards.

A file for each document, in a folder of the node's. Not here: the office (`desk`).
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from exchange.adapters.landray.client import Process
from exchange.adapters.share import faults_as_adapter_errors, keep_private

__all__ = ["Holder", "Known"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """`rows`: of the table of receipts, by the receipts' ids; of a document that the office sent."""

    process: Process
    rows: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


class Known:
    """Documents by their names in offices, and by whether the office sent them or received them. Every method raises
    AdapterError when the folder is in trouble."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, name: str, holder: Holder, *, sent: bool) -> None:
        with faults_as_adapter_errors("known processes"):
            keep_private(self._path(name, sent), json.dumps(asdict(holder), ensure_ascii=False).encode())

    def find(self, name: str, *, sent: bool) -> Holder | None:
        with faults_as_adapter_errors("known processes"):
            path = self._path(name, sent)
            held = json.loads(path.read_bytes()) if path.exists() else None
        return Holder(process=Process(**held["process"]), rows=held["rows"]) if held else None

    def _path(self, name: str, sent: bool) -> Path:
        """`name`: a unit's code and a UUID."""
        return self._folder / f"{name}.{'sent' if sent else 'received'}"
