"""Months on a real PostgreSQL: made ahead, found by key alone, and a wrong clock stops nobody."""

import contextlib
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from exchange.errors import ConflictError, StorageError
from exchange.model.envelope import EnvelopeKey
from exchange.ports.hub import HubStore
from exchange.ports.records import DocumentRecord
from exchange.storage import open_hub_store
from exchange.storage.engine import open_engine
from exchange.trial.servers import PostgresServer
from tests.contract.store_records import NOW, document, envelope, receipt, receipt_id
from tests.integration.databases import new_database

_LATER = datetime(2026, 12, 31, 23, 59, tzinfo=UTC)


def rows_by_month(url: str) -> dict[str, int]:
    engine = open_engine(url)
    try:
        with engine.connect() as connection:
            rows = connection.execute(text("SELECT tableoid::regclass::text, count(*) FROM originals GROUP BY 1"))
            return {str(name): int(number) for name, number in rows}
    finally:
        engine.dispose()


def open_months(store: HubStore, now: datetime) -> int:
    """As the clock's loop: tried again when somebody wrote into a month at the moment when it was made."""
    while True:
        try:
            with store.begin() as session:
                return session.open_months(now)
        except StorageError as error:
            if error.code != "STORAGE_BUSY":
                raise


def test_bytes_lie_in_the_month_of_their_row_and_are_found_without_a_date(postgres: PostgresServer) -> None:
    with new_database(postgres) as url:
        store = open_hub_store(url)
        assert open_months(store, _LATER) == 3
        assert open_months(store, _LATER) == 0
        first = document(envelope(1), received=_LATER)
        second = document(envelope(2), received=_LATER + timedelta(minutes=2))
        told = receipt(1, envelope(1), recorded=_LATER + timedelta(days=50))
        with store.begin() as session:
            session.add_documents([first, second])
            session.add_receipts([told])
        with store.begin() as session:
            assert session.documents([first.key, second.key]) == {first.key: first, second.key: second}
            assert session.receipts([receipt_id(1)]) == {told.id: told}
        assert rows_by_month(url) == {"originals_2026_12": 1, "originals_2027_01": 1, "originals_2027_02": 1}
        store.close()


def test_what_came_before_its_month_was_made_is_moved_there(postgres: PostgresServer) -> None:
    with new_database(postgres) as url:
        store = open_hub_store(url)
        early, far = document(envelope(1)), document(envelope(2), received=NOW + timedelta(days=4000))
        with store.begin() as session:
            session.add_documents([early, far])
        assert rows_by_month(url) == {"originals_default": 2}
        open_months(store, NOW)
        assert rows_by_month(url) == {"originals_2026_03": 1, "originals_default": 1}
        with store.begin() as session:
            assert session.documents([early.key, far.key]) == {early.key: early, far.key: far}
        store.close()


def test_who_reads_while_a_month_is_made_finds_what_is_moved_there(postgres: PostgresServer) -> None:
    """A reader who looked up the months before, and waited for the default one alone, would find nothing in either."""
    with new_database(postgres) as url, ThreadPoolExecutor(1) as threads:
        clock, router = open_hub_store(url), open_hub_store(url)
        early = document(envelope(1))
        with clock.begin() as session:
            session.add_documents([early])
        with clock.begin() as session:
            session.open_months(NOW)
            reading = threads.submit(read, router, early)
            wait_until(lambda: waiting_for_locks(url) == 1)
        assert reading.result(50) == {early.key: early}
        assert rows_by_month(url) == {"originals_2026_03": 1}
        for store in (clock, router):
            store.close()


def test_several_clocks_make_months_at_once_while_routers_write(postgres: PostgresServer) -> None:
    with new_database(postgres) as url, ThreadPoolExecutor(4) as threads:
        stores = [open_hub_store(url) for _ in range(4)]
        routers = [threads.submit(write, stores[n], range(n * 100, n * 100 + 40)) for n in range(2)]
        clocks = [threads.submit(open_months, stores[n], NOW) for n in (2, 3)]
        assert sorted(future.result(50) for future in clocks) == [0, 3]
        assert [future.result(50) for future in routers] == [40, 40]
        months = rows_by_month(url)
        assert sum(months.values()) == 80
        assert "originals_default" not in months
        for store in stores:
            store.close()


def read(store: HubStore, record: DocumentRecord) -> Mapping[EnvelopeKey, DocumentRecord]:
    with store.begin() as session:
        return session.documents([record.key])


def waiting_for_locks(url: str) -> int:
    engine = open_engine(url)
    try:
        with engine.connect() as connection:
            asked = (
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            return int(connection.execute(text(asked)).scalar_one())
    finally:
        engine.dispose()


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def write(store: HubStore, numbers: range) -> int:
    for number in numbers:
        one = document(envelope(number), received=NOW + timedelta(days=number % 60), content=b"%d" % number)
        with contextlib.suppress(ConflictError):  # its month is made at this moment: as a worker, look again
            add(store, one)
            continue
        add(store, one)
    return len(numbers)


def add(store: HubStore, record: DocumentRecord) -> None:
    with store.begin() as session:
        session.add_documents([record])
