"""What a hub's database is before anybody uses it, and whether it is fit: for making a hub, and for examining one.

Nothing is written. What stands in the way is a value, not an exception: whoever asks wants to hear all of it. Not here:
what to type about it (`exchange.cli`).
"""

import socket
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import URL, Connection, create_engine, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from exchange.storage.migrate import VERSION_TABLE

__all__ = ["OLDEST", "DatabaseFacts", "DatabaseTrouble", "survey_database"]

OLDEST = 15
_TIMEOUT_SECONDS = 5
_ANY = "postgres"  # a database that every PostgreSQL has: whether the account is good shows there, too


class DatabaseTrouble(StrEnum):
    """Why it could not be asked at all."""

    ADDRESS = "address"  # no URL of PostgreSQL
    UNREACHABLE = "unreachable"  # nothing listens there
    LOGIN = "login"  # user or password
    MISSING = "missing"  # user and password are good, there is no such database
    FAILED = "failed"  # connected, and then something else


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseFacts:
    """`ours`: schema of a hub, if it holds one; `founded`: with a directory in it. `others`: tables of somebody else.
    `ahead_seconds`: of its clock before this machine's."""

    where: str
    user: str = ""
    database: str = ""
    trouble: DatabaseTrouble | None = None
    detail: str = ""
    release: str = ""
    major: int = 0
    encoding: str = ""
    may_create: bool = False
    durable: bool = True
    ours: str = ""
    founded: bool = False
    others: tuple[str, ...] = ()
    ahead_seconds: float = 0.0


def survey_database(url: str) -> DatabaseFacts:
    try:
        parsed = make_url(url)
        host, port = parsed.host or str(parsed.query.get("host", "127.0.0.1")), parsed.port or 5432
    except (ArgumentError, ValueError) as error:
        return DatabaseFacts(where="", trouble=DatabaseTrouble.ADDRESS, detail=str(error))
    if parsed.get_backend_name() != "postgresql" or not parsed.database:
        return DatabaseFacts(where="", trouble=DatabaseTrouble.ADDRESS)
    where, user, database = f"{host}:{port}", parsed.username or "", parsed.database
    trouble, detail = _reach(host, port), ""
    if trouble is None:
        try:
            return _read(parsed, where)
        except SQLAlchemyError as error:
            detail = str(getattr(error, "orig", error)).strip()
            trouble = _why(parsed)
    return DatabaseFacts(where=where, user=user, database=database, trouble=trouble, detail=detail)


def _reach(host: str, port: int) -> DatabaseTrouble | None:
    if host.startswith("/"):
        return None  # a socket's folder: the driver knows its name
    try:
        with closing(socket.create_connection((host, port), _TIMEOUT_SECONDS)):
            return None
    except OSError:
        return DatabaseTrouble.UNREACHABLE


def _why(parsed: URL) -> DatabaseTrouble:
    """By what else works; the server's own words come in its own language."""
    if _connects(parsed):
        return DatabaseTrouble.FAILED
    return DatabaseTrouble.MISSING if _connects(parsed.set(database=_ANY)) else DatabaseTrouble.LOGIN


def _connects(parsed: URL) -> bool:
    try:
        with _connected(parsed):
            return True
    except SQLAlchemyError:
        return False


def _connected(parsed: URL) -> Connection:
    engine = create_engine(
        parsed.set(drivername="postgresql+psycopg"),
        connect_args={"connect_timeout": _TIMEOUT_SECONDS},
        hide_parameters=True,
        pool_size=0,
    )
    return engine.connect()


def _read(parsed: URL, where: str) -> DatabaseFacts:
    with _connected(parsed) as connection:
        connection.detach()  # closed with this block, not kept for later

        def value(sql: str) -> str:
            return str(connection.execute(text(sql)).scalar())

        number = int(value("SHOW server_version_num"))
        ahead = (datetime.fromisoformat(value("SELECT clock_timestamp()")) - datetime.now(UTC)).total_seconds()
        tables = set(inspect(connection).get_table_names())
        is_ours = {VERSION_TABLE, "directories"} <= tables
        return DatabaseFacts(
            where=where,
            user=parsed.username or "",
            database=parsed.database or "",
            release=value("SHOW server_version").split()[0],
            major=number // 10_000,
            encoding=value("SHOW server_encoding"),
            may_create=value("SELECT has_schema_privilege(current_schema(), 'CREATE')") == "True",
            durable=value("SHOW fsync") == "on",
            ours=value(f"SELECT version_num FROM {VERSION_TABLE}") if is_ours else "",  # noqa: S608
            founded=is_ours and value("SELECT EXISTS (SELECT 1 FROM directories)") == "True",
            others=() if is_ours else tuple(sorted(tables)),
            ahead_seconds=ahead,
        )
