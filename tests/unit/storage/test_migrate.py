"""Schemas are made by migrations alone, and are exactly what the tables say. On SQLite;
`tests.integration.test_migrate_postgresql` looks at PostgreSQL.
"""

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from exchange.errors import StorageError
from exchange.storage import open_hub_store, open_node_store
from exchange.storage.engine import open_engine, open_memory
from exchange.storage.migrate import HEADS, METADATA, VERSION_TABLE, image, migrate, scripts

KINDS = ["hub", "node"]


def differences(engine: Engine, kind: str) -> list[object]:
    with engine.connect() as connection:
        options = {
            "version_table": VERSION_TABLE,
            "compare_type": True,
            "include_name": lambda name, *_: not (name or "").startswith("originals_"),  # partitions of one table
        }
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), METADATA[kind]))


def indexes(engine: Engine) -> set[str]:
    """As SQLite keeps them, with their conditions."""
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"))
        return {" ".join(sql.split()) for (sql,) in rows}


def counting_tables(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT name FROM sqlite_master WHERE sql LIKE '%AUTOINCREMENT%'"))
        return {name for (name,) in rows}


@pytest.mark.parametrize("kind", KINDS)
def test_upgrading_gives_exactly_the_tables(kind: str) -> None:
    engine = open_memory()
    migrate(engine, kind)
    assert differences(engine, kind) == []
    engine.dispose()


@pytest.mark.parametrize("kind", KINDS)
def test_upgrading_gives_the_conditions_and_counters_that_a_comparison_overlooks(kind: str) -> None:
    migrated, created = open_memory(), open_memory()
    migrate(migrated, kind)
    METADATA[kind].create_all(created)
    assert indexes(migrated) == indexes(created)
    assert counting_tables(migrated) == counting_tables(created)
    migrated.dispose()
    created.dispose()


@pytest.mark.parametrize("kind", KINDS)
def test_the_head_in_the_code_is_the_newest_step(kind: str) -> None:
    assert ScriptDirectory(scripts(kind), version_locations=[scripts(kind)]).get_heads() == [HEADS[kind]]


@pytest.mark.parametrize("kind", KINDS)
def test_upgrading_twice_changes_nothing(kind: str) -> None:
    engine = open_memory(image(kind))
    before = indexes(engine)
    migrate(engine, kind)
    assert indexes(engine) == before
    engine.dispose()


def test_a_database_of_a_newer_release_is_refused_and_left_alone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'hub.db'}"
    open_hub_store(url).close()
    engine = open_engine(url)
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = 'hub_9999'"))
    with pytest.raises(StorageError, match="newer release") as refused:
        open_hub_store(url)
    assert refused.value.code == "STORAGE_NEWER"
    with engine.connect() as connection:
        assert connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar() == "hub_9999"
    engine.dispose()


def test_a_nodes_database_is_no_hubs(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'node.db'}"
    open_node_store(url).close()
    with pytest.raises(StorageError, match="no database of a hub"):
        open_hub_store(url)


def test_processes_that_open_a_new_database_at_once_all_get_it(tmp_path: Path) -> None:
    open_at_once(f"sqlite:///{tmp_path / 'hub.db'}")


def open_at_once(url: str) -> None:
    """By several processes, each of which writes something."""
    program = (
        "import sys; from exchange.storage import open_hub_store\n"
        "store = open_hub_store(sys.argv[1])\n"
        "with store.begin() as session: session.count_failure('x')\n"
    )
    processes = [subprocess.Popen([sys.executable, "-c", program, url], stderr=subprocess.PIPE) for _ in range(4)]
    errors = [process.communicate()[1].decode() for process in processes]
    assert errors == [""] * 4
    store = open_hub_store(url)
    with store.begin() as session:
        assert session.count_failure("x") == 5
    store.close()


def test_the_database_itself_refuses_to_change_what_operators_did() -> None:
    engine = open_memory(image("hub"))
    refuses_to_change_acts(engine)
    engine.dispose()


def refuses_to_change_acts(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO acts VALUES (1, 1, 'root', '', 'resend', 'x', 'why', 'sent')"))
    for statement in ("UPDATE acts SET reason = 'another'", "DELETE FROM acts"):
        with pytest.raises(DBAPIError, match="not changed"), engine.begin() as connection:
            connection.execute(text(statement))
    with engine.connect() as connection:
        assert connection.execute(text("SELECT reason FROM acts")).scalars().all() == ["why"]


def test_a_failed_step_leaves_the_database_as_it_was(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'hub.db'}")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE refusals (of_somebody_else INTEGER)"))
    with pytest.raises(StorageError):
        migrate(engine, "hub")
    with engine.connect() as connection:
        tables = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars().all()
    assert tables == ["refusals"]
    engine.dispose()
