"""Migrations on a real PostgreSQL: whoever comes first makes the schema, and it is exactly what the tables say."""

import threading
import time

import pytest
from sqlalchemy import text

from exchange.errors import StorageError
from exchange.storage import open_hub_store
from exchange.storage.engine import open_engine
from exchange.storage.migrate import migrate
from exchange.storage.rows import to_time
from exchange.trial.servers import PostgresServer
from tests.contract.store_records import NOW
from tests.integration.databases import new_database
from tests.integration.previous_release import read_again, write_document
from tests.unit.storage.test_migrate import differences, open_at_once, refuses_to_change_acts


def test_upgrading_gives_exactly_the_tables(postgres: PostgresServer) -> None:
    with new_database(postgres, empty=True) as url:
        engine = open_engine(url)
        migrate(engine, "hub")
        assert differences(engine, "hub") == []
        engine.dispose()


def test_the_database_itself_refuses_to_change_what_operators_did(postgres: PostgresServer) -> None:
    with new_database(postgres) as url:
        engine = open_engine(url)
        migrate(engine, "hub")
        refuses_to_change_acts(engine)
        engine.dispose()


def test_processes_that_open_a_new_database_at_once_all_get_it(postgres: PostgresServer) -> None:
    with new_database(postgres, empty=True) as url:
        open_at_once(url)


def test_the_release_before_writes_and_reads_while_a_database_is_brought_to_this_one(postgres: PostgresServer) -> None:
    failures: list[BaseException] = []
    done = threading.Event()
    written: list[int] = []
    with new_database(postgres, empty=True) as url:
        old = open_engine(url)
        migrate(old, "hub", "hub_0003")

        def work() -> None:
            try:
                for number in range(100_000):
                    write_document(old, number, to_time(NOW))
                    with old.begin() as connection:
                        assert read_again(connection, number) == [b"<document %d/>" % number] * 2
                    written.append(number)
                    if done.is_set() and number > written_before + 20:
                        return
            except BaseException as error:  # noqa: BLE001  # shown by the main thread
                failures.append(error)

        written_before = 0
        thread = threading.Thread(target=work)
        thread.start()
        while len(written) < 50 and thread.is_alive():
            time.sleep(0.01)
        store = open_hub_store(url)  # migrates
        written_before = len(written)
        done.set()
        thread.join(timeout=50)
        assert failures == []
        with store.begin() as session:
            session.recount()
            assert session.counts()["documents"] == session.counts()["deliveries_delivered"] == len(written)
            found = {record.document for page in [session.latest(100_000)] for record in page}
            assert found == {b"<document %d/>" % number for number in written}
            assert len(session.unsealed(100_000)) == len(written)
        store.close()
        old.dispose()


def test_a_step_that_cannot_have_its_lock_gives_up_soon_and_leaves_all_as_it_was(postgres: PostgresServer) -> None:
    """Else whoever comes after it would wait behind it for as long as somebody reads."""
    with new_database(postgres, empty=True) as url:
        old = open_engine(url)
        migrate(old, "hub", "hub_0003")
        with old.begin() as reader:
            reader.execute(text("SELECT count(*) FROM documents"))
            with pytest.raises(StorageError) as busy:
                open_hub_store(url)
            assert busy.value.code == "STORAGE_BUSY"
        write_document(old, 1, to_time(NOW))
        old.dispose()
        store = open_hub_store(url)
        with store.begin() as session:
            assert session.counts()["documents"] == 1
        store.close()
