"""What a node keeps. Every row but the directory's, the checkpoints' and the failures' belongs to one unit.

Of `due`: empty means that nothing is to be done any more. Not here: what a hub keeps (`exchange.storage.tables_hub`).
"""

from sqlalchemy import Column, Index, MetaData, Table, UniqueConstraint, column

from exchange.storage.columns import (
    BYTES,
    KEY,
    NUMBER,
    TEXT,
    TIME,
    carried_columns,
    delivery_columns,
    directory_columns,
    document_columns,
    failure_columns,
    number_column,
    quarantine_columns,
    receipt_columns,
)

__all__ = [
    "answers",
    "carried",
    "deliveries",
    "directories",
    "document_files",
    "documents",
    "failures",
    "handovers",
    "happened",
    "held_checkpoints",
    "locks",
    "metadata",
    "notices",
    "outbox",
    "owed",
    "quarantine",
    "receipts",
    "sent_references",
    "tokens",
    "units",
    "uploads",
    "usage",
    "webhooks",
]

metadata = MetaData()

_HAS_DUE = column("due").is_not(None)
_UNTOLD = column("untold").is_not(None)

units = Table("units", metadata, Column("unit", KEY, primary_key=True), Column("added", TIME, nullable=False))

directories = Table("directories", metadata, *directory_columns())

documents = Table(
    "documents",
    metadata,
    Column("unit", KEY, primary_key=True),
    Column("box", KEY, primary_key=True),
    *document_columns(),
    Index("documents_received", "unit", "box", "received"),
)

document_files = Table(
    "document_files",
    metadata,
    Column("unit", KEY, primary_key=True),
    Column("box", KEY, primary_key=True),
    Column("envelope_id", KEY, primary_key=True),
    Column("sender", KEY, primary_key=True),
    Column("position", NUMBER, primary_key=True, autoincrement=False),
    Column("sha256", KEY, nullable=False),
    Index("document_files_sha256", "sha256"),
)

sent_references = Table(
    "sent_references",
    metadata,
    Column("unit", KEY, primary_key=True),
    Column("reference", KEY, primary_key=True),
    Column("envelope_id", KEY, nullable=False),
    Column("sender", KEY, nullable=False),
)

deliveries = Table("deliveries", metadata, Column("unit", KEY, primary_key=True), *delivery_columns())

# `untold` holds the time of recording while the office has not been told.
receipts = Table(
    "receipts",
    metadata,
    Column("unit", KEY, primary_key=True),
    *receipt_columns(),
    Column("untold", TIME),
    Index("receipts_envelope", "unit", "envelope_id", "sender"),
    Index("receipts_untold", "untold", sqlite_where=_UNTOLD, postgresql_where=_UNTOLD),
)

# Rows are kept once closed: the hub may ask for all of a unit's receipts again. `urgency` is 0 for the urgent lane.
outbox = Table(
    "outbox",
    metadata,
    Column("unit", KEY, primary_key=True),
    Column("id", KEY, primary_key=True),
    Column("kind", KEY, primary_key=True),
    Column("digest", KEY, nullable=False),
    Column("lane", KEY, nullable=False),
    Column("urgency", NUMBER, nullable=False),
    Column("due", TIME),
    Column("attempts", NUMBER, nullable=False),
    Column("envelope_id", KEY, nullable=False),
    Column("sender", KEY, nullable=False),
    Column("document", BYTES, nullable=False),
    Column("fault", KEY),
    Index("outbox_due", "urgency", "due", sqlite_where=_HAS_DUE, postgresql_where=_HAS_DUE),
    Index("outbox_envelope", "unit", "envelope_id", "sender"),
)

handovers = Table(
    "handovers",
    metadata,
    Column("unit", KEY, primary_key=True),
    Column("envelope_id", KEY, primary_key=True),
    Column("sender", KEY, primary_key=True),
    Column("due", TIME),
    Column("attempts", NUMBER, nullable=False),
    Column("external_id", TEXT),
    Column("fault", KEY),
    Index("handovers_due", "due", sqlite_where=_HAS_DUE, postgresql_where=_HAS_DUE),
)

