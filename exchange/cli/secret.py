"""URLs that hold a password: from a file that others cannot read, never from the command line, which everybody on the
machine can read."""

import stat
from pathlib import Path
from urllib.parse import urlsplit

from exchange.cli.failure import fail

__all__ = ["private_url"]


def private_url(option: str, text: str | None) -> str | None:
    """`text`, or the first line of FILE when it is `@FILE`. Refuses a password in an argument, and an open file."""
    if text is None:
        return None
    if not text.startswith("@"):
        if urlsplit(text).password:
            raise fail(
                "SECRET_SHOWN",
                f"{option} 中带有口令，本机其他用户都能看到；写入文件，用 {option} @文件",
                f"{option} holds a password that everybody on this machine can see: put it in a file, {option} @FILE",
            )
        return text
    path = Path(text[1:])
    try:
        open_to_others = stat.S_IMODE(path.stat().st_mode) & 0o077
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise fail("INPUT", f"{option}: 无法读取 {path}", f"{option}: cannot read {path}") from error
    if open_to_others:
        raise fail(
            "SECRET_SHOWN", f"{path} 可被他人读取：chmod 600 {path}", f"{path} is open to others: chmod 600 {path}"
        )
    if not lines or not lines[0].strip():
        raise fail("INPUT", f"{option}: {path} 是空的", f"{option}: {path} is empty")
    return lines[0].strip()
