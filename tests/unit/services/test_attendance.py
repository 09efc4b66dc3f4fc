"""Who is on line, worst first, and who was there in working hours of the county."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, time, timedelta

import pytest

from exchange.directory.update import change_unit
from exchange.model.calendar import COUNTY_TIME
from exchange.model.presence import Presence
from exchange.model.unit import UnitCode
from exchange.ports.hub import HubStore
from exchange.ports.presence import PresenceRecord
from exchange.services.hub.attendance import Attended, Standing, WorkingHours, attended, on_line, working_days
from exchange.testing.stores import memory_hub_store
from tests.unit.services.hub_and_node import COUNTY, A, B, C, D, E

NOW = datetime(2026, 11, 26, 20, 0, tzinfo=COUNTY_TIME)
TODAY = NOW.date()
MINUTE = timedelta(minutes=1)
WELL = Presence(version="0.1.0", started=1, directory=1, disk_free=50, disk_size=100)
MORNING = WorkingHours(((time(8, 30), time(9, 30)),))


@pytest.fixture
def store() -> HubStore:
    return memory_hub_store()


def heard(unit: UnitCode, ago: timedelta = MINUTE, ahead: timedelta = timedelta(), **changes: object) -> PresenceRecord:
    at = NOW - ago
    presence = replace(WELL, **changes)  # type: ignore[arg-type]
    return PresenceRecord(unit=unit, said=at + ahead, heard=at, since=at, presence=presence)


def listed(store: HubStore, *records: PresenceRecord) -> list[tuple[UnitCode, Standing]]:
    with store.begin() as session:
        session.save_presences(records)
        return [(one.unit, one.standing) for one in on_line(session, COUNTY.directory, NOW)]


def test_the_longest_silent_stands_first_and_the_well_last(store: HubStore) -> None:
    records = [heard(B, ago=6 * MINUTE), heard(C, ago=600 * MINUTE), heard(D, office_fault="ADAPTER_DOWN"), heard(E)]
    assert listed(store, *records) == [
        (C, Standing.SILENT),
        (B, Standing.SILENT),
        (A, Standing.NEVER),
        (D, Standing.TROUBLED),
        (E, Standing.HERE),
    ]


@pytest.mark.parametrize(
    ("record", "standing"),
    [
        (heard(A, ago=5 * MINUTE), Standing.HERE),
        (heard(A, ago=5 * MINUTE + timedelta(seconds=1)), Standing.SILENT),
        (heard(A, ahead=timedelta(seconds=60)), Standing.HERE),
        (heard(A, ahead=timedelta(seconds=61)), Standing.TROUBLED),
        (heard(A, ahead=timedelta(seconds=-61)), Standing.TROUBLED),
        (heard(A, outbox=1, outbox_age=900), Standing.HERE),
        (heard(A, outbox=1, outbox_age=901), Standing.TROUBLED),
        (heard(A, disk_free=10), Standing.HERE),
        (heard(A, disk_free=9), Standing.TROUBLED),
        (heard(A, office="folder", office_fault="IO"), Standing.TROUBLED),
    ],
)
def test_what_is_trouble_with_a_node_that_is_there(store: HubStore, record: PresenceRecord, standing: Standing) -> None:
    assert dict(listed(store, record))[A] is standing


def test_who_left_or_has_no_key_is_not_waited_for(store: HubStore) -> None:
    left = change_unit(COUNTY.directory, B, active=False)
    units = tuple(replace(entry, keys=()) if entry.unit.code == C else entry for entry in left.units)
    with store.begin() as session:
        assert {one.unit for one in on_line(session, replace(left, units=units), NOW)} == {A, D, E}


def present(store: HubStore, minutes: Iterable[datetime], days: list[date], hours: WorkingHours = MORNING) -> Attended:
    with store.begin() as session:
        for minute in minutes:
            session.add_minute([A], minute)
        return next(one for one in attended(session, COUNTY.directory, days, hours, NOW) if one.unit == A)


def at(hour: int, minute: int, day: date = TODAY) -> datetime:
    return datetime.combine(day, time(hour, minute), COUNTY_TIME)


def test_a_unit_heard_in_every_minute_was_there_all_the_time(store: HubStore) -> None:
    one = present(store, (at(8, 0) + n * MINUTE for n in range(180)), [TODAY])
    assert (one.present, one.due, one.share, one.absent_days) == (60, 60, 1.0, 0)


@pytest.mark.parametrize(
    ("minutes", "count"),
    [
        ([(8, 30)], 5),
        ([(8, 28)], 3),
        ([(8, 25)], 0),
        ([(9, 28)], 2),
        ([(9, 30)], 0),
        ([(8, 40), (8, 42)], 7),
        ([(8, 40), (8, 50)], 10),
        ([(0, 0), (23, 59)], 0),
    ],
)
def test_each_time_it_was_heard_lasts_five_minutes(store: HubStore, minutes: list[tuple[int, int]], count: int) -> None:
    assert present(store, [at(*minute) for minute in minutes], [TODAY]).present == count


def test_the_countys_day_lies_in_two_of_the_stores(store: HubStore) -> None:
    """Eight hours apart: 07:59 in the county is the day before at Greenwich."""
    early = WorkingHours(((time(7, 50), time(8, 10)),))
    assert present(store, (at(7, 40) + n * MINUTE for n in range(60)), [TODAY], early).present == 20
    night = WorkingHours(((time(0, 0), time(0, 10)), (time(23, 50), time(23, 59))))
    yesterday = TODAY - timedelta(days=1)
    midnight = present(store, (at(23, 45, yesterday) + n * MINUTE for n in range(30)), [yesterday, TODAY], night)
    assert [minutes for _, minutes, _ in midnight.days] == [9, 10]


def test_a_day_without_it_counts_as_absent_and_the_future_does_not(store: HubStore) -> None:
    days = [TODAY - timedelta(days=1), TODAY, TODAY + timedelta(days=1)]
    one = present(store, [at(8, 30)], days)
    assert one.days == ((days[0], 0, 60), (days[1], 5, 60), (days[2], 0, 0))
    assert one.absent_days == 1


def test_of_today_only_what_has_passed_counts(store: HubStore) -> None:
    evening = WorkingHours(((time(19, 0), time(21, 0)),))
    assert present(store, [], [TODAY], evening).due == 60


def test_the_least_present_stands_first(store: HubStore) -> None:
    with store.begin() as session:
        session.add_minute([A, B, C, D], at(8, 30))
        session.add_minute([B], at(8, 50))
        found = attended(session, COUNTY.directory, [TODAY], MORNING, NOW)
    assert [one.unit for one in found] == [E, A, C, D, B]


def test_working_days_are_monday_to_friday_but_for_holidays_and_those_worked_instead() -> None:
    first, last = date(2026, 9, 28), date(2026, 10, 11)
    holidays = [date(2026, 10, day) for day in range(1, 8)]
    days = working_days(first, last, holidays, [date(2026, 10, 10)])
    assert [day.isoformat()[5:] for day in days] == ["09-28", "09-29", "09-30", "10-08", "10-09", "10-10"]
