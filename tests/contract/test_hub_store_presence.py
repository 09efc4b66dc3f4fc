"""The contract of the hub's store: which units are there, and were.

On SQLite here, on PostgreSQL in `tests.integration.test_hub_store_postgresql`.
"""

import threading
from dataclasses import replace
from datetime import timedelta

from exchange.model.presence import Presence
from exchange.ports.hub import HubStore
from exchange.ports.presence import DayOfPresence, PresenceRecord
from tests.contract.store_records import HOUR, NOW, A, B, C, Open

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
MIDNIGHT = NOW.replace(hour=0, minute=0, second=0, microsecond=0)
PRESENCE = Presence(
    version="0.1.0", started=1, directory=2, disk_free=3, disk_size=10**15 - 1, office="folder", office_fault="BUG"
)
FIRST = PresenceRecord(unit=A, said=NOW, heard=NOW + SECOND, since=NOW - HOUR, presence=PRESENCE)


def test_the_last_that_was_heard_takes_the_place_of_the_one_before(store: HubStore) -> None:
    later = replace(FIRST, said=NOW + HOUR, heard=NOW + HOUR, presence=replace(PRESENCE, office_fault=None, outbox=5))
    other = replace(FIRST, unit=B)
    with store.begin() as session:
        session.save_presences([other, FIRST])
        assert session.presences() == [FIRST, other]
        session.save_presences([later])
    with store.begin() as session:
        assert session.presences() == [later, other]
        assert session.lock_presences([A, C]) == {A: later}
        session.save_presences([])
        assert session.lock_presences([]) == {}


def test_what_was_said_earlier_or_at_the_same_time_replaces_nothing(store: HubStore) -> None:
    with store.begin() as session:
        session.save_presences([FIRST])
        session.save_presences([replace(FIRST, heard=NOW + HOUR)])
        session.save_presences([replace(FIRST, said=NOW - SECOND, heard=NOW + HOUR)])
        assert session.presences() == [FIRST]


def test_who_asks_for_a_unit_waits_for_who_changes_it(open_again: Open) -> None:
    one, other = open_again(), open_again()
    with one.begin() as session:
        session.save_presences([FIRST])
    seen: list[PresenceRecord] = []

    def look() -> None:
        with other.begin() as session:
            seen.extend(session.lock_presences([A]).values())

    later = replace(FIRST, said=NOW + HOUR)
    thread = threading.Thread(target=look)
    with one.begin() as session:
        session.lock_presences([A])
        thread.start()
        thread.join(timeout=0.2)
        assert thread.is_alive()
        session.save_presences([later])
    thread.join(timeout=50)
    assert seen == [later]


def test_minutes_add_up_by_unit_and_day(store: HubStore) -> None:
    with store.begin() as session:
        session.add_minute([B, A], MIDNIGHT)
        session.add_minute([A], MIDNIGHT + timedelta(hours=23, minutes=59, seconds=59))
        session.add_minute([A], MIDNIGHT + timedelta(hours=8, minutes=30))
        session.add_minute([A], MIDNIGHT + timedelta(hours=8, minutes=30, seconds=40))
        session.add_minute([A], MIDNIGHT + timedelta(hours=8, minutes=31))
        session.add_minute([B], MIDNIGHT + 2 * DAY)
        session.add_minute([], MIDNIGHT)
    of_a = 1 | 1 << 1439 | 1 << 510 | 1 << 511
    first = [DayOfPresence(A, MIDNIGHT, of_a), DayOfPresence(B, MIDNIGHT, 1)]
    with store.begin() as session:
        assert session.presence_days(MIDNIGHT, MIDNIGHT + DAY) == first
        assert session.presence_days(MIDNIGHT, MIDNIGHT + 2 * DAY) == [*first, DayOfPresence(B, MIDNIGHT + 2 * DAY, 1)]
        assert session.presence_days(MIDNIGHT + DAY, MIDNIGHT + DAY) == []


def test_two_clocks_set_bits_of_one_day_and_neither_undoes_the_others(open_again: Open) -> None:
    stores = [open_again(), open_again()]

    def add(store: HubStore, hour: int) -> None:
        for minute in range(20):
            with store.begin() as session:
                session.add_minute([A, B], MIDNIGHT + timedelta(hours=hour, minutes=minute))

    threads = [threading.Thread(target=add, args=pair) for pair in zip(stores, (3, 4), strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=50)
    with stores[0].begin() as session:
        assert [day.minutes.bit_count() for day in session.presence_days(MIDNIGHT, MIDNIGHT)] == [40, 40]
