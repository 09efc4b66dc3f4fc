"""A carry package's manifest: who packed what for whom, when, and the digest of every part.

A package takes the place of a line that is cut. It speaks for one unit, one way: what the unit has for its hub, signed
by the unit, or what the hub has for the unit, signed by the hub.

Not here: its XML (`exchange.codec.carry`), the file that it lies in and what is done with it
(`exchange.services.carry`).
"""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, NewType

from exchange.errors import InvalidValueError, LimitError
from exchange.model.envelope import MAX_FILE_SIZE, parse_envelope_id
from exchange.model.unit import UnitCode, parse_hub_id, parse_unit_code

__all__ = [
    "DIRECTORY",
    "ENVELOPES",
    "FILES",
    "MAX_PARTS",
    "RECEIPTS",
    "Carry",
    "CarryId",
    "Part",
    "Way",
    "file_part",
    "numbered_part",
]

CarryId = NewType("CarryId", str)
MAX_PARTS: Final = 10_000
DIRECTORY: Final = "directory.xml"
ENVELOPES: Final = "envelopes/"
RECEIPTS: Final = "receipts/"
FILES: Final = "files/"
_NAME = re.compile(r"(?:envelopes|receipts)/[0-9]{5}\.xml|directory\.xml|files/[0-9a-f]{64}", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)


class Way(StrEnum):
    TO_HUB = "to-hub"
    TO_UNIT = "to-unit"


def numbered_part(folder: str, number: int) -> str:
    """The name of the `number`-th document, from 1, of `ENVELOPES` or `RECEIPTS`."""
    return f"{folder}{number:05}.xml"


def file_part(sha256: str) -> str:
    return f"{FILES}{sha256}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One member of the package beside the manifest. `size` in bytes, `sha256` in hexadecimal."""

    name: str
    size: int
    sha256: str

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise InvalidValueError(f"part {self.name[:80]!r}: no part of a package has such a name")
        if not 0 <= self.size <= MAX_FILE_SIZE:
            raise InvalidValueError(f"part {self.name}: {self.size} bytes, at most {MAX_FILE_SIZE} are allowed")
        if not _DIGEST.fullmatch(self.sha256):
            raise InvalidValueError(f"part {self.name}: expected a SHA-256 in hexadecimal")
        if self.name.startswith(FILES) and self.name != file_part(self.sha256):
            raise InvalidValueError(f"part {self.name}: a file is named by its digest")


@dataclass(frozen=True, slots=True, kw_only=True)
class Carry:
    """`unit`: the one that packed it, or that it is for. `whole`: nothing that was open stayed behind."""

    id: CarryId
    hub: str
    unit: UnitCode
    way: Way
    made: datetime
    whole: bool
    parts: tuple[Part, ...]

    def __post_init__(self) -> None:
        parse_envelope_id(self.id)
        parse_hub_id(self.hub)
        parse_unit_code(self.unit)
        if len(self.parts) > MAX_PARTS:
            raise LimitError(f"parts: {len(self.parts)}, at most {MAX_PARTS} are allowed")
        names = [part.name for part in self.parts]
        if len(set(names)) != len(names):
            raise InvalidValueError("parts: a name stands twice")
        if (DIRECTORY in names) != (self.way is Way.TO_UNIT):
            raise InvalidValueError("the hub's package brings the directory, and a unit's brings none")

    @property
    def author(self) -> UnitCode | None:
        """Whose key signs it; None for the hub's."""
        return self.unit if self.way is Way.TO_HUB else None
