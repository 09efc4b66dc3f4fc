"""`yidi hub notice`: the hub tells all units, or some, that it will be down or is back; and who has heard it."""

import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.failure import fail
from exchange.cli.hub.acting import ByOperator, operator_of
from exchange.cli.language import both, say
from exchange.cli.opened import DEFAULT_DATA, AsJson, Data, complete_unit, desk
from exchange.cli.output import local, show_json, show_table, stamp
from exchange.cli.period import time_to_come
from exchange.model.notice import NoticeKind
from exchange.model.unit import UnitCode

if TYPE_CHECKING:
    from exchange.directory.snapshot import Directory
    from exchange.ports.notices import NoticeRecord

__all__ = ["add_notice_command", "notice_value", "tell_notices"]

_LATEST = 20


def add_notice_command(application: typer.Typer) -> None:
    application.command(
        help=both(
            "向各单位发布签名的停机、恢复或服务通知，各节点即时显示；不带文字则列出已发布的与回执情况",
            "tell units, signed, that the hub will be down, is back, or something else; without a text: what was told, "
            "and how many have confirmed it",
        ),
        epilog="yidi hub notice '今日 18:00 至 20:00 停机升级，急件改走纸质' --until '2026-11-26 20:00'\n\n"
        "yidi hub notice '已恢复' --kind resumed\n\nyidi hub notice",
    )(notice)


def notice(  # one for each option
    text: Annotated[str | None, typer.Argument(help=both("通知文字", "what is told"))] = None,
    data: Data = DEFAULT_DATA,
    kind: Annotated[
        str, typer.Option(metavar="outage|resumed|service", help=both("停机、恢复、服务", "which kind"))
    ] = "outage",
    to: Annotated[
        list[str] | None,
        typer.Option(help=both("只给这些单位或分组，默认全部", "units or groups"), autocompletion=complete_unit),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help=both("到何时为止，北京时间，默认三天", "until when, China's time; three days")
        ),
    ] = None,
    operator: ByOperator = "",
    as_json: AsJson = False,
) -> None:
    from exchange.services.hub.announce import announce

    with desk(data) as opened:
        if text is None:
            with opened.hub_store.begin() as session:
                found = session.notices(_LATEST)
        else:
            kinds = (NoticeKind.OUTAGE, NoticeKind.RESUMED, NoticeKind.SERVICE)
            chosen = next((one for one in kinds if one.word == kind), None)
            if chosen is None:
                words = "、".join(f"{one.word} {one.chinese}" for one in kinds)
                raise fail("VALUE", f"“{kind}”不是通知种类：{words}", f"{kind!r}: outage, resumed or service")
            hub = opened.announcing()
            directory = opened.administration().administrator.current()
            record = announce(
                hub,
                _units(directory, to or []),
                chosen,
                text,
                _until(until, hub.clock.now()),
                operator_of(operator, text),
            )
            found = [(record, record.units)]
    if as_json:
        show_json(
            [notice_value(one) | {"units": one.units, "confirmed": one.units - waiting} for one, waiting in found]
        )
        return
    columns = [
        ("时间", "time"), ("种类", "kind"), ("内容", "text"), ("至", "until"), ("单位数", "units"),
        ("已确认", "confirmed"),
    ]  # fmt: skip
    rows = [(*_cells(one), one.units, one.units - waiting) for one, waiting in found]
    show_table(columns, rows)
    if not rows:
        print(say("没有发布过通知", "nothing was told yet"))


def _cells(one: "NoticeRecord") -> tuple[object, ...]:
    return local(one.at), say(one.kind.chinese, one.kind.word), one.text, local(one.until) if one.kind.lasts else ""


def notice_value(one: "NoticeRecord") -> dict[str, object]:
    return {
        "id": one.id,
        "at": stamp(one.at),
        "kind": one.kind.word,
        "kind_zh": one.kind.chinese,
        "text": one.text,
        "until": stamp(one.until),
    }


def tell_notices(notices: "Sequence[tuple[UnitCode, NoticeRecord]]") -> None:
    """Above everything else, each once, however many units of this node were told."""
    for one in {one.id: one for _, one in notices}.values():
        kind = say(f"【{one.kind.chinese}】", f"[{one.kind.word}]")
        end = f" {say('至', 'until')} {local(one.until)}" if one.kind.lasts else ""
        print(f"{kind}{one.text}{end}", file=sys.stderr)


def _units(directory: "Directory", to: list[str]) -> "list[UnitCode]":
    """Active ones with a key: whoever has none has no node that could show it."""
    from exchange.directory.address import expand
    from exchange.ports.office import Address

    addresses = [Address(to=one) for one in to]
    nobody = UnitCode("")  # the hub is no unit, so no address is its own
    wanted = {one.unit for one in expand(directory, nobody, addresses).recipients} if to else set()
    return [
        entry.unit.code
        for entry in directory.units
        if entry.unit.active and entry.keys and (not to or entry.unit.code in wanted)
    ]


def _until(text: str | None, now: datetime) -> datetime:
    return now + timedelta(days=3) if text is None else time_to_come(text, now)
