"""One transaction, and batches of statements in it.

Rows are added and changed by executemany with plain tuples, past SQLAlchemy's handling of each parameter: a router's
batch writes thousands. Every method raises `ConflictError` or `StorageError` alone; after either, the transaction can
only be rolled back.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Delete,
    Engine,
    Select,
    Table,
    Text,
    Update,
    bindparam,
    cast,
    func,
    insert,
    literal_column,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import JSONB, psycopg
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.dml import ReturningDelete

from exchange.errors import StorageError
from exchange.storage.faults import translated
from exchange.storage.rows import Row, Values

__all__ = ["Transaction", "columns", "transaction"]

# SQLite takes 32766 parameters in a statement, PostgreSQL 65535.
_KEYS_AT_ONCE = 500

_DIALECTS: dict[str, Dialect] = {
    "sqlite": sqlite.dialect(paramstyle="qmark"),
    "postgresql": psycopg.dialect(paramstyle="format"),  # type: ignore[no-untyped-call]  # SQLAlchemy left it untyped
}


class Transaction:
    """Statements within one open transaction. Made by `transaction` alone."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._backend = connection.dialect.name
        self.failed = False

    @property
    def backend(self) -> str:
        """What little differs between the databases asks for it."""
        return self._backend

    def command(self, statement: str) -> None:
        """A statement in the database's own words, without parameters."""
        with self._watched():
            self._connection.exec_driver_sql(statement)

    def texts(self, statement: str) -> set[str]:
        """The same, for one column of texts."""
        with self._watched():
            return set(self._connection.exec_driver_sql(statement).scalars())

    def rows(self, statement: Select[Any] | ReturningDelete[Any]) -> Sequence[Row]:
        with self._watched():
            return self._connection.execute(statement).all()

    def first(self, statement: Select[Any]) -> Row | None:
        with self._watched():
            return self._connection.execute(statement).first()

    def rows_of(self, statement: Select[Any], key: Sequence[Column[Any]], values: Iterable[Values]) -> Iterator[Row]:
        """The rows of `statement` whose `key` is among `values`: texts, or numbers among several."""
        for chunk in _chunks(values):
            prepared = _prepared(self._backend, statement, tuple(key))
            wanted = [value for (value,) in chunk] if len(key) == 1 else json.dumps(chunk)
            with self._watched():
                rows = self._connection.execute(prepared, {"wanted": wanted}).all()
            yield from rows

    def run(self, statement: Update | Delete) -> int:
        """Returns how many rows it touched."""
        with self._watched():
            return self._connection.execute(statement).rowcount

    def run_for(self, statement: Update | Delete, key: Sequence[Column[Any]], values: Iterable[Values]) -> None:
        """The same for the rows whose `key` is among `values`."""
        for chunk in _chunks(sorted(values)):
            wanted = [value for (value,) in chunk] if len(key) == 1 else json.dumps(chunk)
            these = statement.where(_among(self._backend, key))
            with self._watched():
                if len(chunk) > 1:
                    self._lock(these, key, {"wanted": wanted})
                self._connection.execute(these, {"wanted": wanted})

    def run_ordered(self, statement: Update | Delete, key: Sequence[Column[Any]]) -> None:
        """As `run`, for many rows, while others work on them."""
        with self._watched():
            self._lock(statement, key, {})
            self._connection.execute(statement)

    def _lock(self, statement: Update | Delete, key: Sequence[Column[Any]], values: dict[str, Any]) -> None:
        """Lock what `statement` will touch, in the order of `key`: two that lock the same rows in different orders wait
        for each other for ever. SQLite has one writer."""
        if self._backend != "sqlite":
            assert statement.whereclause is not None
            locked = select(*key).where(statement.whereclause).order_by(*key).with_for_update()
            self._connection.execute(locked, values).all()

    def add(self, table: Table, names: tuple[str, ...], rows: Iterable[Values]) -> None:
        """Add rows whose values stand in the order of `names`. A key that is there raises `ConflictError`."""
        self._insert(table, names, list(rows))

    def add_new(self, table: Table, names: tuple[str, ...], rows: Iterable[Values]) -> int:
        """Add the rows whose key is not there yet; the others stay as they are. Returns how many were added."""
        # Two transactions that add the same keys in different orders would wait for each other for ever.
        ordered = sorted(rows, key=itemgetter(slice(2)))
        return self._insert(table, names, ordered, " ON CONFLICT DO NOTHING")

    def add_up(self, table: Table, key: tuple[str, ...], numbers: tuple[str, ...], rows: Iterable[Values]) -> None:
        """Add rows of `key` and `numbers`; of a key that is there, the numbers are added to what it has."""
        # Sorted as in `add_new`: these locks are held until the end, too.
        self._many(_insert(self._backend, table, (*key, *numbers)) + _merged(table, key, numbers, "+"), sorted(rows))

    def add_bits(self, table: Table, key: tuple[str, ...], numbers: tuple[str, ...], rows: Iterable[Values]) -> None:
        """The same, with the bits of the numbers set beside those that are."""
        self._insert(table, (*key, *numbers), sorted(rows), _merged(table, key, numbers, "|"))

    def put(self, table: Table, names: tuple[str, ...], rows: Iterable[Values], *, newer: str) -> None:
        """Add rows whose key is the first of `names`. One that is there is replaced, unless its column `newer` is not
        less."""
        key, *others = names
        taken = ", ".join(f"{name} = excluded.{name}" for name in others)
        older = f"{table.name}.{newer} < excluded.{newer}"
        self._insert(table, names, sorted(rows), f" ON CONFLICT ({key}) DO UPDATE SET {taken} WHERE {older}")

    def change(
        self,
        table: Table,
        names: tuple[str, ...],
        rows: Iterable[Values],
        *,
        key: tuple[str, ...],
        filled: str | None = None,
        empty: str | None = None,
    ) -> int:
        """Set the columns `names` of the rows found by `key`; values stand in the order of `names`, then `key`.

        A row stays as it is when its column `filled` is empty, or its column `empty` is filled. Returns how many
        rows were changed.
        """
        return self._many(_update(self._backend, table, names, key, filled, empty), list(rows))

    def _insert(self, table: Table, names: tuple[str, ...], rows: list[Values], else_: str = "") -> int:
        if self._backend == "sqlite" or not rows:
            return self._many(_insert(self._backend, table, names) + else_, rows)
        # One statement with a list for each column: row after row takes four times as long at this end.
        lists = tuple(map(list, zip(*rows, strict=True)))
        with self._watched():
            return self._connection.exec_driver_sql(_insert_lists(table, names) + else_, lists).rowcount

    def _many(self, statement: str, rows: list[Values]) -> int:
        if not rows:
            return 0
        with self._watched():
            return self._connection.exec_driver_sql(statement, rows).rowcount

    @contextmanager
    def _watched(self) -> Iterator[None]:
        try:
            with translated():
                yield
        except Exception:
            self.failed = True
            raise


