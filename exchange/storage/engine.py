"""Opens a database so that a commit is on stable storage, and so that several processes can use it at once.

    sqlite:////var/lib/yidi/hub.db      a file, readable by its owner alone
    sqlite://                           memory, gone when closed: for simulations and tests
    postgresql://user@host/yidi         PostgreSQL 15 or newer, by psycopg 3

Limits: SQLite has one writer at a time; another process waits for it, up to ten seconds. A file on a network share is
not supported.
"""

import logging
import os
import sqlite3
from functools import cache
from pathlib import Path
from typing import cast

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from exchange.errors import InputError, StorageError

__all__ = ["open_engine", "open_memory"]

_WAIT_SECONDS = 10
# A server may have been set up to answer before its disk does; these sessions never let it. What a client that is gone
# without a word had locked is free again soon.
_POSTGRESQL_OPTIONS = (
    "-c synchronous_commit=on -c lock_timeout=10s -c idle_in_transaction_session_timeout=120s"
    " -c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3"
)
# A server that is gone without a word is noticed within half a minute; else who waits for it waits for hours.
_POSTGRESQL_LINE = {
    "connect_timeout": _WAIT_SECONDS,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    "tcp_user_timeout": 30_000,  # milliseconds
}


def open_engine(url: str) -> Engine:
    """Open a SQLite file (made if there is none) or a PostgreSQL database. Raises InputError, StorageError."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise InputError(f"database URL {url!r}: expected sqlite:///FILE or postgresql://...") from error
    backend = parsed.get_backend_name()
    if backend == "sqlite" and parsed.database:
        _create_private(Path(parsed.database))
        engine = create_engine(parsed, connect_args={"timeout": _WAIT_SECONDS}, hide_parameters=True)
        event.listen(engine, "connect", _prepare_file)
        event.listen(engine, "begin", _begin)
        return engine
    if backend == "postgresql":
        # It would also log what it raises, and a key that is there already is no trouble.
        logging.getLogger("psycopg").setLevel(logging.ERROR)
        options = f"{parsed.query.get('options', '')} {_POSTGRESQL_OPTIONS}".strip()
        return create_engine(
            parsed.set(drivername="postgresql+psycopg").update_query_dict({"options": options}),
            connect_args=dict(_POSTGRESQL_LINE),
            pool_pre_ping=True,
            pool_timeout=_WAIT_SECONDS,
            hide_parameters=True,
        )
    raise InputError(f"database URL {url!r}: expected sqlite:///FILE or postgresql://...")


def open_memory(image: bytes | None = None) -> Engine:
    """Open a database in memory that begins as a copy of `image`, the bytes of a SQLite file.

    All of these share one dialect and one cache of compiled statements, so that opening one takes under a millisecond.
    """

    def connect() -> DBAPIConnection:
        connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        if image is not None:
            connection.deserialize(image)
        return cast("DBAPIConnection", connection)

    model = _memory_model()
    # One connection: a second thread waits its turn, as it would for a file.
    pool = QueuePool(connect, pool_size=1, max_overflow=0, timeout=_WAIT_SECONDS)
    engine = Engine(pool, model.dialect, model.url, hide_parameters=True)
    event.listen(engine, "begin", _begin)
    return engine.execution_options(compiled_cache=_compiled())


@cache
def _memory_model() -> Engine:
    engine = create_engine("sqlite://")
    engine.connect().close()  # the dialect learns the version of SQLite once
    return engine


@cache
def _compiled() -> dict[object, object]:
    return {}


def _create_private(path: Path) -> None:
    """SQLite gives its journals the mode of the file.

    One that is there is never opened here: closing it would let go of every lock that this process holds on it through
    SQLite, and whoever closes the database next would take itself for the last, and throw away the journal that others
    still write to (https://www.sqlite.org/howtocorrupt.html, 2.2).
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        if os.access(path, os.R_OK | os.W_OK):
            return
        fault: OSError = PermissionError(f"{path} may not be read and written")
    except OSError as error:
        fault = error
    else:
        return
    raise StorageError(
        "the database cannot be opened: check that the folder exists and may be written",
        code="STORAGE_OPEN",
        detail=str(fault),
    ) from fault


def _prepare_file(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    # The driver begins no transaction of its own; _begin does.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {_WAIT_SECONDS * 1000}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin(connection: Connection) -> None:
    # A transaction that began by reading fails at its first write while another writes, instead of waiting for it.
    reading = connection.get_execution_options().get("yidi_reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
