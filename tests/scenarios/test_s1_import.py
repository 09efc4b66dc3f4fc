"""S1.1: the county's 128 units come from the spreadsheet that units fill in, whole or not at all."""

import csv
import json
from pathlib import Path

import pytest

from exchange.adapters.sheet import SheetError, write_xlsx
from exchange.model.unit import Unit, UnitKind
from tests.scenarios.commands import yidi
from tests.scenarios.embedded import found
from tests.scenarios.stage import NewHub, Stage

# What a unit wrote, where, and the line on which a spreadsheet program shows it (the header is line 1).
BAD = {
    3: ("code", "520304-00２"),
    17: ("name", ""),
    40: ("category", "衙门"),
    77: ("level", "乡下"),
    101: ("code", "520304-001"),
    129: ("code", "播州-128"),
}


@pytest.fixture(params=["csv", "xlsx"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def rows(sheet: Path) -> list[list[str]]:
    with sheet.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def filled_in(path: Path, rows: list[list[str]]) -> Path:
    """The sheet as `path`'s suffix wants it."""
    if path.suffix == ".xlsx":
        write_xlsx(path, rows[0], rows[1:])
    else:
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file).writerows(rows)
    return path


def spoilt(rows: list[list[str]]) -> list[list[str]]:
    changed = [list(row) for row in rows]
    for line, (column, value) in BAD.items():
        changed[line - 1][rows[0].index(column)] = value
    return changed


def test_all_128_units_come_in_from_either_kind_of_sheet(
    new_hub: NewHub, rows: list[list[str]], units: list[Unit], kind: str, tmp_path: Path
) -> None:
    new_hub.import_units(filled_in(tmp_path / f"units.{kind}", rows))

    directory = new_hub.directory()
    assert [entry.unit for entry in directory.units] == sorted(units, key=lambda unit: unit.code)
    assert len(directory.units) == 128
    members = {group.id: len(directory.members(group)) for group in directory.groups}
    assert members["all"] == 128
    assert members["kind-township"] == 20
    assert sum(count for id_, count in members.items() if id_ != "all") == 128
    assert set(members) == {"all", *(f"kind-{one.value}" for one in UnitKind)}


def test_every_bad_row_is_reported_with_its_line_and_nothing_is_half_imported(
    new_hub: NewHub, rows: list[list[str]], kind: str, tmp_path: Path
) -> None:
    before = new_hub.directory()

    with pytest.raises(SheetError) as raised:
        new_hub.import_units(filled_in(tmp_path / f"units.{kind}", spoilt(rows)))

    assert [fault.line for fault in raised.value.faults] == sorted(BAD)
    assert all(fault.rule and fault.column for fault in raised.value.faults)
    assert new_hub.directory() == before


def test_the_command_tells_a_person_the_same(rows: list[list[str]], tmp_path: Path) -> None:
    data = tmp_path / "data"
    found(data)
    bad = filled_in(tmp_path / "bad.xlsx", spoilt(rows))

    refused = yidi("hub", "units", "import", bad, "--data", data)
    assert refused.returncode == 1
    assert all(f"第{line}行" in refused.stderr for line in BAD)
    assert json.loads(yidi("hub", "units", "list", "--json", "--data", data).stdout) == []


def test_each_enrolled_unit_has_a_key_of_its_own(stage: Stage) -> None:
    entries = stage.directory().units

    keys = [key.fingerprint for entry in entries for key in entry.keys]
    assert len(entries) == 128
    assert len(keys) == len(set(keys)) == 128
