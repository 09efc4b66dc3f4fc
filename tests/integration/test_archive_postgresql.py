"""Archiving on a real PostgreSQL: a month goes as a whole, and nobody who reads or writes meanwhile loses anything."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from exchange.errors import StorageError
from exchange.storage import SqlHubStore, open_hub_store
from exchange.storage.engine import open_engine
from exchange.trial.servers import PostgresServer
from tests.contract.store_records import NOW, document, envelope
from tests.integration.databases import new_database
from tests.integration.test_originals_postgresql import add, open_months, rows_by_month
from tests.unit.services.archived_hub import archive, grow_old, judged, settled_document
from tests.unit.services.hub_and_node import World, directory_record

MARCH, APRIL = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)


@pytest.fixture
def store(postgres: PostgresServer) -> Iterator[SqlHubStore]:
    with new_database(postgres) as url:
        opened = open_hub_store(url)
        yield opened
        opened.close()


def url_of(store: SqlHubStore) -> str:
    return store._engine.url.render_as_string(hide_password=False)  # noqa: SLF001  # to look at it from beside


def months(store: SqlHubStore) -> set[str]:
    engine = open_engine(url_of(store))
    with engine.connect() as connection:
        found = connection.execute(
            text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'originals'::regclass")
        )
        names = {str(name) for (name,) in found}
    engine.dispose()
    return names


def a_world(store: SqlHubStore) -> World:
    world = World()
    world.hub.store.inner = store
    with store.begin() as session:
        session.add_directory(directory_record())
        session.open_months(world.clock.now())
    return world


def test_a_month_goes_as_a_whole_and_what_was_said_of_it_stays(store: SqlHubStore, tmp_path: Path) -> None:
    world = a_world(store)
    keys = [settled_document(world) for _ in range(3)]
    grow_old(world)
    assert "originals_2026_03" in months(store)
    (record,), postponed = archive(world, tmp_path)

    assert (postponed, record.removed is not None) == ([], True)
    assert "originals_2026_03" not in months(store)
    assert rows_by_month(url_of(store)) == {}
    assert judged(world, tmp_path).lines() == judged(world).lines() == []
    with store.begin() as session:
        accepted = session.accepted_receipts(keys)
        document = session.documents(keys[:1])[keys[0]]
    assert all(accepted[key].document for key in keys)
    assert document.archived == (record.file,)


def test_what_came_under_a_wrong_clock_lies_in_no_month_and_is_archived_all_the_same(
    store: SqlHubStore, tmp_path: Path
) -> None:
    world = World()
    world.hub.store.inner = store
    with store.begin() as session:
        session.add_directory(directory_record())
    settled_document(world)
    assert set(rows_by_month(url_of(store))) == {"originals_default"}
    grow_old(world)
    (record,), _ = archive(world, tmp_path)
    assert record.removed
    assert rows_by_month(url_of(store)) == {}
    assert judged(world, tmp_path).lines() == []


def test_whoever_reads_a_month_keeps_it_from_going_and_the_next_run_goes_on(store: SqlHubStore, tmp_path: Path) -> None:
    world = a_world(store)
    key = settled_document(world)
    grow_old(world)
    reader = open_engine(url_of(store))
    with reader.connect() as connection:
        connection.execute(text("SELECT count(*) FROM originals")).all()
        with pytest.raises(StorageError):  # after two seconds, in which others may have waited behind it
            archive(world, tmp_path)
        with store.begin() as session:
            assert session.documents([key])[key].document
            (begun,) = session.archives()
    reader.dispose()
    assert begun.removed is None
    (record,), _ = archive(world, tmp_path)
    assert (record.file, record.removed is not None) == (begun.file, True)
    assert "originals_2026_03" not in months(store)


def test_a_month_into_which_something_came_is_not_dropped(store: SqlHubStore) -> None:
    open_months(store, NOW)
    one, late = document(envelope(1)), document(envelope(2), content=b"late")
    add(store, one)
    add(store, late)
    with store.begin() as session:
        assert not session.drop_month(MARCH, APRIL, 1)
    assert rows_by_month(url_of(store)) == {"originals_2026_03": 2}
    with store.begin() as session:
        assert session.drop_month(MARCH, APRIL, 2)
        assert not session.drop_month(MARCH, APRIL, 2)
    assert rows_by_month(url_of(store)) == {}


def test_a_month_is_dropped_while_others_write_and_read(store: SqlHubStore) -> None:
    open_months(store, NOW)
    old = [document(envelope(number), content=b"%d" % number) for number in range(50)]
    for one in old:
        add(store, one)
    stores = [open_hub_store(url_of(store)) for _ in range(3)]

    def work(number: int) -> int:
        for count in range(60):
            place = number * 1000 + count
            fresh = document(envelope(place), received=NOW + timedelta(days=40), content=b"%d" % place)
            add(stores[number], fresh)
            with stores[number].begin() as session:
                assert session.documents([fresh.key])[fresh.key].document
        return number

    with ThreadPoolExecutor(3) as threads:
        workers = [threads.submit(work, number) for number in (1, 2)]
        with stores[0].begin() as session:
            dropped = session.drop_month(MARCH, APRIL, 50)
        assert [worker.result(50) for worker in workers] == [1, 2]
    assert dropped
    assert rows_by_month(url_of(store)) == {"originals_2026_04": 120}
    for opened in stores:
        opened.close()
