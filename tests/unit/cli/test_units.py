"""`yidi hub units`: all rows or none, listing, revoking."""

from pathlib import Path

import pytest

from exchange.cli.hub.units import back_again
from exchange.model.unit import UnitCode
from tests.unit.cli.commands import yidi

BAD = """code,name,category,level
520304-001,甲局,government,county
520304-0x2,乙镇,township,township
520304-003,,township,township
"""


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    assert yidi("hub", "init", data=tmp_path / "empty").code == 0
    return tmp_path / "empty"


def test_import_adds_units_and_the_usual_groups_in_one_version(empty: Path, units_file: Path) -> None:
    result = yidi("hub", "units", "import", units_file, "--json", data=empty)

    assert result.code == 0
    assert set(result.json) == {"file", "rows", "added", "changed", "dry_run", "directory_version"}
    assert (result.json["rows"], len(result.json["added"]), result.json["directory_version"]) == (4, 4, 2)
    groups = {group["name"] for group in yidi("hub", "groups", "list", "--json", data=empty).json}
    assert {"各单位", "各镇乡"} <= groups


def test_import_names_every_bad_row_and_imports_none(empty: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text(BAD, encoding="utf-8")
    result = yidi("hub", "units", "import", bad, data=empty)

    assert result.code == 1
    assert "第3行" in result.err
    assert "第4行" in result.err
    assert result.err.splitlines()[-1].startswith("错误 SHEET: ")
    assert yidi("hub", "units", "list", "--json", data=empty).json == []


def test_bad_rows_come_as_json_too(empty: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text(BAD, encoding="utf-8")
    faults = yidi("hub", "units", "import", bad, "--json", data=empty).json["faults"]

    assert [fault["line"] for fault in faults] == [3, 4]
    assert set(faults[0]) == {"line", "column", "value", "rule"}


def test_a_dry_run_changes_nothing(empty: Path, units_file: Path) -> None:
    result = yidi("hub", "units", "import", units_file, "--dry-run", "--json", data=empty)

    assert (result.json["dry_run"], len(result.json["added"]), result.json["directory_version"]) == (True, 4, 1)
    assert yidi("hub", "units", "list", "--json", data=empty).json == []


def test_import_again_changes_nothing(data: Path, units_file: Path) -> None:
    before = yidi("hub", "status", "--json", data=data).json["directory"]["version"]
    result = yidi("hub", "units", "import", units_file, "--json", data=data)

    assert (result.json["added"], result.json["changed"], result.json["directory_version"]) == ([], [], before)


def test_list_has_stable_keys(data: Path) -> None:
    units = yidi("hub", "units", "list", "--json", data=data).json

    assert [unit["code"] for unit in units] == ["520304-001", "520304-002", "520304-003", "520304-004"]
    keys = {"code", "name", "kind", "level", "credit_code", "parent", "active", "keys", "hosted_here"}
    assert set(units[0]) == keys
    assert set(units[0]["keys"][0]) == {"fingerprint", "valid_from", "valid_to", "revoked"}


def test_a_revoked_unit_cannot_send_until_it_is_enrolled_again(data: Path) -> None:
    sending = ("send", "--from", "甲局", "--to", "乙镇", "--title", "通知", "--declared-by", "张三")
    assert yidi("hub", "units", "revoke", "甲局", "--reason", "电脑被盗", "--yes", data=data).code == 0
    refused = yidi(*sending, data=data)
    assert refused.code == 1
    assert "CERT_REVOKED" in refused.err

    assert yidi("node", "enroll", "甲局", data=data).code == 0
    assert yidi(*sending, data=data).code == 0


def test_revoking_needs_a_yes_where_nobody_can_be_asked(data: Path) -> None:
    result = yidi("hub", "units", "revoke", "甲局", data=data)

    assert result.code == 1
    assert result.err.startswith("错误 CONFIRM: ")


def test_a_closed_unit_receives_no_more(data: Path) -> None:
    assert yidi("hub", "units", "revoke", "丙镇", "--deactivate", "--yes", data=data).code == 0
    preview = yidi("send", "--from", "甲局", "--to", "各镇乡", "--title", "通知", "--preview", "--json", data=data)

    assert [one["code"] for one in preview.json["recipients"]] == ["520304-002"]


def test_who_revokes_a_key_is_told_what_lets_the_unit_send_again_where_it_lives(data: Path, tmp_path: Path) -> None:
    assert "yidi node enroll 520304-001 --renew" in yidi("hub", "units", "revoke", "甲局", "--yes", data=data).err
    (tmp_path / "hub.toml").touch()
    steps = back_again(tmp_path, UnitCode("520304-001"), closed=True)[0]
    named = [steps.index(word) for word in ("hub units import", "hub enroll 520304-001", "--unit 520304-001 --code")]
    assert named == sorted(named)
