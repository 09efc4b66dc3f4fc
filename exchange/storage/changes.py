"""Whether anything was committed to a SQLite file, by whatever process, at the price of a look at shared memory.

A loop that has found nothing to do need not open a transaction to find nothing again. Not here: what has changed.
"""

import sqlite3
import threading
from contextlib import suppress
from pathlib import Path

from sqlalchemy import make_url

__all__ = ["Changes"]


class Changes:
    """Of the SQLite file at `url`, for any number of threads."""

    def __init__(self, url: str) -> None:
        self._file = Path(make_url(url).database or "")
        self._connection: sqlite3.Connection | None = None
        self._turn = threading.Lock()
        self._unsure = 0

    def __call__(self) -> object:
        """What differs after every commit. When it cannot be told, it differs as well: the store itself says what is
        wrong with it."""
        with self._turn, suppress(sqlite3.Error):
            if self._connection is None:
                self._connection = self._open()
            # https://www.sqlite.org/pragma.html#pragma_data_version
            return self._connection.execute("PRAGMA data_version").fetchone()
        self._unsure += 1
        return f"unsure {self._unsure}"

    def close(self) -> None:
        with self._turn:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _open(self) -> sqlite3.Connection:
        # Read only: looking must never make a database where there was none.
        uri = f"{self._file.absolute().as_uri()}?mode=ro"
        return sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
