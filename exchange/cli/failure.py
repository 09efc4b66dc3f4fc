"""What went wrong, in one line on stderr, and the exit code: 0 done, 1 refused or failed, 2 wrong use.

A person's mistake never shows a traceback. What nobody expected goes into a private file, and the line says where.
"""

import os
import sys
import tempfile
import traceback
from collections.abc import Callable
from typing import Any

import typer

from exchange.cli.language import say
from exchange.cli.usage import in_chinese
from exchange.errors import YidiError
from exchange.model.meanings import MEANINGS

__all__ = ["CommandError", "exit_code", "explain", "fail"]

# Code -> what to do, in Chinese and English. What a message says of itself needs nothing more.
_CURES = {
    "ADAPTER_DOWN": ("检查办公系统及其文件夹", "check the office system and its folders"),
    "CONFLICT": ("查看 yidi hub audit", "see yidi hub audit"),
    "DIRECTORY_EXPIRED": ("运行 yidi up 以续签目录", "run yidi up, which renews the directory"),
    "DIRECTORY_EXISTS": ("本交换已初始化", "this exchange exists already"),
    "DIRECTORY_MISSING": ("先执行 yidi hub init，再执行 yidi node enroll", "run yidi hub init, then yidi node enroll"),
    "DIRECTORY_ROLLBACK": ("查看 yidi hub audit，核对备份", "see yidi hub audit; was a backup restored?"),
    "ENROLMENT_CODE": ("用 yidi hub enroll 重新发放", "issue a new one with yidi hub enroll"),
    "EXISTS": ("换一个 --data 目录，或直接执行 yidi up", "choose another --data, or just run yidi up"),
    "GROUP": ("用 yidi hub groups list 查看", "see yidi hub groups list"),
    "KEYSTORE": ("执行 yidi doctor 检查口令与密钥", "run yidi doctor, which checks passphrase and keys"),
    "NOT_SEALED": ("yidi up 运行时一秒内封存", "a running yidi up seals within a second"),
    "NO_DATA": (
        "先执行 yidi hub init，或用 --data 指明目录",
        "run yidi hub init first, or name the directory by --data",
    ),
    "NOT_FOUND": ("用 yidi inbox 或 yidi track 查看编号", "find the id with yidi inbox or yidi track"),
    "PACKAGE_WRITE": ("清理磁盘空间或换一个 U 盘，再装一次", "free some space or take another disk, then pack again"),
    "REASON_REQUIRED": ("用 --text 说明理由", "say why with --text"),
    "SECRECY": ("涉密材料不得上网，请走机要渠道", "classified material goes by courier, never by this way"),
    "SECRECY_HOLD": ("请人复核后加 --reviewed-by 姓名", "have somebody look, then add --reviewed-by NAME"),
    "STORAGE_BUSY": ("稍后再试", "try again in a moment"),
    "STORAGE_FULL": ("清理磁盘空间后再试", "free some disk space, then try again"),
    "UNKNOWN_RECIPIENT": (
        "用 yidi hub units list、yidi hub groups list 查看",
        "see yidi hub units list and groups list",
    ),
    "WRONG_UNIT": ("先执行 yidi node enroll 单位代码", "run yidi node enroll CODE first"),
}


class CommandError(YidiError):
    """An error of the command line itself; its message is in the reader's language already."""


def fail(code: str, chinese: str, english: str) -> CommandError:
    """The error to raise."""
    return CommandError(say(chinese, english), code=code)


def explain(error: YidiError) -> str:
    """One line: the code, what it means, what is wrong, what to do."""
    message = " ".join(error.message.split())
    meaning = "" if isinstance(error, CommandError) else MEANINGS.get(error.code, "")
    cure = _CURES.get(error.code)
    hint = say(f"（{cure[0]}）", f" ({cure[1]})") if cure else ""
    return say(f"错误 {error.code}: {meaning and meaning + '：'}{message}", f"Error {error.code}: {message}") + hint


def exit_code(command: Callable[[], Any]) -> int:
    """Run `command`, print what went wrong, and return the exit code."""
    try:
        result = command()
        sys.stdout.flush()  # here, where a reader that has gone is no failure, and not when Python ends
    except YidiError as error:
        _print(explain(error))
        return 1
    except typer.TyperException as error:
        # Without a message it was `yidi` alone, and the help has been shown.
        if error.format_message():
            _print(_usage(error))
        return error.exit_code
    except (typer.Abort, KeyboardInterrupt):
        _print(say("已中断", "interrupted"))
        return 1
    except (BrokenPipeError, SystemExit):  # the latter is how click ends for the same reason
        # Whoever read our output has gone; what is still buffered must not complain when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        _print(f"{say('错误', 'Error')} IO: {error.filename or ''} {error.strerror or error}")
        return 1
    except Exception:  # noqa: BLE001  # the outermost boundary
        where = _crash_file()
        _print(say(f"错误 BUG: 程序内部错误，详情见 {where}", f"Error BUG: an internal error; details in {where}"))
        return 1
    # Typer returns the code of its Exit; a shell's 130 of an interruption is 1 like every other failure.
    if not isinstance(result, int):
        return 0
    return result if result in (0, 1, 2) else 1


def _usage(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "yidi"
    message = " ".join(error.format_message().split())
    return explain(fail("USAGE", f"{in_chinese(message)}（用法见 {path} --help）", f"{message} (see {path} --help)"))


def _crash_file() -> str:
    descriptor, path = tempfile.mkstemp(prefix="yidi-crash-", suffix=".txt")  # readable by its owner alone
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(traceback.format_exc())
    return path


def _print(line: str) -> None:
    print(line, file=sys.stderr)