owed = Table(
    "owed",
    metadata,
    number_column(),
    Column("unit", KEY, nullable=False),
    Column("receipt_id", KEY, nullable=False),
    Column("digest", KEY, nullable=False),
    Column("fault", KEY),
    UniqueConstraint("unit", "receipt_id", "digest", name="owed_once"),
)

# Confirmations for the next carry package of a unit's: of what came in a package made at `made`.
carried = Table("carried", metadata, *carried_columns())

# Two roots for one size are the proof that the hub rewrote its ledger, so both are kept.
held_checkpoints = Table(
    "held_checkpoints",
    metadata,
    Column("size", NUMBER, primary_key=True, autoincrement=False),
    Column("root", BYTES, primary_key=True),
    Column("note", TEXT, nullable=False),
    Column("seen", TIME, nullable=False),
    Column("said", TIME),
    Index("held_checkpoints_said", "said"),
)

quarantine = Table(
    "quarantine",
    metadata,
    number_column(),
    Column("unit", KEY, nullable=False),
    *quarantine_columns(),
    UniqueConstraint("unit", "digest", "queue", "broker_user", name="quarantine_once"),
)

failures = Table("failures", metadata, *failure_columns())

# The receipts of this node's units and the notices to them, numbered in the order in which they were committed: SQLite
# has one writer.
happened = Table(
    "happened",
    metadata,
    number_column(),
    Column("unit", KEY, nullable=False),
    Column("receipt_id", KEY, nullable=False),
)

# What the hub announced to a unit. `untold` is emptied when its office was told.
notices = Table(
    "notices",
    metadata,
    Column("unit", KEY, primary_key=True),
    Column("receipt_id", KEY, primary_key=True),
    Column("kind", KEY, nullable=False),
    Column("text", TEXT, nullable=False),
    Column("document", BYTES, nullable=False),
    Column("at", TIME, nullable=False),
    Column("until", TIME, nullable=False),
    Column("untold", TIME),
)

# What follows is of programs. `scopes` and `units` are words parted by spaces.
tokens = Table(
    "tokens",
    metadata,
    Column("id", KEY, primary_key=True),
    Column("name", TEXT, nullable=False),
    Column("digest", KEY, nullable=False),
    Column("scopes", TEXT, nullable=False),
    Column("units", TEXT, nullable=False),
    Column("created", TIME, nullable=False),
    Column("expires", TIME),
    Column("revoked", TIME),
    Column("used", TIME),
)

answers = Table(
    "answers",
    metadata,
    Column("token", KEY, primary_key=True),
    Column("key", KEY, primary_key=True),
    Column("digest", KEY, nullable=False),
    Column("at", TIME, nullable=False),
    Column("status", NUMBER),
    Column("body", BYTES, nullable=False),
    Index("answers_at", "at"),
)

locks = Table(
    "locks",
    metadata,
    Column("unit", KEY, primary_key=True),
    Column("envelope_id", KEY, primary_key=True),
    Column("sender", KEY, primary_key=True),
    Column("token", KEY, nullable=False),
    Column("until", TIME, nullable=False),
)

uploads = Table(
    "uploads",
    metadata,
    Column("unit", KEY, primary_key=True),
    Column("sha256", KEY, primary_key=True),
    Column("size", NUMBER, nullable=False),
    Column("at", TIME, nullable=False),
)

usage = Table(
    "usage",
    metadata,
    Column("unit", KEY, primary_key=True),
    Column("day", TIME, primary_key=True, autoincrement=False),
    Column("uploaded", NUMBER, nullable=False),
)

# `secrets`, `units`, `types`: words parted by spaces. `cursor`: the last of `happened` that was dealt with.
webhooks = Table(
    "webhooks",
    metadata,
    Column("id", KEY, primary_key=True),
    Column("token", KEY, nullable=False),
    Column("url", TEXT, nullable=False),
    Column("secrets", TEXT, nullable=False),
    Column("units", TEXT, nullable=False),
    Column("types", TEXT, nullable=False),
    Column("created", TIME, nullable=False),
    Column("cursor", NUMBER, nullable=False),
    Column("due", TIME, nullable=False),
    Column("attempts", NUMBER, nullable=False),
    Column("failing", TIME),
    Column("ended", TEXT, nullable=False),
)
