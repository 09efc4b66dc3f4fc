"""`yidi hub online` and `yidi hub presence`: which units' nodes are there now, and which were in working hours.

Not here: what counts as being there (`exchange.services.hub.attend`, `exchange.services.hub.attendance`).
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.language import both, say
from exchange.cli.opened import DEFAULT_DATA, AsJson, Data, desk
from exchange.cli.output import brief, show_json, show_table, stamp
from exchange.cli.period import HOURS, AlsoWorked, Holidays, Hours, day_of, period, working_hours
from exchange.cli.spreadsheet import check_spreadsheet, save_spreadsheet
from exchange.model.calendar import COUNTY_TIME

if TYPE_CHECKING:
    from exchange.ports.presence import PresenceRecord
    from exchange.services.hub.attendance import Attended, OnLine

__all__ = ["add_presence_commands"]

_GIB = 1 << 30


def add_presence_commands(application: typer.Typer) -> None:
    application.command(
        "online",
        help=both(
            "各单位节点此刻是否在线，离线最久的在前；版本、时钟、磁盘、积压、办公系统",
            "which units' nodes are on line, the longest silent first; release, clock, disk, backlog, office",
        ),
        epilog="yidi hub online --silent",
    )(online)
    application.command(
        "presence",
        help=both(
            "各单位工作时间在线情况，按日按月，可存为表格",
            "how much of the working hours units were on line, by day and month; also as a spreadsheet",
        ),
        epilog="yidi hub presence --month 2026-11 --out 在线情况.xlsx",
    )(presence)


def online(
    data: Data = DEFAULT_DATA,
    silent: Annotated[
        bool, typer.Option("--silent", help=both("只列不在线的", "only those that are not there"))
    ] = False,
    as_json: AsJson = False,
) -> None:
    from exchange.services.hub.attendance import Standing, on_line
    from exchange.wiring.system import SystemClock

    now = SystemClock().now()
    with desk(data) as opened:
        directory = opened.administration().administrator.current()
        with opened.hub_store.begin() as session:
            found = on_line(session, directory, now)
    here = sum(one.standing in (Standing.HERE, Standing.TROUBLED) for one in found)
    shown = [one for one in found if one.standing in (Standing.SILENT, Standing.NEVER)] if silent else found
    if as_json:
        show_json({"here": here, "silent": len(found) - here, "units": [_value(one) for one in shown]})
        return
    columns = [
        ("代码", "code"), ("名称", "name"), ("状态", "state"), ("起于", "since"), ("最后", "last"), ("版本", "release"),
        ("时钟偏差", "clock"), ("磁盘余量", "disk free"), ("待中心答复", "outbox"), ("待入办公系统", "for the office"),
        ("办公系统", "office"),
    ]  # fmt: skip
    show_table(columns, map(_row, shown))
    print(say(f"在线 {here}，不在线 {len(found) - here}", f"{here} on line, {len(found) - here} not"))


def _row(one: "OnLine") -> tuple[object, ...]:
    state = say(one.standing.chinese, one.standing.english)
    if (record := one.record) is None:
        return (one.unit, one.name, state, *[""] * 8)
    said = record.presence
    waits = f"{said.outbox} ({_span(said.outbox_age)})" if said.outbox else "0"
    disk = f"{said.disk_free / _GIB:.1f} GiB ({_percent(said.disk_free, said.disk_size)})"
    return (
        one.unit,
        one.name,
        state,
        brief(record.since),
        brief(record.heard),
        said.version,
        f"{round(record.skew.total_seconds()):+d} s",
        disk,
        waits,
        said.inbox,
        f"{said.office} {said.office_fault}" if said.office_fault else said.office,
    )


def _value(one: "OnLine") -> dict[str, object]:
    value: dict[str, object] = {"unit": one.unit, "name": one.name, "state": one.standing.english}
    return value | ({} if one.record is None else _told(one.record))


def _told(record: "PresenceRecord") -> dict[str, object]:
    said = record.presence
    return {
        "since": stamp(record.since),
        "heard": stamp(record.heard),
        "version": said.version,
        "started": stamp(datetime.fromtimestamp(said.started, COUNTY_TIME)),
        "directory": said.directory,
        "clock_ahead_seconds": round(record.skew.total_seconds(), 1),
        "disk_free_bytes": said.disk_free,
        "disk_size_bytes": said.disk_size,
        "outbox": said.outbox,
        "outbox_age_seconds": said.outbox_age,
        "inbox": said.inbox,
        "untold": said.untold,
        "office": said.office,
        "office_fault": said.office_fault,
    }


def presence(  # noqa: PLR0917  # one for each option
    data: Data = DEFAULT_DATA,
    month: Annotated[
        str | None, typer.Option(metavar="YYYY-MM", help=both("哪个月，默认本月", "which month; this one"))
    ] = None,
    first: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help=both("起始日，代替 --month", "first day, instead"))
    ] = None,
    last: Annotated[str | None, typer.Option("--to", metavar="DATE", help=both("截止日", "last day"))] = None,
    hours: Hours = HOURS,
    without: Holidays = None,
    also: AlsoWorked = None,
    out: Annotated[
        Path | None, typer.Option(dir_okay=False, help=both("存为 .xlsx 或 .csv，每日一列", "save, a column a day"))
    ] = None,
    as_json: AsJson = False,
) -> None:
    from exchange.services.hub.attendance import attended, working_days
    from exchange.wiring.system import SystemClock

    now = SystemClock().now()
    start, end = period(month, first, last, now.astimezone(COUNTY_TIME).date())
    days = working_days(start, end, map(day_of, without or ()), map(day_of, also or ()))
    worked = working_hours(hours)
    check_spreadsheet(out)
    with desk(data) as opened:
        directory = opened.administration().administrator.current()
        with opened.hub_store.begin() as session:
            found = attended(session, directory, days, worked, now)
    if out is not None:
        _save(out, days, found)
    if as_json:
        show_json(
            {
                "from": start.isoformat(),
                "to": end.isoformat(),
                "working_days": len(days),
                "units": [_attended_value(one) for one in found],
            }
        )
        return
    rows = [(*_summary(one)[:2], _percent(one.present, one.due), *_summary(one)[3:]) for one in found]
    show_table(_SUMMARY, rows, title=f"{start} — {end}")


_SUMMARY = [
    ("代码", "code"),
    ("名称", "name"),
    ("在线率", "share"),
    ("在线小时", "hours on line"),
    ("应在线小时", "working hours"),
    ("全天离线天数", "days never on line"),
]


def _summary(one: "Attended") -> tuple[object, ...]:
    share = None if one.share is None else round(one.share, 4)
    return (one.unit, one.name, share, round(one.present / 60, 1), round(one.due / 60, 1), one.absent_days)


def _attended_value(one: "Attended") -> dict[str, object]:
    return {
        "unit": one.unit,
        "name": one.name,
        "share": one.share,
        "minutes": one.present,
        "working_minutes": one.due,
        "days_never_on_line": one.absent_days,
        "days": [
            {"day": day.isoformat(), "minutes": present, "working_minutes": due} for day, present, due in one.days
        ],
    }


def _save(out: Path, days: Sequence[date], found: Iterable["Attended"]) -> None:
    header = [say(*title) for title in _SUMMARY] + [day.isoformat() for day in days]
    rows = [
        (*_summary(one), *(round(present / due, 4) if due else None for _, present, due in one.days)) for one in found
    ]
    save_spreadsheet(out, header, rows)


def _percent(part: float, whole: float) -> str:
    return f"{part / whole:.1%}" if whole else "-"


def _span(seconds: int) -> str:
    minutes = seconds // 60
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"
