"""What an administrator changes, and that nothing else changes with it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from exchange.directory.snapshot import Group
from exchange.directory.update import add_group, add_key, add_units, change_unit, default_groups, end_key, revoke_key
from exchange.errors import InvalidValueError
from exchange.model.unit import Level, Unit, UnitCode, UnitKind
from exchange.testing.clock import FakeClock
from exchange.testing.keys import county
from exchange.trust.certificates import key_entry

COUNTY = county(3)
DIRECTORY = COUNTY.directory
A, B, C = COUNTY.units
NOW = FakeClock().now()
NEW = Unit(code=UnitCode("520304-000"), name="新单位", kind=UnitKind.GOVERNMENT, level=Level.COUNTY)
FINGERPRINT = COUNTY.signers[A].fingerprint
SECOND = key_entry(COUNTY.keys.signer(A, generation=2).certificate)


def test_a_new_unit_stands_in_its_place_without_a_key() -> None:
    changed = add_units(DIRECTORY, [NEW])
    assert [entry.unit.code for entry in changed.units] == [NEW.code, A, B, C]
    assert changed.by_code[NEW.code].keys == ()
    assert changed.units[1:] == DIRECTORY.units


def test_a_known_unit_is_renamed_and_keeps_its_keys() -> None:
    renamed = replace(DIRECTORY.by_code[A].unit, name="改名单位")
    changed = add_units(DIRECTORY, [renamed])
    assert changed.by_code[A].unit.name == "改名单位"
    assert changed.by_code[A].keys == DIRECTORY.by_code[A].keys


def test_a_parent_must_be_there_and_may_come_in_the_same_change() -> None:
    village = replace(NEW, code=UnitCode("520304100-001"), parent=NEW.code)
    with pytest.raises(InvalidValueError, match="parent"):
        add_units(DIRECTORY, [village])
    assert add_units(DIRECTORY, [village, NEW]).by_code[village.code].unit.parent == NEW.code


def test_a_unit_is_deactivated_and_not_removed() -> None:
    changed = change_unit(DIRECTORY, A, active=False)
    assert not changed.is_active(A)
    assert changed.by_code[A].keys == DIRECTORY.by_code[A].keys
    assert change_unit(changed, A, active=True) == DIRECTORY


def test_a_second_key_leaves_the_first_in_force() -> None:
    changed = add_key(DIRECTORY, A, SECOND)
    assert changed.by_code[A].keys == (*DIRECTORY.by_code[A].keys, SECOND)
    assert add_key(changed, A, SECOND) == changed


def test_one_key_cannot_stand_for_two_units() -> None:
    with pytest.raises(InvalidValueError, match="two owners"):
        add_key(DIRECTORY, B, DIRECTORY.by_code[A].keys[0])


def test_a_key_ends_and_never_later_than_it_would_have() -> None:
    ended = end_key(DIRECTORY, A, FINGERPRINT, NOW)
    assert ended.by_code[A].keys[0].valid_to == NOW
    assert end_key(ended, A, FINGERPRINT, NOW + timedelta(days=9)) == ended
    assert ended.by_code[B] == DIRECTORY.by_code[B]


def test_the_first_moment_of_a_revocation_stands() -> None:
    revoked = revoke_key(DIRECTORY, A, FINGERPRINT, NOW, "stolen")
    again = revoke_key(revoked, A, FINGERPRINT, NOW + timedelta(days=1), "stolen")
    assert again.by_code[A].keys[0].revoked == NOW
    assert again.by_code[A].keys[0].revocation_reason == "stolen"


@pytest.mark.parametrize("fingerprint", [COUNTY.signers[B].fingerprint, "0" * 64])
def test_a_key_is_revoked_from_its_own_unit_alone(fingerprint: str) -> None:
    with pytest.raises(InvalidValueError, match="no key"):
        revoke_key(DIRECTORY, A, fingerprint, NOW, "stolen")
    with pytest.raises(InvalidValueError, match="no key"):
        end_key(DIRECTORY, A, fingerprint, NOW)


def test_who_is_not_in_the_directory_cannot_be_changed() -> None:
    with pytest.raises(InvalidValueError, match="not in the directory"):
        change_unit(DIRECTORY, NEW.code, active=False)
    with pytest.raises(InvalidValueError, match="not in the directory"):
        add_key(DIRECTORY, NEW.code, SECOND)


def test_a_group_is_added_or_replaced_and_names_only_known_units() -> None:
    group = Group(id="abc", name="三家", members=(A, B))
    changed = add_group(add_group(DIRECTORY, group), replace(group, members=(C,)))
    assert [one.id for one in changed.groups] == ["abc", "all", "townships"]
    assert changed.members(changed.by_group["abc"]) == [C]
    with pytest.raises(InvalidValueError, match=NEW.code):
        add_group(DIRECTORY, replace(group, members=(A, NEW.code)))


def test_the_usual_groups_are_of_the_kinds_that_occur_and_everybody() -> None:
    groups = {group.id: group for group in default_groups(entry.unit for entry in DIRECTORY.units)}
    assert set(groups) == {"kind-party", "kind-congress-courts", "kind-government", "all"}
    assert groups["kind-party"].name == "区直各党群部门"
    assert all(groups["all"].matches(replace(NEW, level=level)) for level in Level)
