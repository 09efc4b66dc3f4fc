"""The tree of commands: help in two languages, exit codes, and what must not be loaded for help."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from exchange.cli.language import is_english
from tests.unit.cli.commands import yidi


def test_help_is_chinese_first() -> None:
    result = yidi("--help")

    assert result.code == 0
    assert "签收" in result.out
    assert "\x1e" not in result.out


def test_help_is_english_by_choice_wherever_the_choice_stands() -> None:
    for arguments in (("--lang", "en", "sign", "--help"), ("sign", "--help", "--lang=en")):
        result = yidi(*arguments)
        assert "sign for a document" in result.out
        assert "签收人" not in result.out


def test_english_may_be_chosen_by_the_environment() -> None:
    assert "the inbox, newest first" in yidi("inbox", "--help", YIDI_LANG="en").out


def test_the_language_of_one_command_is_not_that_of_the_next_in_the_process() -> None:
    assert yidi("trak", "--lang", "en").err.startswith("Error USAGE")
    assert not is_english()


@pytest.mark.parametrize("command", ["send", "track", "sign", "reject", "node enroll", "evidence export", "hub init"])
def test_help_teaches_by_example(command: str) -> None:
    assert f"yidi {command} " in " ".join(yidi(*command.split(), "--help").out.split())


def test_wrong_use_ends_with_2_and_one_line_that_names_the_help() -> None:
    result = yidi("sign")

    assert result.code == 2
    assert result.err.startswith("错误 USAGE: ")
    assert "yidi sign --help" in result.err
    assert result.err.count("\n") == 1


def test_wrong_use_is_told_in_chinese() -> None:
    assert yidi("sign").err == "错误 USAGE: 缺少参数 ID（用法见 yidi sign --help）\n"
    assert yidi("trak").err == "错误 USAGE: 没有命令 trak，是否为 track、trace？（用法见 yidi --help）\n"
    assert yidi("demo", "--units", "500").err == "错误 USAGE: --units：至多 128（用法见 yidi demo --help）\n"
    assert yidi("inbox", "--limit", "x").err == "错误 USAGE: --limit：应为整数（用法见 yidi inbox --help）\n"


def test_what_is_wrong_with_a_path_is_told_in_chinese(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.touch()
    verify, restore = ("evidence", "verify"), ("node", "restore")
    see, see_restore = "（用法见 yidi evidence verify --help）\n", "（用法见 yidi node restore --help）\n"

    assert yidi(*verify, tmp_path).err == f"错误 USAGE: file：{tmp_path} 是目录，不是文件{see}"
    assert yidi(*verify, "").err == f"错误 USAGE: file：不能是空的{see}"
    assert yidi(*restore, file).err == f"错误 USAGE: FROM：{file} 是文件，不是目录{see_restore}"
    assert yidi(*restore, tmp_path / "x").err == f"错误 USAGE: FROM：{tmp_path / 'x'} 不存在{see_restore}"
    assert yidi("inbox", data=file).err == f"错误 USAGE: --data：{file} 是文件，不是目录（用法见 yidi inbox --help）\n"


def test_a_language_that_nobody_wrote_is_wrong_use() -> None:
    result = yidi("--version", "--lang", "fr")

    assert (result.code, result.out) == (2, "")
    assert "zh | en" in result.err


def test_an_unknown_command_suggests_the_nearest() -> None:
    result = yidi("trak", "--lang", "en")

    assert result.code == 2
    assert "track" in result.err


def test_a_directory_without_exchange_is_one_line_with_the_cure(tmp_path: Path) -> None:
    result = yidi("inbox", data=tmp_path)

    assert result.code == 1
    assert result.err.startswith("错误 NO_DATA: ")
    assert "yidi hub init" in result.err
    assert result.err.count("\n") == 1


def test_version_needs_no_command() -> None:
    result = yidi("--version")

    assert result.code == 0
    assert result.out.startswith("yidi ")


def test_the_shell_completes_unit_codes(data: Path) -> None:
    assert _completed(data, "520304-00") == ["520304-001", "520304-002", "520304-003", "520304-004"]


def test_the_shell_completes_names_of_units(data: Path) -> None:
    assert _completed(data, "乙") == ["乙镇"]


def _completed(data: Path, begun: str) -> list[str]:
    words = {"COMP_WORDS": f"yidi inbox --data {data} --unit {begun}", "COMP_CWORD": "5"}
    done = subprocess.run(
        [sys.executable, "-c", "from exchange.cli import main; main()"],
        env={**os.environ, **words, "_YIDI_COMPLETE": "complete_bash"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.split()


def test_help_loads_no_heavy_room() -> None:
    heavy = ["cryptography", "fastapi", "kombu", "lxml", "openpyxl", "pydantic", "sqlalchemy"]
    code = (
        "import sys; from exchange.cli import run; run(['--help'], {});"
        f"print('loaded:', *[name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "loaded:"
