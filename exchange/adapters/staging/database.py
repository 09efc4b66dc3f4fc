"""A staging database: connecting, looking at its tables, and its errors as the errors of this project.

Not here: what stands in the tables (`adapter`).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, Table, create_engine, inspect, make_url, update
from sqlalchemy.dialects import mysql
from sqlalchemy.engine.interfaces import ReflectedColumn
from sqlalchemy.exc import ArgumentError, DataError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.sql import false

from exchange.adapters.staging.tables import Tables
from exchange.errors import AdapterError, InputError
from exchange.ports.office import Misfit

__all__ = ["Database", "connect"]

_SMALL = (mysql.TEXT, mysql.BLOB, mysql.TINYTEXT, mysql.TINYBLOB)


class Database:
    """`begin` is one transaction. Every error leaves here as an AdapterError: the office is down for now, or will never
    take this (OA_REJECTED)."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def begin(self, doing: str) -> Iterator[Connection]:
        """`doing`: what a person reads when it fails."""
        with _translated(doing), self._engine.begin() as connection:
            yield connection

    def close(self) -> None:
        self._engine.dispose()

    def check(self, tables: Tables, ddl_file: str) -> Iterator[Misfit]:
        """Tables and columns that are missing, too small or closed to us."""
        with _translated("check"):
            inspector = inspect(self._engine)
            there = {name.casefold(): name for name in inspector.get_table_names(tables.out.schema)}
            for table in tables.all:
                if (name := there.get(table.name.casefold())) is None:
                    yield Misfit(
                        where="prefix",
                        found=f"数据库中没有表 no table {table.fullname}",
                        cure=f"由数据库管理员执行 run {ddl_file}；或改设置 or set prefix, schema, upper_case",
                    )
                    continue
                small = _SMALL if self._engine.dialect.name in ("mysql", "mariadb") else ()
                yield from _columns(table, inspector.get_columns(name, tables.out.schema), small, ddl_file)
                yield from self._rights(table)

    def _rights(self, table: Table) -> Iterator[Misfit]:
        """An UPDATE of no row needs the rights of one."""
        try:
            with self._engine.begin() as connection:
                connection.execute(update(table).where(false()).values({table.primary_key.columns[0]: ""}))
        except SQLAlchemyError as error:
            yield Misfit(
                where="database_file",
                found=f"账号不能写 the account may not write {table.fullname}: {_first_line(error)}",
                cure=f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table.fullname}",
            )


def _columns(
    table: Table, found: Sequence[ReflectedColumn], small: tuple[type, ...], ddl_file: str
) -> Iterator[Misfit]:
    there = {column["name"].casefold(): column for column in found}
    for column in table.columns:
        if (held := there.get(column.name.casefold())) is None:
            said = f"表 {table.fullname} 没有列 has no column {column.name}"
            yield Misfit(where="prefix", found=said, cure=f"按 as in {ddl_file} 添加该列 add it")
        elif isinstance(held["type"], small):
            said = f"{table.fullname}.{column.name} 只能存 64 KiB holds no more than 64 KiB"
            yield Misfit(where="prefix", found=said, cure=f"按 as in {ddl_file} 改为 make it LONGTEXT/LONGBLOB")


def connect(url: str) -> Database:
    """Nothing is asked of the database yet. Raises InputError."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise InputError("database_file: 应为一个 SQLAlchemy 数据库地址 expected a URL", code="SETTINGS") from error
    try:
        return Database(create_engine(parsed, pool_pre_ping=True, hide_parameters=True))
    except (NoSuchModuleError, ImportError) as error:
        said = f"database_file: 没有安装 {parsed.drivername} 的驱动 its driver is not installed"
        raise InputError(said, code="SETTINGS", detail=str(error)) from error


@contextmanager
def _translated(doing: str) -> Iterator[None]:
    try:
        yield
    except DataError as error:
        # A value that this database can never hold: too long, or outside its character set.
        raise AdapterError(f"{doing}: 数据库不接受此内容", code="OA_REJECTED", detail=_first_line(error)) from error
    except SQLAlchemyError as error:
        raise AdapterError(f"{doing}: 前置机数据库不可用", detail=_first_line(error)) from error


def _first_line(error: SQLAlchemyError) -> str:
    return str(getattr(error, "orig", None) or error).strip().splitlines()[0][:300]
