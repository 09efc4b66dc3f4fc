"""Databases on the tests' own PostgreSQL: each test has one of its own, copied from one that was migrated once."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text

from exchange.storage.engine import open_engine
from exchange.storage.migrate import migrate
from exchange.trial.servers import PostgresServer

__all__ = ["new_database"]

_TEMPLATE = "hub_template"
_numbers = itertools.count()


@contextmanager
def new_database(server: PostgresServer, *, empty: bool = False) -> Iterator[str]:
    """URL of a database with the newest schema of a hub and nothing in it, or of an `empty` one; dropped at the end."""
    name = f"test_{next(_numbers)}"
    _command(server, f"CREATE DATABASE {name} TEMPLATE {'template0' if empty else _template(server)}")
    try:
        yield server.url(name)
    finally:
        _command(server, f"DROP DATABASE {name} WITH (FORCE)")


def _template(server: PostgresServer) -> str:
    if not _command(server, f"SELECT 1 FROM pg_database WHERE datname = '{_TEMPLATE}'"):
        _command(server, f"CREATE DATABASE {_TEMPLATE} TEMPLATE template0")
        engine = open_engine(server.url(_TEMPLATE))
        migrate(engine, "hub")
        engine.dispose()
    return _TEMPLATE


def _command(server: PostgresServer, statement: str) -> bool:
    """Whether it found a row."""
    engine = open_engine(server.url()).execution_options(isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            result = connection.execute(text(statement))
            return bool(result.returns_rows and result.first())
    finally:
        engine.dispose()
