"""The tables of a staging database, in the dialect and with the names that a site has.

    gw_out, gw_out_file          documents to send: the office writes, status N
    gw_in, gw_in_file            received documents: the exchange writes, status N
    gw_in_action                 what people decided about those: the office writes, status N
    gw_receipt                   what became of what was sent: the exchange writes, status N

Whoever reads a row sets its status: N new, P in hand, S done, E refused with the reason in `err`. Names are never
quoted, so that each database folds them as it does its own; no name is a reserved word in any that we know.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, MetaData, String, Table, Text, text
from sqlalchemy.dialects import mssql, mysql
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import CreateIndex, CreateTable, Index
from sqlalchemy.sql import quoted_name

__all__ = ["DOING", "DONE", "NEW", "REFUSED", "Tables", "ddl"]

NEW, DOING, DONE, REFUSED = "N", "P", "S", "E"

# MySQL's plain kinds end at 64 KiB; SQL Server's plain texts hold no Chinese.
_CLOB: Final = Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb").with_variant(mssql.NVARCHAR(None), "mssql")
_BLOB: Final = LargeBinary().with_variant(mysql.LONGBLOB(), "mysql", "mariadb")


def _text(length: int) -> String:
    return String(length).with_variant(mssql.NVARCHAR(length), "mssql")


_Columns = Sequence[tuple[str, Any, bool]]  # name, type, whether it may be empty

_STATE: Final[_Columns] = (
    ("status", _text(1), False),
    ("retry", Integer(), False),
    ("err", _text(2000), True),
    ("ts", _text(40), True),
)
_CLAIM: Final[_Columns] = (("claimed_by", _text(64), True),)
_FILE: Final[_Columns] = (
    ("doc_id", _text(100), False),
    ("seq", Integer(), False),
    ("kind", _text(20), True),
    ("name", _text(255), False),
    ("sha", _text(64), True),
    ("blob_data", _BLOB, True),
    ("path", _text(500), True),
)
_TABLES: Final[dict[str, tuple[tuple[str, ...], _Columns]]] = {
    "out": (
        ("id",),
        (
            ("id", _text(100), False),
            ("unit_code", _text(32), False),
            ("doc_json", _CLOB, False),
            ("tracking_id", _text(64), True),
            *_STATE,
            *_CLAIM,
        ),
    ),
    "out_file": (("doc_id", "seq"), _FILE),
    "in": (
        ("id",),
        (
            ("id", _text(100), False),
            ("unit_code", _text(32), False),
            ("sender", _text(32), False),
            ("sender_name", _text(200), True),
            ("envelope_id", _text(64), False),
            ("title", _text(500), True),
            ("issued_number", _text(200), True),
            ("doc_json", _CLOB, False),
            ("envelope_xml", _BLOB, False),
            *_STATE,
        ),
    ),
    "in_file": (("doc_id", "seq"), (*_FILE, ("file_size", BigInteger(), True))),
    "in_action": (
        ("id",),
        (
            ("id", _text(100), False),
            ("unit_code", _text(32), False),
            ("doc_id", _text(100), False),
            ("action", _text(20), False),
            ("person", _text(100), True),
            ("reason", _text(40), True),
            ("note", _text(2000), True),
            *_STATE,
            *_CLAIM,
        ),
    ),
    "receipt": (
        ("id",),
        (
            ("id", _text(64), False),
            ("unit_code", _text(32), False),
            ("envelope_id", _text(64), False),
            ("sender", _text(32), False),
            ("event", _text(30), False),
            ("event_name", _text(60), True),
            ("recipient", _text(32), True),
            ("person", _text(100), True),
            ("reason", _text(40), True),
            ("note", _text(2000), True),
            ("happened_at", _text(40), True),
            ("doc_json", _CLOB, False),
            ("receipt_xml", _BLOB, False),
            *_STATE,
        ),
    ),
}
_INDEXED: Final = ("unit_code", "status")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """The six tables as SQLAlchemy sees them."""

    out: Table
    out_file: Table
    received: Table
    received_file: Table
    action: Table
    receipt: Table

    @classmethod
    def named(cls, prefix: str = "gw_", *, schema: str = "", upper_case: bool = False) -> "Tables":
        """`upper_case`: for a database that keeps names as they are written, where an administrator made upper-case
        ones; one that folds names itself needs no such thing."""
        metadata = MetaData(schema=quoted_name(schema, quote=False) if schema else None)

        def name(lower: str) -> quoted_name:
            return quoted_name(lower.upper() if upper_case else lower, quote=False)

        def table(stem: str) -> Table:
            keys, columns = _TABLES[stem]
            made = Table(name(prefix + stem), metadata)
            for column, type_, empty in columns:
                default = {"status": f"'{NEW}'", "retry": "0"}.get(column)
                made.append_column(
                    Column(
                        name(column),
                        type_,
                        key=column,
                        primary_key=column in keys,
                        nullable=empty,
                        autoincrement=False,
                        server_default=None if default is None else text(default),
                    )
                )
            if "status" in made.c:
                Index(name(f"{prefix}{stem}_s"), *(made.c[column] for column in _INDEXED))
            return made

        return cls(
            out=table("out"),
            out_file=table("out_file"),
            received=table("in"),
            received_file=table("in_file"),
            action=table("in_action"),
            receipt=table("receipt"),
        )

    @property
    def all(self) -> tuple[Table, ...]:
        return (self.out, self.out_file, self.received, self.received_file, self.action, self.receipt)


def ddl(dialect: Dialect, tables: Tables) -> str:
    """What an administrator runs once to make the tables."""
    made: list[str] = []
    for table in tables.all:
        made.append(str(CreateTable(table).compile(dialect=dialect)).strip() + ";")
        made += [str(CreateIndex(index).compile(dialect=dialect)).strip() + ";" for index in table.indexes]
    lines = "\n\n".join(made).replace("\t", "    ").split("\n")
    return "\n".join(line.rstrip() for line in lines) + "\n"
