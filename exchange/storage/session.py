"""What the sessions of hub and node have in common: the transaction, and tables that differ by their owner at most.

Not here: anything that a hub or a node alone keeps.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, Table, and_, delete, func, literal_column, select, text, update

from exchange.errors import StorageError
from exchange.model.envelope import EnvelopeKey
from exchange.model.receipt import Noted
from exchange.model.unit import UnitCode
from exchange.ports.records import DeliveryKey, DirectoryRecord
from exchange.storage.rows import DIRECTORY, NOTED, Row, Values, directory_record, envelope_key, noted_record, to_time
from exchange.storage.transaction import Transaction, columns

__all__ = ["Session", "begins", "delivery_ids", "envelope_ids", "key_of"]

# More than anybody picks from; a longer prefix finds the rest.
_FOUND_AT_MOST = 100


def envelope_ids(keys: Iterable[EnvelopeKey]) -> Iterable[Values]:
    return ((key.id, key.sender) for key in keys)


def delivery_ids(keys: Iterable[DeliveryKey]) -> Iterable[Values]:
    return ((key.envelope.id, key.envelope.sender, key.recipient) for key in keys)


class Session:
    """One transaction of a store, as a set of methods."""

    def __init__(self, transaction: Transaction) -> None:
        self._sql = transaction

    def _count(self, table: Table, *conditions: Any) -> int:
        row = self._sql.first(select(func.count()).select_from(table).where(*conditions))
        return int(row[0]) if row else 0

    def database_bytes(self) -> int:
        """What the database takes up on its disk."""
        if self._sql.backend == "sqlite":
            pages = text("pragma_page_count(), pragma_page_size()")
            size: Select[Any] = select(literal_column("page_count * page_size", Integer())).select_from(pages)
        else:
            size = select(func.pg_database_size(func.current_database()))
        row = self._sql.first(size)
        return int(row[0]) if row else 0

    def _save(self, table: Table, names: tuple[str, ...], rows: list[Values], key: tuple[str, ...]) -> None:
        """Write whole rows that must be there: `names` begins with `key`."""
        size = len(key)
        changed = self._sql.change(table, names[size:], [(*row[size:], *row[:size]) for row in rows], key=key)
        if changed != len(rows):
            raise StorageError(f"{table.name}: {len(rows) - changed} of {len(rows)} rows to save are not there")

    def _newest_directory(self, table: Table) -> DirectoryRecord | None:
        newest = select(*columns(table, DIRECTORY)).order_by(table.c.version.desc()).limit(1)
        row = self._sql.first(newest)
        return None if row is None else directory_record(row)

    def _directory_version(self, table: Table) -> int:
        row = self._sql.first(select(func.max(table.c.version)))
        return 0 if row is None or row[0] is None else int(row[0])

    def _matching(self, documents: Table, statement: Select[Any], id_or_prefix: str) -> list[Row]:
        """The rows of `statement` whose envelope id begins with the text, or whose 'sender/id' equals it."""
        sender, slash, envelope_id = id_or_prefix.partition("/")
        if slash:
            found = statement.where(documents.c.sender == sender, documents.c.envelope_id == envelope_id)
        else:
            found = statement.where(begins(documents.c.envelope_id, id_or_prefix))
        ordered = found.order_by(documents.c.envelope_id, documents.c.sender)
        return list(self._sql.rows(ordered.limit(_FOUND_AT_MOST)))

    def _files(self, table: Table, names: tuple[str, ...], keys: Iterable[Values]) -> dict[Values, tuple[str, ...]]:
        """The files of documents, by the document's key, whose columns are `names`."""
        key = columns(table, names)
        found: dict[Values, list[str]] = {}
        for *owner, sha256 in self._sql.rows_of(_files_of(table, names), key, keys):
            found.setdefault(tuple(owner), []).append(sha256)
        return {owner: tuple(files) for owner, files in found.items()}

    def _count_failure(self, table: Table, digest: str) -> int:
        self._sql.add_new(table, ("digest", "failures"), [(digest, 0)])
        self._sql.run(update(table).where(table.c.digest == digest).values(failures=table.c.failures + 1))
        row = self._sql.first(select(table.c.failures).where(table.c.digest == digest))
        return int(row[0]) if row else 0

    def _add_carried(self, table: Table, rows: Iterable[Values]) -> None:
        """Rows of unit, NOTED, made. What another package confirmed stays as it is."""
        self._sql.add_new(table, ("unit", *NOTED, "made"), rows)

    def _carried(self, table: Table, unit: UnitCode) -> list[Noted]:
        of_unit = select(*columns(table, NOTED)).where(table.c.unit == unit)
        return [noted_record(row) for row in self._sql.rows(of_unit.order_by(table.c.made, table.c.receipt_id))]

    def _forget_carried(self, table: Table, unit: UnitCode, before: datetime) -> None:
        self._sql.run(delete(table).where(table.c.unit == unit, table.c.made < to_time(before)))

    def _take(self, table: Table, names: tuple[str, ...], limit: int) -> list[Row]:
        """Remove the oldest rows of a numbered table and return them."""
        oldest = select(table.c.no, *columns(table, names)).order_by(table.c.no).limit(limit)
        rows = self._sql.rows(oldest.with_for_update(skip_locked=True))
        self._sql.run_for(delete(table), [table.c.no], [(row[0],) for row in rows])
        return [row[1:] for row in rows]


@cache
def _files_of(table: Table, names: tuple[str, ...]) -> Select[Any]:
    return select(*columns(table, names), table.c.sha256).order_by(table.c.position)


def key_of(row: Row) -> EnvelopeKey:
    envelope_id, sender = row
    return envelope_key(sender, envelope_id)


def begins(id_: ColumnElement[str], prefix: str) -> ColumnElement[bool]:
    """An id holds only what sorts before a tilde, and the range can use the key where LIKE cannot."""
    return and_(id_ >= prefix, id_ < prefix + "~")
