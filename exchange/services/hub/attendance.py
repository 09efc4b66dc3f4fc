"""Attendance: who is on line now, and who was in working hours.

A minute counts as present when the unit was heard in it or in one of the four before: that is how long a presence
lasts. Days and hours are the county's, all of China having one time; the store keeps its own in UTC.

Not here: how a presence comes to count (`exchange.services.hub.attend`), how any of this is shown.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum

from exchange.directory.snapshot import Directory
from exchange.model.calendar import start_of
from exchange.model.unit import UnitCode
from exchange.ports.hub import HubSession
from exchange.ports.presence import HERE_WITHIN, PresenceRecord

__all__ = ["Attended", "OnLine", "Standing", "WorkingHours", "attended", "on_line", "working_days"]

_DAY, _MINUTE = timedelta(days=1), timedelta(minutes=1)
_MINUTES = 24 * 60
_LASTS = HERE_WITHIN // _MINUTE
_SATURDAY = 5

# From here on a person should look at a node that is there.
SKEWED = timedelta(minutes=1)
STUCK = timedelta(minutes=15)
DISK_SHARE = 0.1


class Standing(Enum):
    """In this order of who needs a person first."""

    SILENT = ("silent", "离线")  # was there once, and is not
    NEVER = ("never", "从未在线")  # has a key, and was never heard: not started, or of an older release
    TROUBLED = ("troubled", "在线有异常")
    HERE = ("here", "在线")

    @property
    def chinese(self) -> str:
        return str(self.value[1])

    @property
    def english(self) -> str:
        return str(self.value[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class OnLine:
    """One unit, now. `record`: what was last heard of it, if ever."""

    unit: UnitCode
    name: str
    standing: Standing
    record: PresenceRecord | None


def on_line(session: HubSession, directory: Directory, now: datetime) -> list[OnLine]:
    """Every active unit that has a key: the silent ones first, the longest silent before all."""
    heard = {record.unit: record for record in session.presences()}
    found = [
        OnLine(
            unit=entry.unit.code,
            name=entry.unit.name,
            standing=_standing(heard.get(entry.unit.code), now),
            record=heard.get(entry.unit.code),
        )
        for entry in directory.units
        if entry.unit.active and entry.keys
    ]
    order = list(Standing)
    return sorted(found, key=lambda one: (order.index(one.standing), one.record.heard if one.record else now, one.unit))


def _standing(record: PresenceRecord | None, now: datetime) -> Standing:
    if record is None:
        return Standing.NEVER
    if not record.is_here(now):
        return Standing.SILENT
    said = record.presence
    troubled = (
        abs(record.skew) > SKEWED
        or timedelta(seconds=said.outbox_age) > STUCK
        or said.disk_free < DISK_SHARE * said.disk_size
        or said.office_fault is not None
    )
    return Standing.TROUBLED if troubled else Standing.HERE


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """Of a working day: (from, to) of each half of it, in the county's time."""

    halves: tuple[tuple[time, time], ...]

    def mask(self) -> int:
        """A bit for each minute of the day."""
        bits = 0
        for start, end in self.halves:
            bits |= (1 << _minute(end)) - (1 << _minute(start))
        return bits


@dataclass(frozen=True, slots=True, kw_only=True)
class Attended:
    """One unit in a period. `days`: minutes it was there on each working day, of so many that it could have been."""

    unit: UnitCode
    name: str
    days: tuple[tuple[date, int, int], ...]

    @property
    def present(self) -> int:
        return sum(present for _, present, _ in self.days)

    @property
    def due(self) -> int:
        return sum(due for _, _, due in self.days)

    @property
    def share(self) -> float | None:
        return self.present / self.due if self.due else None

    @property
    def absent_days(self) -> int:
        return sum(due > 0 and present == 0 for _, present, due in self.days)


def working_days(first: date, last: date, without: Iterable[date] = (), also: Iterable[date] = ()) -> list[date]:
    """Monday to Friday, less holidays, and the days that are worked instead of one."""
    free, worked = set(without), set(also)
    days = (first + _DAY * n for n in range((last - first).days + 1))
    return [day for day in days if day in worked or (day.weekday() < _SATURDAY and day not in free)]


def attended(
    session: HubSession, directory: Directory, days: Sequence[date], hours: WorkingHours, now: datetime
) -> list[Attended]:
    """Every active unit that has a key, the least present first. Of today only what has passed counts."""
    minutes: dict[tuple[UnitCode, datetime], int] = {}
    if days:
        for day in session.presence_days(_utc_day(days[0]), _utc_day(days[-1]) + _DAY):
            minutes[(day.unit, day.day)] = day.minutes
    masks = [(day, _passed(day, now) & hours.mask()) for day in days]
    found = []
    for entry in directory.units:
        unit = entry.unit.code
        if entry.unit.active and entry.keys:
            told = ((day, (_present(minutes, unit, day) & mask).bit_count(), mask.bit_count()) for day, mask in masks)
            found.append(Attended(unit=unit, name=entry.unit.name, days=tuple(told)))
    return sorted(found, key=lambda one: (one.present, one.unit))


def _present(minutes: dict[tuple[UnitCode, datetime], int], unit: UnitCode, day: date) -> int:
    """A bit for each minute of a day of the county's, which lies in two of the store's."""
    start = _utc_day(day)
    heard = minutes.get((unit, start), 0) | minutes.get((unit, start + _DAY), 0) << _MINUTES
    lasting = 0
    for later in range(_LASTS):
        lasting |= heard << later
    return lasting >> ((start_of(day) - start) // _MINUTE)


def _passed(day: date, now: datetime) -> int:
    passed = min(max((now - start_of(day)) // _MINUTE, 0), _MINUTES)
    return (1 << passed) - 1


def _utc_day(day: date) -> datetime:
    """The store's day in which a day of the county's begins."""
    return start_of(day).astimezone(UTC).replace(hour=0, minute=0)


def _minute(at: time) -> int:
    return at.hour * 60 + at.minute
