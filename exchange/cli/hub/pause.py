"""`yidi hub units pause`, `release` and `paused`: the documents of one unit are held, both ways, for a while.

Not here: what that means for a document (`exchange.services.hub.pause`); a stolen key (`yidi hub units revoke`).
"""

from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.hub.acting import ByOperator, Why, operator_of
from exchange.cli.language import both, say
from exchange.cli.naming import find_unit, unit_name
from exchange.cli.opened import DEFAULT_DATA, AsJson, Data, complete_unit, desk
from exchange.cli.output import local, show_json, show_table, stamp
from exchange.cli.period import time_to_come

if TYPE_CHECKING:
    from exchange.ports.pauses import Pause

__all__ = ["add_pause_commands"]

Unit = Annotated[str, typer.Argument(help=both("单位代码或名称", "unit"), autocompletion=complete_unit)]


def add_pause_commands(application: typer.Typer) -> None:
    application.command(
        help=both(
            "暂停单位的公文收发：所发的保留在其节点，发给它的保留在中心，均不丢失、不逾期；节点会显示",
            "hold the documents of a unit, both ways: at its node and here; nothing is lost or expires",
        ),
        epilog="yidi hub units pause 南白镇 --reason 机房搬迁 --until '2026-12-01 08:00'",
    )(pause)
    application.command(
        help=both("恢复单位的公文收发，保留的随即送出", "release it: what was held goes on"),
        epilog="yidi hub units release 南白镇 --reason 搬迁完成",
    )(release)
    application.command(help=both("被暂停的单位", "units that are paused"), epilog="yidi hub units paused --json")(
        paused
    )


def pause(
    unit: Unit,
    reason: Why,
    data: Data = DEFAULT_DATA,
    until: Annotated[
        str | None,
        typer.Option(metavar="TIME", help=both("到何时自动恢复，北京时间", "until when by itself, China's time")),
    ] = None,
    operator: ByOperator = "",
) -> None:
    from exchange.wiring.system import SystemClock

    by = operator_of(operator, reason)
    end = None if until is None else time_to_come(until, SystemClock().now())
    with desk(data) as opened:
        code = find_unit(opened.administration().administrator.current(), unit)
        opened.pauser().pause(code, end, by)
    print(say(f"已暂停 {code}", f"{code} is paused"), f"{say('至', 'until')} {local(end)}" if end else "")


def release(unit: Unit, reason: Why, data: Data = DEFAULT_DATA, operator: ByOperator = "") -> None:
    by = operator_of(operator, reason)
    with desk(data) as opened:
        code = find_unit(opened.administration().administrator.current(), unit)
        opened.pauser().release(code, by)
    print(say(f"已恢复 {code}", f"{code} is released"))


def paused(data: Data = DEFAULT_DATA, as_json: AsJson = False) -> None:
    with desk(data) as opened:
        directory = opened.administration().administrator.current()
        with opened.hub_store.begin() as session:
            found = sorted(session.pauses().values(), key=lambda one: one.since)
    if as_json:
        show_json([_value(one) | {"name": unit_name(directory, one.unit)} for one in found])
        return
    columns = [("代码", "code"), ("名称", "name"), ("起于", "since"), ("至", "until"), ("理由", "why")]
    open_end = say("恢复时", "released")
    rows = [
        (one.unit, unit_name(directory, one.unit), local(one.since), local(one.until) or open_end, one.reason)
        for one in found
    ]
    show_table(columns, rows)
    if not rows:
        print(say("没有被暂停的单位", "no unit is paused"))


def _value(one: "Pause") -> dict[str, object]:
    return {"unit": one.unit, "since": stamp(one.since), "until": stamp(one.until), "reason": one.reason}
