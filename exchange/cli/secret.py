"""URLs that hold a password: from a file that others cannot read, never from the command line, which everybody on the
machine can read."""

import stat
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from exchange.cli.failure import fail

__all__ = ["private_url"]


def private_url(option: str, text: str | None) -> str | None:
    """`text`, or the first line of FILE when it is `@FILE`. Refuses a password in an argument, and an open file."""
    if text is None:
        return None
    if not text.startswith("@"):
        if _parts(option, text).password:
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
    _parts(option, url := lines[0].strip())
    return url


def _parts(option: str, url: str) -> SplitResult:
    """Names no part of it: there may be a password."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  # read here, where what is wrong with it can be said
    except ValueError as error:
        raise fail(
            "INPUT", f"{option}: 不是地址，核对主机与端口", f"{option}: no URL, look at its host and port"
        ) from error
    return parts
