"""`yidi hub groups`: named sets of units."""

from pathlib import Path

from tests.unit.cli.commands import yidi


def test_show_says_whom_a_group_reaches_by_name_or_id(data: Path) -> None:
    by_name = yidi("hub", "groups", "show", "各镇乡", "--json", data=data).json

    assert set(by_name) == {"id", "name", "kinds", "levels", "region", "units"}
    assert [unit["name"] for unit in by_name["units"]] == ["乙镇", "丙镇"]
    assert yidi("hub", "groups", "show", by_name["id"], "--json", data=data).json == by_name


def test_add_takes_names_and_codes(data: Path) -> None:
    added = yidi(
        "hub", "groups", "add", "flood", "防汛成员单位", "--member", "丁办", "--member", "520304-002", data=data
    )

    assert added.code == 0
    units = yidi("hub", "groups", "show", "flood", "--json", data=data).json["units"]
    assert [unit["code"] for unit in units] == ["520304-002", "520304-004"]


def test_a_group_of_nobody_is_wrong_use(data: Path) -> None:
    assert yidi("hub", "groups", "add", "none", "空", data=data).code == 2


def test_an_unknown_group_or_member_is_refused(data: Path) -> None:
    assert yidi("hub", "groups", "show", "没有", data=data).err.startswith("错误 GROUP: ")
    assert yidi("hub", "groups", "add", "x", "某", "--member", "没有", data=data).err.startswith("错误 UNIT: ")
