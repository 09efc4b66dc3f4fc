"""`yidi hub report`: a day or a month in figures, unit by unit, on the screen or as a spreadsheet.

Not here: what is counted (`exchange.services.hub.report`).
"""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.failure import fail
from exchange.cli.language import both, say
from exchange.cli.opened import DEFAULT_DATA, AsJson, Data, desk
from exchange.cli.output import show_json, show_table
from exchange.cli.period import HOURS, AlsoWorked, Holidays, Hours, day_of, period, working_hours
from exchange.cli.spreadsheet import check_spreadsheet, save_spreadsheet
from exchange.model.calendar import COUNTY_TIME

if TYPE_CHECKING:
    from exchange.ports.figures import Figures
    from exchange.services.hub.report import Report

__all__ = ["add_report_command"]

_COLUMNS = [
    ("代码", "code"), ("单位", "unit"), ("发文", "sent"), ("应收", "addressed"), ("送达", "received"),
    ("签收", "signed"), ("签收率", "signed share"), ("退文", "returned"), ("拒收", "rejected"), ("逾期", "overdue"),
    ("签收用时中位数（小时）", "median hours to sign"), ("95% 签收用时（小时）", "95% hours to sign"),
    ("在线率", "on line"), ("发送字节", "bytes sent"),
]  # fmt: skip


def add_report_command(application: typer.Typer) -> None:
    application.command(
        help=both(
            "日报、月报：各单位发文、送达、签收、退文、逾期、签收用时、在线率、流量，可存为表格",
            "a day or a month, unit by unit: sent, received, signed, returned, overdue, time to sign, presence, bytes",
        ),
        epilog="yidi hub report --day 2026-11-26\n\nyidi hub report --month 2026-11 --out 月报.xlsx",
    )(report)


def report(  # one for each option
    data: Data = DEFAULT_DATA,
    day: Annotated[str | None, typer.Option(metavar="DATE", help=both("哪一天，默认今天", "which day; today"))] = None,
    month: Annotated[str | None, typer.Option(metavar="YYYY-MM", help=both("哪个月", "which month"))] = None,
    hours: Hours = HOURS,
    without: Holidays = None,
    also: AlsoWorked = None,
    out: Annotated[Path | None, typer.Option(dir_okay=False, help=both("存为 .xlsx 或 .csv", "save"))] = None,
    as_json: AsJson = False,
) -> None:
    from exchange.services.hub.attendance import working_days
    from exchange.services.hub.report import report as report_of
    from exchange.wiring.system import SystemClock

    now = SystemClock().now()
    if day is not None and month is not None:
        raise fail("PERIOD", "--day 与 --month 只能用其一", "either --day or --month")
    check_spreadsheet(out)
    today = now.astimezone(COUNTY_TIME).date()
    first, last = period(month, None if month else day or today.isoformat(), None if month else day, today)
    days, worked = working_days(first, last, map(day_of, without or ()), map(day_of, also or ())), working_hours(hours)
    with desk(data) as opened:
        directory = opened.administration().administrator.current()
        with opened.hub_store.begin() as session:
            found = report_of(session, directory, first, last, days, worked, now)
    if out is not None:
        save_spreadsheet(out, [say(*title) for title in _COLUMNS], _rows(found))
    if as_json:
        show_json(_value(found))
        return
    show_table(_COLUMNS, _rows(found), title=str(first) if first == last else f"{first} — {last}")


def _rows(found: "Report") -> list[tuple[object, ...]]:
    lines = [(one.unit, one.name, *_cells(one.figures, one.presence)) for one in found.units]
    return [*lines, ("", say("合计", "all"), *_cells(found.all, None))]


def _cells(one: "Figures", presence: float | None) -> tuple[object, ...]:
    return (
        one.sent, one.addressed, one.received, one.signed, _share(one), one.returned, one.rejected, one.overdue,
        _hours(one.median), _hours(one.most), None if presence is None else round(presence, 4), one.bytes,
    )  # fmt: skip


def _share(one: "Figures") -> float | None:
    return round(one.signed / one.received, 4) if one.received else None


def _hours(took: timedelta | None) -> float | None:
    return None if took is None else round(took / timedelta(hours=1), 2)


def _value(found: "Report") -> dict[str, object]:
    return {
        "from": found.first.isoformat(),
        "to": found.last.isoformat(),
        "units": [
            {"unit": one.unit, "name": one.name, **_figures(one.figures), "presence": one.presence}
            for one in found.units
        ],
        "all": _figures(found.all),
    }


def _figures(one: "Figures") -> dict[str, object]:
    return {
        "sent": one.sent,
        "addressed": one.addressed,
        "received": one.received,
        "signed": one.signed,
        "signed_share": _share(one),
        "returned": one.returned,
        "rejected": one.rejected,
        "overdue": one.overdue,
        "median_hours_to_sign": _hours(one.median),
        "p95_hours_to_sign": _hours(one.most),
        "bytes_sent": one.bytes,
    }
