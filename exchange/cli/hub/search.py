"""`yidi hub search`: which documents went through this hub: from whom, to whom, when, how far.

Not here: one of them (`yidi hub journey`).
"""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.documents.send import document_type
from exchange.cli.failure import fail
from exchange.cli.language import both, say
from exchange.cli.naming import find_unit, unit_name
from exchange.cli.opened import DEFAULT_DATA, AsJson, Data, complete_unit, desk
from exchange.cli.output import local, show_json, show_table, stamp
from exchange.cli.period import day_of
from exchange.model.calendar import start_of
from exchange.model.document import DocumentType
from exchange.model.envelope import EnvelopeId, EnvelopeKey
from exchange.model.events import BusinessState, TransportState
from exchange.model.unit import UnitCode

if TYPE_CHECKING:
    from exchange.ports.search import Found, Place

__all__ = ["add_search_command"]

_USUAL = timedelta(days=92)
_EVER = datetime(1970, 1, 1, tzinfo=UTC)


def add_search_command(application: typer.Typer) -> None:
    application.command(
        help=both(
            "查找经过本中心的公文：按发文字号、文种、发文、收文单位、日期、紧急、状态、标题词、编号开头；新的在前，分页",
            "find documents by number, type, sender, recipient, dates, urgency, state, words of the title, beginning "
            "of an id; newest first, by pages",
        ),
        epilog="yidi hub search --from 区政府办 --to 南白镇 --since 2026-11-01\n\n"
        "yidi hub search --number 〔2026〕12号 --type 通知\n\n"
        "yidi hub search 防汛 --state UNSIGNED --urgent",
    )(search)


def search(  # noqa: PLR0917  # one for each option
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="WORD...", help=both("标题中的词，须全部出现", "words of the title, all of them")),
    ] = None,
    data: Data = DEFAULT_DATA,
    sender: Annotated[
        str | None, typer.Option("--from", help=both("发文单位", "from this unit"), autocompletion=complete_unit)
    ] = None,
    to: Annotated[str | None, typer.Option(help=both("收文单位", "to it"), autocompletion=complete_unit)] = None,
    state: Annotated[
        str | None,
        typer.Option(
            help=both("状态，中文或英文，如 待签收、EXPIRED；有任一收文单位如此", "of a delivery, such as EXPIRED")
        ),
    ] = None,
    number: Annotated[
        str | None, typer.Option(metavar="TEXT", help=both("发文字号，或其中一段", "of its number, or part of it"))
    ] = None,
    type_: Annotated[
        DocumentType | None,
        typer.Option("--type", parser=document_type, metavar="TYPE", help=both("文种，如 通知、函", "type, as NOTICE")),
    ] = None,
    id_: Annotated[
        str | None,
        typer.Option("--id", metavar="ID", help=both("编号开头；不限日期", "beginning of its id, of whatever date")),
    ] = None,
    urgent: Annotated[bool, typer.Option("--urgent", help=both("只看紧急的", "only urgent ones"))] = False,
    since: Annotated[
        str | None, typer.Option(metavar="DATE", help=both("受理日起，默认 92 天前", "accepted since; 92 days"))
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="DATE", help=both("受理日止，含", "until, included"))] = None,
    after: Annotated[str | None, typer.Option(metavar="NEXT", help=both("上一页给出的标记", "as a page says"))] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help=both("一页几件", "of a page"))] = 50,
    as_json: AsJson = False,
) -> None:
    from exchange.ports.search import Search
    from exchange.wiring.system import SystemClock

    now = SystemClock().now()
    with desk(data) as opened:
        directory = opened.administration().administrator.current()
        wanted = Search(
            since=start_of(day_of(since)) if since else _EVER if id_ else now - _USUAL,
            until=start_of(day_of(until)) + timedelta(days=1) if until else now + timedelta(days=1),
            sender=find_unit(directory, sender) if sender else None,
            to=find_unit(directory, to) if to else None,
            state=_state(state) if state else None,
            urgent=True if urgent else None,
            words=tuple(words or ()),
            number=number,
            type=type_,
            id=id_,
        )
        with opened.hub_store.begin() as session:
            found = session.search(wanted, _place(after) if after else None, limit + 1)
    page, more = found[:limit], len(found) > limit
    following = _mark(page[-1]) if more else None
    if as_json:
        items = [_value(one) | {"sender_name": unit_name(directory, one.key.sender)} for one in page]
        show_json({"items": items, "next": following})
        return
    columns = [
        ("受理", "accepted"), ("编号", "id"), ("发文单位", "from"), ("文种", "type"), ("发文字号", "number"),
        ("标题", "title"), ("收文单位数", "recipients"),
        ("已送达", "delivered"), ("已签收", "signed"),
    ]  # fmt: skip
    show_table(columns, [_row(unit_name(directory, one.key.sender), one) for one in page])
    if following:
        print(say("下一页：", "next page:"), f"--after {following}")
    elif not page:
        print(say("没有找到；默认只查近 92 天，用 --since 放宽", "nothing; 92 days were searched, widen by --since"))


def _row(sender: str, one: "Found") -> tuple[object, ...]:
    title = ("【急】" if one.urgent else "") + one.title
    type_ = one.type and say(one.type.chinese, one.type.name)
    counts = (one.recipients, one.delivered, one.signed)
    return local(one.received), one.key.id[:8], sender, type_, one.number, title, *counts


def _value(one: "Found") -> dict[str, object]:
    return {
        "id": one.key.id,
        "sender": one.key.sender,
        "type": one.type and one.type.name,
        "number": one.number,
        "title": one.title,
        "urgent": one.urgent,
        "accepted": stamp(one.received),
        "recipients": one.recipients,
        "delivered": one.delivered,
        "signed": one.signed,
    }


def _state(text: str) -> TransportState | BusinessState:
    states: list[TransportState | BusinessState] = [*TransportState, *BusinessState]
    for one in states:
        if text.upper() == one.name or text == one.chinese:
            return one
    names = "、".join(f"{one.chinese} {one.name}" for one in states)
    raise fail("VALUE", f"没有状态“{text}”：{names}", f"no state {text!r}: {', '.join(one.name for one in states)}")


def _mark(one: "Found") -> str:
    return f"{one.received:%Y%m%dT%H%M%S.%f}_{one.key.sender}_{one.key.id}"


def _place(mark: str) -> "Place":
    at, _, rest = mark.partition("_")
    sender, _, envelope_id = rest.partition("_")
    try:
        received = datetime.strptime(at, "%Y%m%dT%H%M%S.%f").replace(tzinfo=UTC)
    except ValueError:
        raise fail("CURSOR", f"“{mark}”不是上一页给出的标记", f"{mark!r} is not what a page said") from None
    return received, EnvelopeKey(UnitCode(sender), EnvelopeId(envelope_id))
