"""Options that all commands share, and the data directory opened for one command, beside a running `yidi up` or not."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.language import both, say

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


class CommandLog:
    """The log of one command: what a person must know goes to stderr, the rest nowhere."""

    def info(self, event: str, **fields: object) -> None:
        pass

    def warning(self, event: str, **fields: object) -> None:
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
