"""The exact bytes of documents and receipts, apart from the rows that say what they are.

A row's `received` or `recorded` and its digest lead to them, so that whoever looks for a document needs no date. On
PostgreSQL they lie in a partition for each month, made ahead by the clock; what fits into none, under a wrong clock or
because no clock ran, goes to the default one and is moved when its month is made; who writes to it at that very moment
gets a ConflictError, as for a key that is there, and looks again. On SQLite they are one table.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, func, select

from exchange.errors import StorageError
from exchange.storage import tables_hub as tables
from exchange.storage.rows import Row, Values, from_time, to_time
from exchange.storage.session import Session
from exchange.storage.transaction import columns

__all__ = ["Originals", "partition", "with_original"]

_AHEAD = 3
# Any number, as long as every process takes the same.
_LOCK = 0x79696D6F


def with_original(table: Table, names: Iterable[str], at: str) -> list[ColumnElement[Any]]:
    """The columns `names` of `table`, where `document` is the original's bytes. As a subquery, which reads one row by
    its key and no more, however many rows and months there are."""
    originals = tables.originals.c
    original = select(originals.document).where(originals.at == table.c[at], originals.digest == table.c.digest)
    bytes_ = func.coalesce(table.c.document, original.scalar_subquery()).label("document")
    return [bytes_ if name == "document" else table.c[name] for name in names]


class Originals(Session):
    _archived_files: list[Row] | None = None

    def _archived_in(self, at: int, document: object) -> tuple[str, ...]:
        """The archive files of which one has the bytes of that time; none when `document` is here. Raises StorageError
        when it is nowhere."""
        if document is not None:
            return ()
        if self._archived_files is None:
            files = columns(tables.archives, ("file", "start", "end"))
            self._archived_files = list(self._sql.rows(select(*files).order_by(tables.archives.c.file)))
        found = tuple(file for file, start, end in self._archived_files if start <= at < end)
        if not found:
            raise StorageError(
                "bytes are missing that no archive has", code="STORAGE_CORRUPT", detail=str(from_time(at))
            )
        return found

    def _add_originals(self, rows: Iterable[Values]) -> None:
        """Rows of time, digest and bytes. The same bytes at the same time are kept once."""
        self._sql.add_new(tables.originals, ("at", "digest", "document"), rows)

    def open_months(self, now: datetime) -> int:
        if self._sql.backend == "sqlite":
            return 0
        self._sql.command("SET LOCAL lock_timeout = '2s'")
        self._sql.command(f"SELECT pg_advisory_xact_lock({_LOCK})")
        wanted = list(_months(now))
        there = self._partitions()
        missing = [month for month in wanted if partition(month[0]) not in there]
        for start, end in missing:
            self._open(partition(start), to_time(start), to_time(end))
        return len(missing)

    def _partitions(self) -> set[str]:
        if self._sql.backend == "sqlite":
            return set()
        return self._sql.texts(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'originals'::regclass"
        )

    def _open(self, name: str, start: int, end: int) -> None:
        """Attached, not made in place: that would wait for, and stop, everybody who reads any month. Raises
        StorageError (STORAGE_BUSY) when it is best tried again."""
        self._sql.command(f"CREATE TABLE {name} (LIKE originals INCLUDING DEFAULTS)")
        of_month = f"FROM originals_default WHERE at >= {start} AND at < {end}"
        must_move = bool(self._sql.texts(f"SELECT 1 {of_month} LIMIT 1"))
        if must_move:
            # Whoever had looked up the months before this one would find its rows neither here nor in the default one.
            self._sql.command("LOCK TABLE ONLY originals IN ACCESS EXCLUSIVE MODE")
        # Nobody may add to the default meanwhile. It is as good as empty.
        self._sql.command("LOCK TABLE originals_default IN ACCESS EXCLUSIVE MODE")
        moved = self._sql.texts(
            f"WITH moved AS (DELETE {of_month} RETURNING *),"  # noqa: S608  # names and numbers of our own
            f" kept AS (INSERT INTO {name} SELECT * FROM moved RETURNING 1) SELECT 1 FROM kept LIMIT 1"
        )
        if moved and not must_move:
            raise StorageError("bytes came to a month while it was made", code="STORAGE_BUSY")
        self._sql.command(f"ALTER TABLE originals ATTACH PARTITION {name} FOR VALUES FROM ({start}) TO ({end})")


def _months(now: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Begin and end of this month and of those that come, in UTC."""
    start = datetime(now.year, now.month, 1, tzinfo=UTC)
    for _ in range(_AHEAD):
        year, month = divmod(start.year * 12 + start.month, 12)
        end = datetime(year, month + 1, 1, tzinfo=UTC)
        yield start, end
        start = end


def partition(start: datetime) -> str:
    return f"originals_{start:%Y_%m}"
