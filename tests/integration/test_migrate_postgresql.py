"""Migrations on a real PostgreSQL: whoever comes first makes the schema, and it is exactly what the tables say."""

from exchange.storage.engine import open_engine
from exchange.storage.migrate import migrate
from exchange.trial.servers import PostgresServer
from tests.integration.databases import new_database
from tests.unit.storage.test_migrate import differences, open_at_once


def test_upgrading_gives_exactly_the_tables(postgres: PostgresServer) -> None:
    with new_database(postgres, empty=True) as url:
        engine = open_engine(url)
        migrate(engine, "hub")
        assert differences(engine, "hub") == []
        engine.dispose()


def test_processes_that_open_a_new_database_at_once_all_get_it(postgres: PostgresServer) -> None:
    with new_database(postgres, empty=True) as url:
        open_at_once(url)
