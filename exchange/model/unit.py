"""Units: the bodies that send and receive documents. Documents go to a unit's office, never to a person.

Not here: groups and lookups (`exchange.directory`), keys (`exchange.trust`).
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from exchange.errors import InvalidValueError
from exchange.model.numbers import check_credit_code

__all__ = ["HubId", "Level", "Unit", "UnitCode", "UnitKind", "parse_hub_id", "parse_unit_code"]

UnitCode = NewType("UnitCode", str)
HubId = NewType("HubId", str)

# Region (GB/T 2260: 6, 9 or 12 digits), a hyphen, 3 to 6 digits. ASCII only and matched before any normalisation,
# so that a look-alike digit is a wrong code and never a second spelling of a right one.
_CODE = re.compile(r"(?:[0-9]{6}|[0-9]{9}|[0-9]{12})-[0-9]{3,6}", re.ASCII)
_HUB = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def parse_unit_code(text: str) -> UnitCode:
    """Return `text` as a unit code, e.g. `520304-001`, or raise `InvalidValueError`."""
    if not _CODE.fullmatch(text):
        raise InvalidValueError(
            f"unit code {text!r}: expected 6, 9 or 12 ASCII digits, '-', and 3 to 6 digits, e.g. 520304-001",
            code="UNIT_CODE",
        )
    return UnitCode(text)


def parse_hub_id(text: str) -> HubId:
    """Return `text` as a hub id: lower-case ASCII letters, digits, dots and hyphens, e.g. `hub.520304`."""
    if not _HUB.fullmatch(text):
        raise InvalidValueError(f"hub id {text!r}: expected a-z, 0-9, '.' and '-', at most 63", code="HUB_ID")
    return HubId(text)


class Level(StrEnum):
    PROVINCE = "province"
    CITY = "city"
    COUNTY = "county"
    TOWNSHIP = "township"
    VILLAGE = "village"

    @property
    def chinese(self) -> str:
        return _LEVELS[self]


class UnitKind(StrEnum):
    PARTY = "party"
    CONGRESS_COURTS = "congress-courts"
    GOVERNMENT = "government"
    RESIDENT = "resident"
    OTHER = "other"
    TOWNSHIP = "township"

    @property
    def chinese(self) -> str:
        return _KINDS[self]


_LEVELS = {
    Level.PROVINCE: "省",
    Level.CITY: "市",
    Level.COUNTY: "县",
    Level.TOWNSHIP: "乡镇",
    Level.VILLAGE: "村",
}
_KINDS = {
    UnitKind.PARTY: "党群部门",
    UnitKind.CONGRESS_COURTS: "人大、政协及两院",
    UnitKind.GOVERNMENT: "政府部门",
    UnitKind.RESIDENT: "驻区机构",
    UnitKind.OTHER: "其他单位",
    UnitKind.TOWNSHIP: "镇乡",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A body that sends and receives. `parent` is the unit above it (a village's township), if the directory says
    so."""

    code: UnitCode
    name: str
    kind: UnitKind
    level: Level
    credit_code: str | None = None
    parent: UnitCode | None = None
    active: bool = True

    def __post_init__(self) -> None:
        parse_unit_code(self.code)
        if not self.name.strip() or self.name != self.name.strip() or len(self.name) > 100:
            raise InvalidValueError(f"unit {self.code}: name must be 1 to 100 characters without outer spaces")
        if _CONTROL.search(self.name):
            raise InvalidValueError(f"unit {self.code}: name holds control, bidi or zero-width characters")
        if self.credit_code is not None:
            check_credit_code(self.credit_code)
        if self.parent is not None and parse_unit_code(self.parent) == self.code:
            raise InvalidValueError(f"unit {self.code}: is its own parent")
