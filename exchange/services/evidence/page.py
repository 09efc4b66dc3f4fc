"""The little HTML that reports are made of: escaping by default, tables, Chinese first with English beside it.

Not here: what a report says.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape
from typing import Final

from exchange.model.calendar import COUNTY_TIME

__all__ = ["Html", "both", "commands", "html", "join", "moment", "mono", "page", "pairs", "section", "table"]


class Html(str):
    """Text that is HTML already. Everything else is escaped wherever it is put in."""

    __slots__ = ()


def html(value: object) -> Html:
    return value if isinstance(value, Html) else Html(escape(str(value)))


def join(parts: Iterable[object], between: str = "<br>") -> Html:
    """The parts that are not empty, with HTML between them."""
    return Html(between.join(html(part) for part in parts if part))


def both(zh: str, en: object) -> Html:
    return Html(f'{html(zh)}<span class="en">{html(en)}</span>')


def moment(at: datetime | None) -> Html:
    """A time of the county's clocks, which may be broken between day and hour only."""
    if at is None:
        return Html("")
    try:
        local = at.astimezone(COUNTY_TIME)
    except OverflowError:  # the end of time is a date that anybody may sign
        return Html(f"<time>{at.isoformat()}</time>")
    return Html(f"<time>{local.date().isoformat()}</time> <time>{local:%H:%M:%S}</time>")


def mono(text: str) -> Html:
    """Text to be compared character by character."""
    return Html(f"<code>{html(text)}</code>")


def commands(what: Html, text: str) -> Html:
    """Lines to be typed, and what they are for."""
    return Html(f'<div class="commands">{what}\n<pre>{html(text)}</pre></div>')


def table(heads: Sequence[tuple[str, str]], rows: Iterable[Sequence[object]], *, name: str = "") -> Html:
    """`name` is the table's class. Without rows it says so."""
    head = "".join(f"<th>{both(zh, en)}</th>" for zh, en in heads)
    body = "\n".join("<tr>" + "".join(f"<td>{html(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    body = body or f'<tr><td colspan="{len(heads)}">{both("无", "none")}</td></tr>'
    return Html(f'<table class="{html(name)}"><thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table>')


def pairs(rows: Iterable[tuple[str, str, object]]) -> Html:
    """A table of names and values, of those that have a value."""
    body = "\n".join(f"<tr><th>{both(zh, en)}</th><td>{html(value)}</td></tr>" for zh, en, value in rows if value)
    return Html(f'<table class="pairs"><tbody>\n{body}\n</tbody></table>')


def section(zh: str, en: str, *content: object) -> Html:
    return Html(f"<section>\n<h2>{both(zh, en)}</h2>\n{join(content, chr(10))}\n</section>\n")


def page(format_: str, title: str, content: Iterable[Html]) -> str:
    """A whole document: no script, nothing fetched from anywhere."""
    return _PAGE.format(format=html(format_), title=html(title), style=_STYLE, content="".join(content))


_PAGE: Final = """<!DOCTYPE html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="generator" content="{format}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
{content}</body>
</html>
"""

_STYLE: Final = """@page { size: A4; margin: 16mm 14mm 18mm; }
* { box-sizing: border-box; }
body { max-width: 182mm; margin: 10mm auto; padding: 0 4mm; color: #1c1c1c; background: #fff; font: 10.5pt/1.6
  "Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei", "PingFang SC", sans-serif; }
header { border-bottom: 2.5pt solid #a8201a; padding-bottom: 3mm; margin-bottom: 5mm; }
header p { margin: 0; color: #a8201a; letter-spacing: .12em; }
h1 { margin: 1.5mm 0 1mm; font-size: 19pt; line-height: 1.35; }
header div { color: #555; font-size: 9.5pt; }
h2 { margin: 8mm 0 2.5mm; font-size: 13pt; border-left: 3.5pt solid #a8201a; padding-left: 2.5mm; line-height: 1.3;
  break-after: avoid; }
.en { margin-left: .5em; color: #767676; font-size: .82em; font-weight: normal; }
th .en, td .en, li .en, .note .en { display: block; margin-left: 0; line-height: 1.35; }
table { width: 100%; border-collapse: collapse; font-size: 9pt; line-height: 1.45; }
th, td { border: .5pt solid #c9c9c9; padding: 1.1mm 1.8mm; text-align: left; vertical-align: top; }
td { overflow-wrap: anywhere; }
th { background: #f5f2ee; font-weight: 600; }
thead { display: table-header-group; }
tr { break-inside: avoid; }
.pairs th { width: 52mm; } .pairs th .en { display: inline; margin-left: .5em; }
.pairs td { white-space: pre-line; }
.units td:nth-child(1) { color: #767676; }
.units td:nth-child(3), .events td:nth-child(2), .files td:last-child, time { white-space: nowrap; }
.keys td:first-child { width: 55mm; }
code, pre { font: 8.2pt/1.45 "DejaVu Sans Mono", Consolas, "Noto Sans Mono CJK SC", monospace; }
code { overflow-wrap: anywhere; } .files code { font-size: 7.3pt; white-space: nowrap; }
pre { background: #f7f7f5; border: .5pt solid #dcdcdc; padding: 2mm 2.5mm; white-space: pre-wrap;
  word-break: break-all; }
.note { border: 1pt solid #a8201a; padding: 2mm 3mm; margin: 4mm 0 0; font-size: 9.5pt; break-inside: avoid; }
.note p { margin: .6mm 0; }
.commands { break-inside: avoid; } .commands pre { margin: 1mm 0 3mm; }
ol { padding-left: 6mm; margin: 2mm 0; } li { margin: 1.2mm 0; }
"""
