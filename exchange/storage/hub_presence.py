"""Which units are there: what was last heard of each, and in which minutes of which days.

A minute is a bit in the column of its hour, so that two clocks may set bits of one row and neither undoes the other's.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from sqlalchemy import select

from exchange.model.presence import Presence
from exchange.model.unit import UnitCode
from exchange.ports.presence import DayOfPresence, PresenceRecord
from exchange.storage import tables_hub as tables
from exchange.storage.rows import Row, Values, from_time, to_time
from exchange.storage.session import Session
from exchange.storage.tables_hub import HOURS
from exchange.storage.transaction import columns

__all__ = ["Attendance"]

_PRESENCE = ("unit", "said", "heard", "since", "report")
_LAST = select(*columns(tables.presences, _PRESENCE)).order_by(tables.presences.c.unit)
_LOCKED = _LAST.with_for_update()
_DAYS = select(*columns(tables.presence_days, ("unit", "day", *HOURS)))


class Attendance(Session):
    def lock_presences(self, units: Iterable[UnitCode]) -> dict[UnitCode, PresenceRecord]:
        wanted = ((unit,) for unit in sorted(units))
        records = map(_record, self._sql.rows_of(_LOCKED, [tables.presences.c.unit], wanted))
        return {record.unit: record for record in records}

    def save_presences(self, records: Sequence[PresenceRecord]) -> None:
        self._sql.put(tables.presences, _PRESENCE, map(_values, records), newer="said")

    def presences(self) -> list[PresenceRecord]:
        return [_record(row) for row in self._sql.rows(_LAST)]

    def add_minute(self, units: Iterable[UnitCode], at: datetime) -> None:
        at = at.astimezone(UTC)
        day, bit = to_time(at.replace(hour=0, minute=0, second=0, microsecond=0)), 1 << at.minute
        self._sql.add_bits(
            tables.presence_days, ("day", "unit"), (HOURS[at.hour],), ((day, unit, bit) for unit in units)
        )

    def presence_days(self, first: datetime, last: datetime) -> list[DayOfPresence]:
        days = tables.presence_days.c
        these = _DAYS.where(days.day >= to_time(first), days.day <= to_time(last))
        return [_day(row) for row in self._sql.rows(these.order_by(days.day, days.unit))]


def _values(record: PresenceRecord) -> Values:
    report = json.dumps(dict(record.presence.attributes()))
    return (record.unit, to_time(record.said), to_time(record.heard), to_time(record.since), report)


def _record(row: Row) -> PresenceRecord:
    unit, said, heard, since, report = row
    return PresenceRecord(
        unit=UnitCode(unit),
        said=from_time(said),
        heard=from_time(heard),
        since=from_time(since),
        presence=Presence.read(json.loads(report).items()),
    )


def _day(row: Row) -> DayOfPresence:
    unit, day, *hours = row
    return DayOfPresence(UnitCode(unit), from_time(day), sum(bits << (60 * hour) for hour, bits in enumerate(hours)))
