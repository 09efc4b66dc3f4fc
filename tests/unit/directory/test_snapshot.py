"""The directory as one value: sorted, unambiguous, and what a group means."""

from dataclasses import replace

import pytest

from exchange.directory.snapshot import Directory, Group
from exchange.errors import InvalidValueError
from exchange.model.unit import Level, Unit, UnitCode, UnitKind
from exchange.testing.keys import county

DIRECTORY = county(6).directory


def a_unit(code: str = "520304-001", kind: UnitKind = UnitKind.GOVERNMENT, level: Level = Level.COUNTY) -> Unit:
    return Unit(code=UnitCode(code), name="单位", kind=kind, level=level)


@pytest.mark.parametrize(
    "change",
    [
        {"version": 0},
        {"expires": DIRECTORY.issued},
        {"units": DIRECTORY.units[::-1]},
        {"units": (*DIRECTORY.units, DIRECTORY.units[-1])},
        {"groups": DIRECTORY.groups[::-1]},
        {"groups": (DIRECTORY.groups[0], DIRECTORY.groups[0])},
        {"hub_keys": DIRECTORY.units[0].keys},
        {"units": (DIRECTORY.units[0], replace(DIRECTORY.units[1], keys=DIRECTORY.units[0].keys))},
    ],
    ids=["version", "dates", "unsorted", "twice", "groups", "group twice", "hub's key", "shared key"],
)
def test_an_ambiguous_directory_never_exists(change: dict[str, object]) -> None:
    with pytest.raises(InvalidValueError, match="directory"):
        replace(DIRECTORY, **change)  # type: ignore[arg-type]


def test_every_key_leads_to_its_owner() -> None:
    for entry in DIRECTORY.units:
        (key,) = entry.keys
        assert DIRECTORY.unit_keys[key.fingerprint] == (entry.unit.code, key)
    assert list(DIRECTORY.hub_key) == [DIRECTORY.hub_keys[0].fingerprint]


def test_who_is_unknown_is_not_active() -> None:
    assert DIRECTORY.is_active(DIRECTORY.units[0].unit.code)
    assert not DIRECTORY.is_active(UnitCode("999999-001"))


@pytest.mark.parametrize(
    ("group", "matches"),
    [
        (Group(id="g", name="g"), False),
        (Group(id="g", name="g", members=(UnitCode("520304-001"),)), True),
        (Group(id="g", name="g", members=(UnitCode("520304-002"),)), False),
        (Group(id="g", name="g", kinds=frozenset({UnitKind.GOVERNMENT})), True),
        (Group(id="g", name="g", kinds=frozenset({UnitKind.PARTY})), False),
        (Group(id="g", name="g", levels=frozenset({Level.COUNTY, Level.CITY})), True),
        (Group(id="g", name="g", region="520304"), True),
        (Group(id="g", name="g", region="520305"), False),
        (Group(id="g", name="g", kinds=frozenset({UnitKind.GOVERNMENT}), levels=frozenset({Level.VILLAGE})), False),
        (Group(id="g", name="g", kinds=frozenset({UnitKind.PARTY}), members=(UnitCode("520304-001"),)), True),
    ],
)
def test_a_group_holds_who_matches_its_whole_rule_or_is_named_by_hand(group: Group, matches: bool) -> None:
    assert group.matches(a_unit()) is matches


@pytest.mark.parametrize("id_", ["", "各镇乡", "a b", "a" * 61, "a_b", "a.b"])
def test_a_group_id_is_a_short_ascii_word(id_: str) -> None:
    with pytest.raises(InvalidValueError, match="group"):
        Group(id=id_, name="各镇乡")


def test_members_are_active_units_in_the_order_of_codes() -> None:
    directory: Directory = DIRECTORY
    everybody = directory.members(directory.by_group["all"])
    assert everybody == sorted(entry.unit.code for entry in directory.units)
