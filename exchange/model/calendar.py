"""The calendar that offices keep: one time all over China, eight hours before UTC, without summer time since 1991.

Not here: times on the wire and in the stores, which are UTC's.
"""

from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Final

__all__ = ["COUNTY_TIME", "MOST_HOURS", "begin_of_day", "next_day", "start_of"]

COUNTY_TIME: Final = timezone(timedelta(hours=8), "Asia/Shanghai")
MOST_HOURS: Final = 24 * 366  # of a deadline that a sender sets


def start_of(day: date) -> datetime:
    """The day's first moment, for offices."""
    return datetime.combine(day, time(), COUNTY_TIME)


def begin_of_day(now: datetime) -> datetime:
    """When the county's day began that `now` is in. UTC."""
    return start_of(now.astimezone(COUNTY_TIME).date()).astimezone(UTC)


def next_day(now: datetime) -> datetime:
    """When the next one begins. UTC."""
    return begin_of_day(now) + timedelta(days=1)
