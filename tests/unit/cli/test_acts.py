"""`yidi hub acts`: every change of the directory is an act of somebody's, and names the version that came of it."""

from pathlib import Path
from typing import Any

from tests.unit.cli.commands import yidi


def acts(data: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yidi("hub", "acts", "--json", data=data).json
    return found[::-1]


def test_who_changed_units_groups_and_keys_stands_with_the_version_that_came_of_it(
    data: Path, units_file: Path
) -> None:
    before = len(acts(data))
    by = ("--operator", "王芳", "--reason", "机构改革")
    changed = units_file.parent / "改.csv"
    changed.write_text(units_file.read_text("utf-8").replace("乙镇", "乙镇人民政府"), "utf-8")
    yidi("hub", "units", "import", changed, *by, data=data)
    yidi("hub", "groups", "add", "flood", "防汛", "--member", "甲局", *by, data=data)
    yidi("hub", "enroll", "甲局", *by, data=data)
    yidi("node", "enroll", "甲局", "--renew", "--operator", "王芳", data=data)
    yidi("hub", "units", "revoke", "甲局", "--yes", "--deactivate", *by, data=data)

    done = acts(data)[before:]
    assert [(one["verb"], one["target"], one["outcome"]) for one in done] == [
        ("units import", "改.csv", "directory-4"),
        ("groups add", "flood", "directory-5"),
        ("enroll", "520304-001", "invited"),
        ("enroll", "520304-001", "directory-6"),
        ("units revoke", "520304-001", "directory-7"),
        ("units deactivate", "520304-001", "directory-7"),
    ]
    assert {one["operator"] for one in done} == {"王芳"}
    assert [one["reason"] for one in done] == ["机构改革", "机构改革", "机构改革", "", "机构改革", "机构改革"]
    assert all(one["account"] for one in done)


def test_what_changes_nothing_is_no_act(data: Path, units_file: Path) -> None:
    before = acts(data)
    yidi("hub", "units", "import", units_file, data=data)
    yidi("hub", "units", "import", units_file, "--dry-run", data=data)
    assert acts(data) == before
