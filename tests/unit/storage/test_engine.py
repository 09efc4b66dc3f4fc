"""Databases are opened private, durable, and with words for what is wrong."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, text

from exchange.errors import InputError, StorageError
from exchange.ports.node import HeldCheckpoint
from exchange.storage import SqlNodeStore, open_hub_store, open_node_store
from exchange.storage.engine import open_engine
from exchange.storage.migrate import migrate
from exchange.testing.stores import memory_hub_store

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "node.db"


@pytest.fixture
def engine(path: Path) -> Iterator[Engine]:
    opened = open_engine(f"sqlite:///{path}")
    migrate(opened, "node")
    yield opened
    opened.dispose()


def pragma(engine: Engine, statement: str) -> None:
    """Have every connection from now on begin with `statement`."""
    engine.dispose()
    event.listen(engine, "connect", lambda connection, _: connection.execute(f"PRAGMA {statement}").close())


def write(store: SqlNodeStore, size: int = 1) -> None:
    with store.begin() as session:
        session.add_checkpoint(HeldCheckpoint(size=size, root=os.urandom(size), note="n", seen=NOW))


def test_a_file_is_private_and_its_journal_too(path: Path, engine: Engine) -> None:
    write(SqlNodeStore(engine))
    modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
    assert modes == dict.fromkeys(["node.db", "node.db-wal", "node.db-shm"], 0o600)


def test_a_commit_is_synced_to_a_write_ahead_log(engine: Engine) -> None:
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2
        assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1
        assert connection.execute(text("PRAGMA busy_timeout")).scalar() == 10_000


def test_a_file_that_is_opened_twice_here_is_not_let_go_of(path: Path, engine: Engine) -> None:
    """Else the next process that closes it would throw away the journal that this one still writes to."""
    store = SqlNodeStore(engine)
    write(store)
    open_node_store(f"sqlite:///{path}").close()
    program = "import sys; from exchange.storage import open_node_store; open_node_store(sys.argv[1]).close()"
    subprocess.run([sys.executable, "-c", program, f"sqlite:///{path}"], check=True)
    write(store, 2)
    with sqlite3.connect(path) as other:
        assert other.execute("SELECT size FROM held_checkpoints ORDER BY size").fetchall() == [(1,), (2,)]
        assert other.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_what_was_committed_survives_a_kill(path: Path) -> None:
    program = """
import os, signal, sys
from exchange.storage import open_node_store
from datetime import UTC, datetime
store = open_node_store(sys.argv[1])
for number in range(3):
    with store.begin() as session:
        session.add_unit(f"520304-00{number}", datetime.now(UTC))
with store.begin() as session:
    session.add_unit("520304-999", datetime.now(UTC))
    os.kill(os.getpid(), signal.SIGKILL)
"""
    url = f"sqlite:///{path}"
    died = subprocess.run([sys.executable, "-c", program, url], check=False)
    assert died.returncode == -signal.SIGKILL
    store = open_node_store(url)
    with store.begin() as session:
        assert session.units() == ["520304-000", "520304-001", "520304-002"]
    store.close()


def test_a_full_disk_is_named_and_loses_nothing(engine: Engine) -> None:
    store = SqlNodeStore(engine)
    write(store)
    pragma(engine, "max_page_count = 60")
    with pytest.raises(StorageError, match="full") as full:
        write(store, 1_000_000)
    assert (full.value.code, full.value.retryable) == ("STORAGE_FULL", True)
    pragma(engine, "max_page_count = 6000")
    write(store, 1_000_000)
    with store.begin() as session:
        assert [held.size for held in session.checkpoints()] == [1, 1_000_000]


def test_a_lock_held_too_long_is_named(path: Path, engine: Engine) -> None:
    pragma(engine, "busy_timeout = 1")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageError, match="locked") as busy:
        write(SqlNodeStore(engine))
    assert busy.value.code == "STORAGE_BUSY"
    other.close()
    write(SqlNodeStore(engine))


def test_a_damaged_file_is_named(path: Path) -> None:
    path.write_bytes(b"this is no database " * 500)
    with pytest.raises(StorageError, match="damaged") as damaged:
        open_node_store(f"sqlite:///{path}")
    assert damaged.value.code == "STORAGE_CORRUPT"


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="folder") as missing:
        open_node_store(f"sqlite:///{tmp_path}/none/node.db")
    assert missing.value.code == "STORAGE_OPEN"


def test_a_server_that_is_not_there_is_named() -> None:
    with pytest.raises(StorageError, match="lost or refused"):
        open_hub_store("postgresql://nobody@127.0.0.1:1/none")


@pytest.mark.parametrize("url", ["", "hub.db", "mysql://host/yidi", "://"])
def test_a_url_of_another_kind_is_refused_with_what_was_expected(url: str) -> None:
    with pytest.raises(InputError, match="expected sqlite:///FILE or postgresql://"):
        open_hub_store(url)


def test_no_message_to_a_peer_tells_where_the_database_is(tmp_path: Path) -> None:
    with pytest.raises(StorageError) as missing:
        open_node_store(f"sqlite:///{tmp_path}/none/node.db")
    assert str(tmp_path) not in str(missing.value)
    assert str(tmp_path) in missing.value.detail


def test_stores_in_memory_share_nothing() -> None:
    one, other = memory_hub_store(), memory_hub_store()
    with one.begin() as session:
        session.count_failure("x")
    with other.begin() as session:
        assert session.count_failure("x") == 1
    one.close()
    other.close()


def test_threads_take_turns_in_memory() -> None:
    store = memory_hub_store()

    def count() -> None:
        for _ in range(20):
            with store.begin() as session:
                session.count_failure("x")

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.begin() as session:
        assert session.count_failure("x") == 81
    store.close()
