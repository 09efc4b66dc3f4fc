"""Days, months and working hours as a person types them: in the county's time."""

import re
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.failure import fail
from exchange.cli.language import both
from exchange.model.calendar import COUNTY_TIME

if TYPE_CHECKING:
    from exchange.services.hub.attendance import WorkingHours

__all__ = ["HOURS", "AlsoWorked", "Holidays", "Hours", "day_of", "period", "time_to_come", "working_hours"]

HOURS = "08:30-12:00,14:30-17:30"
Hours = Annotated[str, typer.Option(help=both("工作时间，北京时间", "working hours, China's time"))]
Holidays = Annotated[
    list[str] | None, typer.Option("--except", metavar="DATE", help=both("放假的日子，可多次", "a holiday; repeatable"))
]
AlsoWorked = Annotated[
    list[str] | None, typer.Option(metavar="DATE", help=both("调休上班的周末，可多次", "a weekend that is worked"))
]
_HALF = re.compile(r"([0-2]?\d):([0-5]\d)-([0-2]?\d):([0-5]\d)", re.ASCII)
_LONGEST = timedelta(days=366)
# Beyond them a day more, or another time zone, leaves the calendar.
_FIRST, _LAST = date(2000, 1, 1), date(2099, 12, 31)


def period(month: str | None, first: str | None, last: str | None, today: date) -> tuple[date, date]:
    """From the first to the last day. What is still to come is left out."""
    if month is not None and (first or last):
        raise fail("PERIOD", "--month 与 --from、--to 只能用其一", "either --month, or --from and --to")
    if first or last:
        start, end = day_of(first) if first else today, day_of(last) if last else today
    else:
        start = day_of(f"{month}-01") if month else today.replace(day=1)
        end = (start + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    end = min(end, today)
    if not start <= end < start + _LONGEST:
        raise fail(
            "PERIOD",
            f"{start} 至 {end}：起始日须不晚于截止日和今天，至多 366 天",
            f"{start} to {end}: the first day must not be after the last or today; 366 days at most",
        )
    return start, end


def day_of(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise fail("PERIOD", f"“{text}”不是日期，例如 2026-11-26", f"{text!r} is no date such as 2026-11-26") from None
    if not _FIRST <= day <= _LAST:
        raise fail("PERIOD", f"{text} 不在 {_FIRST} 至 {_LAST} 之间", f"{text} is not within {_FIRST} to {_LAST}")
    return day


def working_hours(text: str) -> "WorkingHours":
    from exchange.services.hub.attendance import WorkingHours

    halves = []
    for half in text.split(","):
        if (found := _HALF.fullmatch(half.strip())) is None:
            raise _bad_hours(half)
        hours = list(map(int, found.groups()))
        try:
            start, end = time(hours[0], hours[1]), time(hours[2], hours[3])
        except ValueError:
            raise _bad_hours(half) from None
        if start >= end:
            raise _bad_hours(half)
        halves.append((start, end))
    return WorkingHours(tuple(halves))


def _bad_hours(half: str) -> Exception:
    return fail("PERIOD", f"“{half}”不是工作时间，例如 {HOURS}", f"{half!r} are no working hours, such as {HOURS}")


def time_to_come(text: str, now: datetime) -> datetime:
    """Without an offset it is the county's."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        example = "2026-11-26 20:00"
        raise fail("VALUE", f"“{text}”不是时间，例如 {example}", f"{text!r} is no time such as {example}") from None
    at = at if at.tzinfo else at.replace(tzinfo=COUNTY_TIME)
    if at <= now:
        raise fail("VALUE", f"{text} 已经过去", f"{text} is over")
    if at.date() > _LAST:
        raise fail("VALUE", f"{text} 晚于 {_LAST}", f"{text} is after {_LAST}")
    return at
