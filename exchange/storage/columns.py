"""Column types, and the columns that hub and node have in common.

There are no foreign keys: a receipt may come before the document it speaks of, and what belongs together is written
in one transaction anyway.
"""

from sqlalchemy import BigInteger, Boolean, Column, Integer, LargeBinary, SmallInteger, Text

__all__ = [
    "BYTES",
    "KEY",
    "NUMBER",
    "TEXT",
    "TIME",
    "carried_columns",
    "checkpoint_columns",
    "delivery_columns",
    "directory_columns",
    "document_columns",
    "failure_columns",
    "number_column",
    "quarantine_columns",
    "receipt_columns",
]

BYTES = LargeBinary()
TEXT = Text()
NUMBER = BigInteger()
# Codes, ids and digests compare by their bytes on both databases, whatever the locale: a prefix is then a range of the
# key.
KEY = Text().with_variant(Text(collation="C"), "postgresql")
# Microseconds since 1970 in UTC: exact, sortable, and the same on both databases.
TIME = BigInteger()


def number_column() -> Column[int]:
    """The row's own number, counted by the database."""
    return Column("no", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True)


def directory_columns() -> list[Column[object]]:
    return [
        Column("version", NUMBER, primary_key=True, autoincrement=False),
        Column("digest", KEY, nullable=False),
        Column("document", BYTES, nullable=False),
        Column("stored", TIME, nullable=False),
    ]


def document_columns(*, apart: bool = False) -> list[Column[object]]:
    """The key begins with the id, so that it serves a search by prefix too. `apart`: the bytes stand elsewhere."""
    return [
        Column("envelope_id", KEY, primary_key=True),
        Column("sender", KEY, primary_key=True),
        Column("digest", KEY, nullable=False),
        Column("document", BYTES, nullable=apart),
        Column("received", TIME, nullable=False),
        Column("title", TEXT, nullable=False),
        Column("urgent", Boolean(), nullable=False),
    ]


def delivery_columns() -> list[Column[object]]:
    """`moments` is the JSON that the state is rebuilt from; its times stand beside it for searching and statistics."""
    return [
        Column("envelope_id", KEY, primary_key=True),
        Column("sender", KEY, primary_key=True),
        Column("recipient", KEY, primary_key=True),
        Column("transport", SmallInteger(), nullable=False),
        Column("business", SmallInteger(), nullable=False),
        Column("reminders", Integer(), nullable=False),
        Column("printed", Integer(), nullable=False),
        Column("delivered_at", TIME),
        Column("signed_at", TIME),
        Column("signed_by", TEXT),
        Column("moments", TEXT, nullable=False),
        Column("digest", KEY, nullable=False),
        Column("due", TIME),
        Column("attempts", Integer(), nullable=False),
        Column("expires", TIME),
        Column("sign_by", TIME),
        Column("remind", TIME),
    ]


def receipt_columns(*, apart: bool = False) -> list[Column[object]]:
    """As `document_columns`."""
    return [
        Column("receipt_id", KEY, primary_key=True),
        Column("envelope_id", KEY, nullable=False),
        Column("sender", KEY, nullable=False),
        Column("recipient", KEY),
        Column("event", KEY, nullable=False),
        Column("digest", KEY, nullable=False),
        Column("document", BYTES, nullable=apart),
        Column("at", TIME, nullable=False),
        Column("recorded", TIME, nullable=False),
    ]


def checkpoint_columns() -> list[Column[object]]:
    return [
        Column("size", NUMBER, primary_key=True, autoincrement=False),
        Column("root", BYTES, nullable=False),
        Column("note", TEXT, nullable=False),
        Column("at", TIME, nullable=False),
    ]


def carried_columns() -> list[Column[object]]:
    return [
        Column("unit", KEY, primary_key=True),
        Column("receipt_id", KEY, primary_key=True),
        Column("digest", KEY, primary_key=True),
        Column("fault", KEY),
        Column("made", TIME, nullable=False),
    ]


def quarantine_columns() -> list[Column[object]]:
    return [
        Column("digest", KEY, nullable=False),
        Column("document", BYTES),
        Column("queue", KEY, nullable=False),
        Column("broker_user", KEY, nullable=False),
        Column("code", KEY, nullable=False),
        Column("detail", TEXT, nullable=False),
        Column("at", TIME, nullable=False),
    ]


def failure_columns() -> list[Column[object]]:
    return [Column("digest", KEY, primary_key=True), Column("failures", Integer(), nullable=False)]
