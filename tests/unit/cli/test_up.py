"""`yidi up`: what keeps it from starting. That it carries documents is an integration test."""

import fcntl
from pathlib import Path

from tests.unit.cli.commands import yidi


def test_a_directory_without_exchange_is_refused(tmp_path: Path) -> None:
    result = yidi("up", data=tmp_path)

    assert result.code == 1
    assert result.err.startswith("错误 NO_DATA: ")
    assert not (tmp_path / "up.lock").exists()


def test_a_second_process_over_the_same_data_is_refused(data: Path) -> None:
    with (data / "up.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        result = yidi("up", data=data)

    assert result.code == 1
    assert result.err.startswith("错误 RUNNING: ")


def test_an_address_left_behind_by_a_dead_process_is_not_running(data: Path) -> None:
    (data / "web.url").write_text("http://127.0.0.1:9\n", encoding="utf-8")

    assert yidi("hub", "status", "--json", data=data).json["running"] is False


def test_the_command_of_another_kind_of_exchange_says_which_runs_this_one(data: Path, tmp_path: Path) -> None:
    for command in (("hub", "run"), ("node", "run"), ("hub", "provision")):
        result = yidi(*command, data=data)
        assert (result.code, "NOT_HERE" in result.err, "`yidi up` runs it" in result.err) == (1, True, True)
    (tmp_path / "hub.toml").touch()
    assert "`yidi hub run` runs it" in yidi("up", data=tmp_path).err