@contextmanager
def transaction(engine: Engine, *, reading: bool = False) -> Iterator[Transaction]:
    """One transaction: committed durably when the block ends, rolled back when it raises. `reading`: it writes
    nothing, and so waits for nobody."""
    with translated():
        connection = engine.connect().execution_options(yidi_reading=reading)
    try:
        with translated():
            connection.begin()
        current = Transaction(connection)
        yield current
        if current.failed:
            # PostgreSQL would answer COMMIT with a silent ROLLBACK, and SQLite would keep half.
            raise StorageError("a failed transaction cannot be committed: begin again")
        with translated():
            connection.commit()
    finally:
        connection.close()  # rolls back what was not committed


def columns(table: Table, names: Iterable[str]) -> list[Column[Any]]:
    return [table.c[name] for name in names]


def _chunks(values: Iterable[Values]) -> Iterator[list[Values]]:
    unique = list(dict.fromkeys(values))
    for start in range(0, len(unique), _KEYS_AT_ONCE):
        yield unique[start : start + _KEYS_AT_ONCE]


@lru_cache(maxsize=256)
def _prepared(backend: str, statement: Select[Any], key: tuple[Column[Any], ...]) -> Select[Any]:
    """Building a statement takes longer than running it; nearly all of them stand in a module and come again."""
    return statement.where(_among(backend, key))


def _among(backend: str, key: Sequence[Column[Any]]) -> ColumnElement[bool]:
    """`key` is among the parameter `wanted`: a list for one column, the JSON of a list of lists for several."""
    if len(key) == 1:
        return key[0].in_(bindparam("wanted", expanding=True))
    # SQLite would read the whole table for a list of rows; both databases follow an index for a subquery's, and the
    # statement stays the same however many there are.
    wanted = bindparam("wanted", type_=Text())
    each = func.json_each(wanted) if backend == "sqlite" else func.jsonb_array_elements(cast(wanted, JSONB))
    value = each.table_valued("value").c.value
    wanted_key = (_part_of(value, place, one) for place, one in enumerate(key))
    return tuple_(*key).in_(select(*wanted_key))


def _part_of(value: ColumnElement[Any], place: int, column: Column[Any]) -> ColumnElement[Any]:
    part: ColumnElement[Any] = value.op("->>")(literal_column(str(place)))
    return part if isinstance(column.type, Text) else cast(part, column.type)


@lru_cache(maxsize=256)
def _insert(backend: str, table: Table, names: tuple[str, ...]) -> str:
    # Inline: no RETURNING of the row number, which ON CONFLICT may not follow.
    statement = insert(table).inline().values({table.c[name]: bindparam(name) for name in names})
    return _compiled(backend, statement, names)


@lru_cache(maxsize=256)
def _insert_lists(table: Table, names: tuple[str, ...]) -> str:
    dialect = _DIALECTS["postgresql"]
    quoted = ", ".join(map(dialect.identifier_preparer.quote, names))
    # The column's own order of texts is no part of a list's type. %b: sent as they are and not spelt out.
    types = [table.c[name].type.compile(dialect).partition(" COLLATE ")[0] for name in names]
    lists = ", ".join(f"%b::{one}[]" for one in types)
    return f"INSERT INTO {table.name} ({quoted}) SELECT * FROM unnest({lists})"  # noqa: S608  # names are ours


def _merged(table: Table, key: tuple[str, ...], numbers: tuple[str, ...], operator: str) -> str:
    merged = ", ".join(f"{name} = {table.name}.{name} {operator} excluded.{name}" for name in numbers)
    return f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {merged}"


@lru_cache(maxsize=256)
def _update(
    backend: str, table: Table, names: tuple[str, ...], key: tuple[str, ...], filled: str | None, empty: str | None
) -> str:
    statement = update(table).ordered_values(*((table.c[name], bindparam(f"new_{name}")) for name in names))
    statement = statement.where(*(table.c[name] == bindparam(f"key_{name}") for name in key))
    if filled is not None:
        statement = statement.where(table.c[filled].is_not(None))
    if empty is not None:
        statement = statement.where(table.c[empty].is_(None))
    return _compiled(backend, statement, (*(f"new_{name}" for name in names), *(f"key_{name}" for name in key)))


def _compiled(backend: str, statement: Any, names: tuple[str, ...]) -> str:
    compiled = statement.compile(dialect=_DIALECTS[backend])
    assert tuple(compiled.positiontup) == names, f"columns must be named in the table's order: {compiled.positiontup}"
    return str(compiled)
