"""Tables, JSON, times and states as people read them. On a terminal tables are drawn; elsewhere they are
plain lines, tab-separated.

Not here: what is in them.
"""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from exchange.cli.language import is_english, say
from exchange.model.calendar import COUNTY_TIME
from exchange.model.events import BusinessState, Event, TransportState

__all__ = ["brief", "is_terminal", "local", "named", "progress", "show_json", "show_table", "stamp", "warn"]

# All of China keeps one time, without summer time since 1991: no time zone database is needed.

_WORD = 16


def is_terminal() -> bool:
    return sys.stdout.isatty()


def local(at: datetime | None) -> str:
    """A time as an office reads it, in Asia/Shanghai."""
    return "" if at is None else at.astimezone(COUNTY_TIME).strftime("%Y-%m-%d %H:%M")


def brief(at: datetime | None) -> str:
    """The same without the year, for tables that must fit a screen."""
    return local(at)[5:]


def stamp(at: datetime | None) -> str | None:
    """A time for programs: ISO 8601 with the offset of Asia/Shanghai."""
    return None if at is None else at.astimezone(COUNTY_TIME).isoformat(timespec="milliseconds")


def named(state: TransportState | BusinessState | Event) -> str:
    """已签收 SIGNED."""
    return f"{state.chinese} {state.name}"


def show_json(value: object) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))


def show_table(columns: Sequence[tuple[str, str]], rows: Iterable[Sequence[object]], *, title: str = "") -> None:
    """`columns`: heading in Chinese and English."""
    headings = [english if is_english() else chinese for chinese, english in columns]
    cells = [["" if value is None else str(value) for value in row] for row in rows]
    if not is_terminal():
        if title:
            print(title)
        for line in (headings, *cells):
            print("\t".join(" ".join(cell.split()) for cell in line))
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, title=title or None, title_justify="left")
    for number, heading in enumerate(headings):
        table.add_column(heading, overflow="fold", min_width=_longest_word(row[number] for row in cells))
    for row in cells:
        table.add_row(*map(Text, row))
    Console().print(table)


def _longest_word(texts: Iterable[str]) -> int:
    """Columns of the longest word that a narrow terminal must not break: dates, codes, names of states. Chinese may
    break anywhere, and so must digests."""
    words = (word for text in texts for word in text.split() if word.isascii())
    return max((len(word) for word in words if len(word) <= _WORD), default=1)


@contextmanager
def progress(chinese: str, english: str) -> Iterator[Callable[[int, int], None]]:
    """Gives a function of (done, of all): a bar on a terminal, else a plain line; on stderr."""
    label = say(chinese, english)
    if not sys.stderr.isatty():
        print(label, file=sys.stderr)
        yield lambda _done, _of: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of)


def warn(chinese: str, english: str) -> None:
    print(say(chinese, english), file=sys.stderr)
