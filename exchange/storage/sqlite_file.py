"""A SQLite database as a file: copied, looked over for damage, asked for its schema, beside whoever writes.

Not here: backups of a whole exchange, whose keys and files belong to it too.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import make_url

from exchange.errors import InputError, StorageError
from exchange.storage.migrate import VERSION_TABLE

__all__ = ["copy_database", "find_damage", "schema_of"]


def copy_database(url: str, target: Path) -> str:
    """Copy the SQLite database at `url` to `target`; returns the URL of the copy. Raises InputError, StorageError."""
    try:
        with closing(_open(url)) as source, closing(sqlite3.connect(target)) as copy:
            source.backup(copy)
    except sqlite3.Error as error:
        raise StorageError("the database cannot be copied", code="STORAGE_COPY", detail=str(error)) from error
    target.chmod(0o600)
    return f"sqlite:///{target}"


def find_damage(url: str) -> list[str]:
    """What SQLite's quick check finds wrong with the file at `url`; nothing when it is sound."""
    try:
        with closing(_open(url)) as connection:
            found = [str(row[0]) for row in connection.execute("PRAGMA quick_check(20)")]
    except sqlite3.Error as error:
        return [str(error)]
    return [] if found == ["ok"] else found


def schema_of(url: str) -> str | None:
    """The schema of the file at `url`, as `migrate.HEADS` names them; None without one. Raises StorageError."""
    try:
        with closing(_open(url)) as connection:
            row = connection.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchone()  # noqa: S608  # a constant
    except sqlite3.Error as error:
        raise StorageError("the database cannot be read", code="STORAGE_OPEN", detail=str(error)) from error
    return None if row is None else str(row[0])


def _open(url: str) -> sqlite3.Connection:
    database = make_url(url).database
    if not url.startswith("sqlite:") or not database:
        raise InputError(f"{url}: not a SQLite database in a file")
    # Read only: looking must never make a database where there was none.
    return sqlite3.connect(f"{Path(database).absolute().as_uri()}?mode=ro", uri=True, timeout=10)
