"""Failures: one line, a code, what to do, and never a traceback."""

import os
from pathlib import Path

import pytest

from exchange.cli.failure import exit_code, explain, fail
from exchange.cli.language import use
from exchange.errors import InputError, RefusedError


def test_an_error_is_one_line_with_its_code_and_a_cure() -> None:
    line = explain(RefusedError("a person\nmust look", code="SECRECY_HOLD"))

    assert line == "错误 SECRECY_HOLD: 须经人工复核：a person must look（请人复核后加 --reviewed-by 姓名）"


def test_an_error_of_the_command_line_needs_no_translation() -> None:
    assert explain(fail("STATE", "没有可作废的密钥", "no key to revoke")) == "错误 STATE: 没有可作废的密钥"


def test_english_is_english_throughout() -> None:
    use("en")
    line = explain(InputError("nothing here", code="NO_DATA"))
    use("zh")

    assert line.startswith("Error NO_DATA: nothing here (run yidi hub init")


def test_what_nobody_expected_goes_into_a_private_file(capsys: pytest.CaptureFixture[str]) -> None:
    def broken() -> None:
        raise ZeroDivisionError("a secret of the machine")

    assert exit_code(broken) == 1
    line = capsys.readouterr().err
    assert line.startswith("错误 BUG: ")
    assert "a secret" not in line
    path = Path(line.strip().rpartition(" ")[2])
    assert "ZeroDivisionError: a secret of the machine" in path.read_text(encoding="utf-8")
    assert path.stat().st_mode & 0o077 == 0
    path.unlink()


def test_an_interruption_ends_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    assert exit_code(interrupted) == 1
    assert exit_code(lambda: 130) == 1
    assert capsys.readouterr().err == "已中断\n"


def test_trouble_with_a_file_names_the_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert exit_code(lambda: (tmp_path / "x").read_text(encoding="utf-8")) == 1
    assert capsys.readouterr().err == f"错误 IO: {tmp_path / 'x'} {os.strerror(2)}\n"
