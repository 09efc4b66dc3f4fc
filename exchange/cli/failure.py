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
from exchange.cli.trouble import trouble
from exchange.cli.usage import in_chinese
from exchange.errors import YidiError
from exchange.model.meanings import words_of

__all__ = ["CommandError", "exit_code", "explain", "fail", "told"]

# Code -> what to do, in Chinese and English. What a message says of itself needs nothing more.
_CURES = {
    "ADAPTER_DOWN": ("检查办公系统及其文件夹", "check the office system and its folders"),
    "ADAPTER_UNKNOWN": ("用 yidi node adapters list 查看", "see yidi node adapters list"),
    "BACKUP_TOOL": ("sudo apt-get install postgresql-client", "sudo apt-get install postgresql-client"),
    "BROKER_LOGIN": (
        "执行 yidi doctor，按其中 broker 一项重建账号；口令在 secrets/management",
        "yidi doctor, at broker, says how to make it; the password stands in secrets/management",
    ),
    "BROKER_RIGHTS": (
        "sudo rabbitmqctl set_user_tags 账号 administrator",
        "sudo rabbitmqctl set_user_tags USER administrator",
    ),
    "BROKER_UNWELL": ("执行 yidi doctor 看是什么报警", "yidi doctor names the alarm"),
    "CERT_EXPIRED": (
        "重新注册：yidi node enroll --renew，异地节点用新的注册码",
        "enrol again: yidi node enroll --renew; far from the hub by a new code",
    ),
    "CERT_REVOKED": ("向交换中心索取新的注册码，重新注册", "ask the hub for a new code and enrol again"),
    "CONFLICT": ("查看 yidi hub audit", "see yidi hub audit"),
    "DIRECTORY_EXISTS": ("本交换已初始化", "this exchange exists already"),
    "DIRECTORY_EXPIRED": ("交换中心运行后自动续签，节点随即更新", "the hub renews it once it runs, and nodes follow"),
    "DIRECTORY_FUTURE": ("校准系统时钟（chrony/ntp）", "set the clock (chrony, ntp)"),
    "DIRECTORY_MISSING": ("先执行 yidi hub init，再执行 yidi node enroll", "run yidi hub init, then yidi node enroll"),
    "DIRECTORY_ROLLBACK": ("查看 yidi hub audit，核对备份", "see yidi hub audit; was a backup restored?"),
    "ENROLMENT_CODE": ("用 yidi hub enroll 重新发放", "issue a new one with yidi hub enroll"),
    "EXISTS": ("换一个 --data 目录，或直接执行 yidi up", "choose another --data, or just run yidi up"),
    "FILES_S3": ("在交换中心执行 yidi doctor", "yidi doctor at the hub says what it may not do"),
    "GROUP": ("用 yidi hub groups list 查看", "see yidi hub groups list"),
    "HTTP_SIG_TIME": ("校准系统时钟（chrony/ntp）；不必重新注册", "set the clock (chrony, ntp); do not enrol again"),
    "HUB_CUT": ("稍后再试", "try again in a moment"),
    "HUB_STRANGE": ("线路上是否有代理或另一台服务器？", "is there a proxy on the way, or another server?"),
    "HUB_TLS": ("确是交换中心时，向它索取 tls/ca.pem", "if it is the hub, ask it for its tls/ca.pem"),
    "HUB_UNREACHABLE": (
        "核对地址、域名与防火墙；交换中心是否在运行？",
        "address, name, firewall: and does the hub run?",
    ),
    "KEYSTORE": ("执行 yidi doctor 检查口令与密钥", "run yidi doctor, which checks passphrase and keys"),
    "NOT_AUTHORISED": (
        "单位被停用时由交换中心重新启用：yidi hub units import，再重新注册",
        "a closed unit is opened at the hub: yidi hub units import, then enrolled again",
    ),
    "NOT_HERE": (
        "单机用 yidi up，交换中心用 yidi hub run，节点用 yidi node run",
        "one machine: yidi up, a hub: yidi hub run, a node: yidi node run",
    ),
    "NOT_FOUND": ("用 yidi inbox 或 yidi track 查看编号", "find the id with yidi inbox or yidi track"),
    "NOT_SEALED": ("yidi up 运行时一秒内封存", "a running yidi up seals within a second"),
    "NO_DATA": (
        "先执行 yidi hub init，或用 --data 指明目录",
        "run yidi hub init first, or name the directory by --data",
    ),
    "PACKAGE_WRITE": ("清理磁盘空间或换一个 U 盘，再装一次", "free some space or take another disk, then pack again"),
    "RATE": ("过几分钟再试", "try again in a few minutes"),
    "REASON_REQUIRED": ("用 --text 说明理由", "say why with --text"),
    "SECRECY": ("涉密材料不得上网，请走机要渠道", "classified material goes by courier, never by this way"),
    "SECRECY_HOLD": ("请人复核后加 --reviewed-by 姓名", "have somebody look, then add --reviewed-by NAME"),
    "STORAGE_BUSY": ("稍后再试", "try again in a moment"),
    "STORAGE_CORRUPT": ("停止运行，保留副本，从备份恢复", "stop, keep a copy, restore the last backup"),
    "STORAGE_DISK": ("检查硬盘", "look at the disk"),
    "STORAGE_FULL": ("清理磁盘空间后再试", "free some disk space, then try again"),
    "STORAGE_LOST": (
        "PostgreSQL 是否在运行？执行 yidi doctor，逐项给出办法",
        "does PostgreSQL run? yidi doctor names the cure",
    ),
    "STORAGE_NEWER": ("换用与数据相符的版本", "use the release that fits"),
    "STORAGE_OPEN": (
        "检查数据目录的属主与权限；以运行服务的用户执行：sudo -u yidi",
        "owner and mode of the data directory; run it as the service's user: sudo -u yidi",
    ),
    "STORAGE_READ_ONLY": (
        "检查数据目录的属主与权限；以运行服务的用户执行：sudo -u yidi",
        "owner and mode of the data directory; run it as the service's user: sudo -u yidi",
    ),
    "TRANSPORT": (
        "RabbitMQ 是否在运行？执行 yidi doctor，逐项给出办法",
        "does RabbitMQ run? yidi doctor names the cure",
    ),
    "UNIT_CODE": ("如 520304-001，用 yidi hub units list 查看", "such as 520304-001; see yidi hub units list"),
    "UNKNOWN_RECIPIENT": (
        "用 yidi hub units list、yidi hub groups list 查看",
        "see yidi hub units list and groups list",
    ),
    "UPLOAD_QUOTA": (
        "明日自动继续，或请交换中心调高 http.upload_bytes_per_day",
        "it goes on tomorrow; or the hub raises http.upload_bytes_per_day",
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
    cure = _CURES.get(error.code)
    hint = say(f"（{cure[0]}）", f" ({cure[1]})") if cure else ""
    return f"{say('错误', 'Error')} {error.code}: {told(error)}{hint}"


def told(error: YidiError) -> str:
    """What is wrong, in the reader's language."""
    message = " ".join(error.message.split())
    return message if isinstance(error, CommandError) else say(words_of(error.code, message), message)


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
        where = say(f"{error.filename}：", f"{error.filename}: ") if error.filename else ""
        _print(f"{say('错误', 'Error')} IO: {where}{trouble(error)}")
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
