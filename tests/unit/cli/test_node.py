"""`yidi node`: enrolling units on this machine."""

from pathlib import Path

from tests.unit.cli.commands import yidi


def test_enroll_all_takes_one_directory_version_for_all(tmp_path: Path, units_file: Path) -> None:
    data = tmp_path / "new"
    yidi("hub", "init", data=data)
    yidi("hub", "units", "import", units_file, data=data)
    result = yidi("node", "enroll", "--all", data=data)

    assert result.code == 0
    assert "已注册 4 个单位，目录第 3 版" in result.out


def test_enroll_again_does_nothing_and_says_so(data: Path) -> None:
    before = yidi("hub", "status", "--json", data=data).json["directory"]["version"]
    result = yidi("node", "enroll", "--all", data=data)

    assert "已注册 0 个单位" in result.out
    assert "此前已注册 4 个" in result.out
    assert yidi("hub", "status", "--json", data=data).json["directory"]["version"] == before


def test_renew_gives_a_new_key_and_keeps_the_old_for_what_is_under_way(data: Path) -> None:
    assert yidi("node", "enroll", "甲局", "--renew", data=data).code == 0
    keys = yidi("hub", "units", "list", "--json", data=data).json[0]["keys"]

    assert len(keys) == 2
    assert keys[0]["valid_to"] < keys[1]["valid_to"]


def test_units_and_all_exclude_each_other(data: Path) -> None:
    assert yidi("node", "enroll", data=data).code == 2
    assert yidi("node", "enroll", "甲局", "--all", data=data).code == 2


def test_status_has_stable_keys(data: Path) -> None:
    status = yidi("node", "status", "--json", data=data).json

    assert set(status) == {"directory_version", "units", "counts", "checkpoints_held", "outbox_faults", "notices"}
    assert set(status["units"][0]) == {"code", "key_valid_to"}
    assert len(status["units"]) == 4
