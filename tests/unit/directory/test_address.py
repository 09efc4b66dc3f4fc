"""Whom addresses reach: expanded once, main before copy, and a wrong one is answered with what was probably meant."""

from dataclasses import replace

import pytest

from exchange.directory.address import expand
from exchange.directory.snapshot import Directory, Group, UnitEntry
from exchange.directory.update import add_group, add_units, change_unit
from exchange.errors import RefusedError
from exchange.model.envelope import Recipient, RecipientRole
from exchange.model.unit import Level, Unit, UnitCode, UnitKind
from exchange.ports.office import Address
from exchange.testing.keys import county

UNITS = county(8).units
A, B, C, D = UNITS[:4]
DIRECTORY = county(8).directory
COPY = RecipientRole.COPY


def name(unit: UnitCode, directory: Directory = DIRECTORY) -> str:
    return directory.by_code[unit].unit.name


def reached(*addresses: Address, directory: Directory = DIRECTORY) -> list[tuple[str, str]]:
    return [(r.unit, r.role.value) for r in expand(directory, A, addresses).recipients]


def test_a_unit_is_addressed_by_code_or_by_name() -> None:
    assert reached(Address(to=B)) == reached(Address(to=name(B))) == [(B, "main")]


def test_a_group_is_addressed_by_id_or_by_name_and_named_in_the_envelope() -> None:
    for to in ("townships", "各镇乡"):
        expansion = expand(DIRECTORY, A, [Address(to=to)])
        kinds = {DIRECTORY.by_code[recipient.unit].unit.kind for recipient in expansion.recipients}
        assert (kinds, expansion.groups) == ({UnitKind.TOWNSHIP}, ("townships",))


def test_groups_are_named_once_in_the_order_given() -> None:
    addresses = [Address(to="townships"), Address(to="all"), Address(to="各镇乡", role=COPY)]
    assert expand(DIRECTORY, A, addresses).groups == ("townships", "all")


def test_the_sender_is_never_a_recipient() -> None:
    assert A not in {unit for unit, _ in reached(Address(to="all"))}


def test_main_wins_over_copy_whichever_comes_first() -> None:
    both = [Address(to=B), Address(to=B, role=COPY)]
    assert reached(*both) == reached(*reversed(both)) == [(B, "main")]


def test_within_one_role_the_first_address_wins_with_its_quota_and_paper() -> None:
    first = Address(to=B, print_quota=3, paper=True)
    expansion = expand(DIRECTORY, A, [first, Address(to="all", print_quota=9)])
    assert expansion.recipients[0] == Recipient(unit=B, print_quota=3, paper=True)
    assert {recipient.print_quota for recipient in expansion.recipients[1:]} == {9}


def test_main_brings_its_own_quota_over_a_copys() -> None:
    expansion = expand(DIRECTORY, A, [Address(to=B, role=COPY, print_quota=9), Address(to=B, print_quota=2)])
    assert expansion.recipients == (Recipient(unit=B, print_quota=2),)


def test_recipients_come_sorted_whatever_the_order_of_addresses() -> None:
    assert reached(Address(to=D), Address(to=B), Address(to=C)) == [(unit, "main") for unit in (B, C, D)]


def test_units_that_are_gone_are_in_no_group() -> None:
    directory = change_unit(DIRECTORY, B, active=False)
    assert B not in {unit for unit, _ in reached(Address(to="all"), directory=directory)}


@pytest.mark.parametrize("to", [B, "name"])
def test_a_unit_that_is_gone_cannot_be_addressed(to: str) -> None:
    directory = change_unit(DIRECTORY, B, active=False)
    with pytest.raises(RefusedError, match="UNKNOWN_RECIPIENT") as refusal:
        expand(directory, A, [Address(to=name(B) if to == "name" else to)])
    assert "no longer active" in refusal.value.message


def test_a_unit_that_is_gone_is_no_hint() -> None:
    with pytest.raises(RefusedError) as refusal:
        expand(change_unit(DIRECTORY, B, active=False), A, [Address(to=name(B)[:-1])])
    assert name(B) not in refusal.value.message


def test_one_wrong_address_refuses_all_and_says_which_and_what_was_meant() -> None:
    wrong = name(B)[:-1]
    with pytest.raises(RefusedError, match="UNKNOWN_RECIPIENT") as refusal:
        expand(DIRECTORY, A, [Address(to=C), Address(to=wrong)])
    assert wrong in refusal.value.message
    assert name(B) in refusal.value.message


def test_what_resembles_nothing_gets_no_hint() -> None:
    with pytest.raises(RefusedError) as refusal:
        expand(DIRECTORY, A, [Address(to="xyz")])
    assert "did you mean" not in refusal.value.message


@pytest.mark.parametrize("to", ["５20304-002", "520304\u2010002", " 520304-002", "520304-002 ", "520304-0О2", ""])
def test_a_look_alike_of_a_code_reaches_nobody(to: str) -> None:
    with pytest.raises(RefusedError, match="UNKNOWN_RECIPIENT"):
        expand(DIRECTORY, A, [Address(to=to)])


def test_a_name_that_two_units_bear_needs_the_code() -> None:
    twin = Unit(code=UnitCode("520304-900"), name=name(B), kind=UnitKind.OTHER, level=Level.COUNTY)
    directory = add_units(DIRECTORY, [twin])
    with pytest.raises(RefusedError, match=f"{B}, 520304-900; give the code"):
        expand(directory, A, [Address(to=name(B))])
    gone = change_unit(directory, twin.code, active=False)
    assert reached(Address(to=name(B)), directory=gone) == [(B, "main")]


def test_addresses_that_reach_only_the_sender_reach_nobody() -> None:
    directory = add_group(DIRECTORY, Group(id="own", name="本单位", members=(A,)))
    for addresses in ([], [Address(to=A)], [Address(to="own")]):
        with pytest.raises(RefusedError, match="UNKNOWN_RECIPIENT"):
            expand(directory, A, addresses)


def test_a_code_goes_before_a_group_and_a_group_before_a_name() -> None:
    entry = DIRECTORY.by_code[B]
    renamed = replace(entry, unit=replace(entry.unit, name="各镇乡"))
    units: tuple[UnitEntry, ...] = tuple(renamed if e.unit.code == B else e for e in DIRECTORY.units)
    assert B not in {unit for unit, _ in reached(Address(to="各镇乡"), directory=replace(DIRECTORY, units=units))}
