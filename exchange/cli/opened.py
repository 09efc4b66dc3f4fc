"""Options that all commands share, and the data directory opened for one command, beside a running `yidi up` or not."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.language import both, say
from exchange.cli.output import warn

if TYPE_CHECKING:
    from exchange.wiring.desk import Desk
    from exchange.wiring.layout import Layout

__all__ = ["DEFAULT_DATA", "AsJson", "CommandLog", "Data", "complete_unit", "desk", "layout_of"]

DEFAULT_DATA = Path("yidi-data")

Data = Annotated[
    Path,
    typer.Option("--data", envvar="YIDI_DATA", metavar="DIR", help=both("数据目录", "data directory"), file_okay=False),
]
AsJson = Annotated[bool, typer.Option("--json", help=both("输出 JSON，键名稳定", "print JSON with stable keys"))]


# What the hub answers a unit that was closed, or whose key ended.
_SHUT_OUT = ("CERT_EXPIRED", "CERT_REVOKED", "HTTP_SIG_KEY", "NOT_AUTHORISED")
_CLOSED = (
    (
        "交换中心不再接受本机的单位（已停用，或密钥已作废、过期）：现在所发的不会被受理，重新启用并注册之后再发。"
        "执行 yidi doctor 看办法"
    ),
    (
        "the hub takes nothing from the units here any more (closed, or their keys ended): what is sent now will not "
        "be accepted; send after they are opened and enrolled again. See yidi doctor"
    ),
)
_UNREACHABLE = (
    "问不到交换中心：用本机所持的单位目录，所发的留在本机，接通后自动发出。执行 yidi doctor 看原因",
    (
        "the hub cannot be asked: the directory held here is used, and what is sent stays here until the line is back. "
        "yidi doctor says why"
    ),
)


class CommandLog:
    """The log of one command: what a person must know goes to stderr, the rest nowhere."""

    def __init__(self) -> None:
        self._asked = False

    def info(self, event: str, **fields: object) -> None:
        pass

    def warning(self, event: str, **fields: object) -> None:
        if event == "directory_unreachable":
            if not self._asked:  # once is enough, however often a command asks
                warn(*_UNREACHABLE if fields.get("code") not in _SHUT_OUT else _CLOSED)
            self._asked = True
            return
        self._print(say("警告", "warning"), event, fields)

    def alarm(self, event: str, **fields: object) -> None:
        self._print(say("警报", "alarm"), event, fields)

    @staticmethod
    def _print(word: str, event: str, fields: dict[str, object]) -> None:
        print(f"{word} {event}", *(f"{name}={value}" for name, value in fields.items() if value), file=sys.stderr)


def layout_of(data: Path) -> "Layout":
    from exchange.wiring.layout import Layout

    return Layout(data)


@contextmanager
def desk(data: Path) -> "Iterator[Desk]":
    """Raises InputError when `data` holds no exchange."""
    from exchange.wiring.desk import open_desk

    opened = open_desk(layout_of(data), CommandLog())
    try:
        yield opened
    finally:
        opened.close()


def complete_unit(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Shell completion of unit codes and names. Silent when there is no exchange."""
    data = ctx.params.get("data") or DEFAULT_DATA
    try:
        with desk(Path(data)) as opened:
            units = opened.directory().units
    except Exception:  # noqa: BLE001  # completion must never print a traceback into somebody's prompt
        return []
    found = [(str(entry.unit.code), entry.unit.name) for entry in units if entry.unit.code.startswith(incomplete)]
    # A name is offered to who has begun one.
    return found or [(one.unit.name, one.unit.code) for one in units if one.unit.name.startswith(incomplete)]
