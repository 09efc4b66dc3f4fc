"""Failures: one line, a code, what to do, and never a traceback."""

import errno
import os
from pathlib import Path

import pytest

from exchange.cli.failure import exit_code, explain, fail
from exchange.cli.language import use
from exchange.cli.opened import CommandLog
from exchange.errors import EnrolmentError, InputError, RefusedError, StorageError, TransportError, YidiError


def test_an_error_is_one_line_with_its_code_and_a_cure() -> None:
    line = explain(RefusedError("a person\nmust look", code="SECRECY_HOLD"))

    assert line == "错误 SECRECY_HOLD: 须经人工复核：a person must look（请人复核后加 --reviewed-by 姓名）"


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            TransportError("the broker refused GET whoami: 401", code="BROKER_LOGIN"),
            "错误 BROKER_LOGIN: RabbitMQ 不认这个账号或口令（执行 yidi doctor",
        ),
        (
            StorageError("lost or refused", code="STORAGE_LOST"),
            "错误 STORAGE_LOST: 数据库没有应答，或不认口令（PostgreSQL",
        ),
        (
            EnrolmentError("the code expired", code="ENROLMENT_CODE"),
            "错误 ENROLMENT_CODE: 注册码不对、已用过或已过期（用",
        ),
        (TransportError("lost the broker"), "错误 TRANSPORT: 消息服务器（RabbitMQ）没有应答或拒绝（"),
    ],
)
def test_what_a_code_says_whole_is_not_said_again_in_english(error: YidiError, line: str) -> None:
    assert explain(error).startswith(line)
    assert error.message not in explain(error)
    use("en")
    english = explain(error)
    use("zh")
    assert error.message in english


def test_an_error_of_the_command_line_needs_no_translation() -> None:
    assert explain(fail("STATE", "没有可作废的密钥", "no key to revoke")) == "错误 STATE: 没有可作废的密钥"


def test_english_is_english_throughout() -> None:
    use("en")
    line = explain(InputError("nothing here", code="NO_DATA"))
    use("zh")

    assert line.startswith("Error NO_DATA: nothing here (run yidi hub init")


def test_who_works_at_a_node_that_the_hub_shut_out_is_told_so_and_not_that_the_line_is_cut(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log = CommandLog()
    for _ in range(2):
        log.warning("directory_unreachable", code="NOT_AUTHORISED", detail="unit 520304-002 is no longer active")
    closed = capsys.readouterr().err
    assert len(closed.splitlines()) == 1
    CommandLog().warning("directory_unreachable", code="HUB_UNREACHABLE", detail="")
    cut = capsys.readouterr().err
    assert ("已停用" in closed, "接通后自动发出" in cut) == (True, True)
    assert "已停用" not in cut


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


def test_trouble_with_a_file_names_the_file_and_says_in_chinese_what_it_is(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def full() -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    assert exit_code(lambda: (tmp_path / "x").read_text(encoding="utf-8")) == 1
    assert capsys.readouterr().err == f"错误 IO: {tmp_path / 'x'}：没有这个文件或目录\n"
    assert exit_code(full) == 1
    assert capsys.readouterr().err == "错误 IO: 磁盘已满\n"
    use("en")
    exit_code(full)
    use("zh")
    assert capsys.readouterr().err == f"Error IO: {os.strerror(errno.ENOSPC)}\n"
