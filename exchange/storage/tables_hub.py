"""What a hub keeps. Nothing here is known to one database alone, but that PostgreSQL keeps `originals` by months.

The indexes on `due`, `remind` and unsealed entries are partial: they hold what is still to be done, so that a sweep
costs what it finds.
"""

from sqlalchemy import Column, Index, MetaData, Table, UniqueConstraint, column, text

from exchange.storage.columns import (
    BYTES,
    KEY,
    NUMBER,
    TEXT,
    TIME,
    carried_columns,
    checkpoint_columns,
    delivery_columns,
    directory_columns,
    document_columns,
    failure_columns,
    number_column,
    quarantine_columns,
    receipt_columns,
)

__all__ = [
    "HOURS",
    "acts",
    "archives",
    "carried",
    "checkpoints",
    "claims",
    "deliveries",
    "directories",
    "document_files",
    "documents",
    "enrolments",
    "entries",
    "failures",
    "forwards",
    "leases",
    "metadata",
    "notices",
    "originals",
    "owed",
    "pauses",
    "presence_days",
    "presences",
    "quarantine",
    "receipts",
    "refusals",
    "resends",
    "tallies",
    "tree_nodes",
    "unneeded",
    "usage",
]

metadata = MetaData()

_HAS_DUE = column("due").is_not(None)
_HAS_REMIND = column("remind").is_not(None)
_UNSEALED = column("leaf").is_(None)
_ACCEPTED = text("event = 'ACCEPTED'")
_OPEN = column("settled").is_(None)

directories = Table("directories", metadata, *directory_columns())

enrolments = Table(
    "enrolments",
    metadata,
    Column("unit", KEY, primary_key=True),
    Column("code_sha256", KEY, nullable=False),
    Column("expires", TIME, nullable=False),
    Column("used", TIME),
)

# The exact bytes of documents and receipts, by the time that their own row names (`received`, `recorded`) and their
# digest. Uniqueness for ever stands in those rows, so that the bytes may lie in one partition for each month.
originals = Table(
    "originals",
    metadata,
    Column("at", TIME, primary_key=True, autoincrement=False),
    Column("digest", KEY, primary_key=True),
    Column("document", BYTES, nullable=False),
    postgresql_partition_by="RANGE (at)",
)

# The files to which bytes of `start` to `end` were moved: `originals` of them lay here, and are all gone when `removed`
# is filled.
archives = Table(
    "archives",
    metadata,
    Column("file", KEY, primary_key=True),
    Column("start", TIME, nullable=False),
    Column("end", TIME, nullable=False),
    Column("sha256", KEY, nullable=False),
    Column("bytes", NUMBER, nullable=False),
    Column("documents", NUMBER, nullable=False),
    Column("receipts", NUMBER, nullable=False),
    Column("originals", NUMBER, nullable=False),
    Column("written", TIME, nullable=False),
    Column("removed", TIME),
)

# `document` is empty but for what an earlier release wrote, and for receipts kept when their month was archived.
# `number` (发文字号) and `type` (文种) are for searching; empty in what an earlier release wrote.
documents = Table(
    "documents",
    metadata,
    *document_columns(apart=True),
    Column("number", TEXT),
    Column("type", KEY),
    Index("documents_received", "received"),
)

document_files = Table(
    "document_files",
    metadata,
    Column("envelope_id", KEY, primary_key=True),
    Column("sender", KEY, primary_key=True),
    Column("position", NUMBER, primary_key=True, autoincrement=False),
    Column("sha256", KEY, nullable=False),
    Index("document_files_sha256", "sha256"),
)

deliveries = Table(
    "deliveries",
    metadata,
    *delivery_columns(),
    Index("deliveries_due", "due", sqlite_where=_HAS_DUE, postgresql_where=_HAS_DUE),
    Index("deliveries_remind", "remind", sqlite_where=_HAS_REMIND, postgresql_where=_HAS_REMIND),
    Index("deliveries_state", "transport", "business"),
    Index("deliveries_waiting", "transport", "expires", sqlite_where=_HAS_DUE, postgresql_where=_HAS_DUE),
)

receipts = Table(
    "receipts",
    metadata,
    *receipt_columns(apart=True),
    Index("receipts_envelope", "envelope_id", "sender"),
    Index("receipts_accepted", "envelope_id", "sender", sqlite_where=_ACCEPTED, postgresql_where=_ACCEPTED),
)

refusals = Table(
    "refusals",
    metadata,
    Column("broker_user", KEY, primary_key=True),
    Column("digest", KEY, primary_key=True),
    Column("receipt_id", KEY, nullable=False),
    Column("document", BYTES, nullable=False),
)

# What operators have dispatched once more, until the broker has it.
resends = Table(
    "resends",
    metadata,
    Column("envelope_id", KEY, primary_key=True),
    Column("sender", KEY, primary_key=True),
    Column("recipient", KEY, primary_key=True),
    Column("due", TIME, nullable=False),
    Column("attempts", NUMBER, nullable=False),
    Index("resends_due", "due"),
)

# What the hub announced, to how many units.
notices = Table(
    "notices",
    metadata,
    Column("receipt_id", KEY, primary_key=True),
    Column("kind", KEY, nullable=False),
    Column("text", TEXT, nullable=False),
    Column("document", BYTES, nullable=False),
    Column("at", TIME, nullable=False),
    Column("until", TIME, nullable=False),
    Column("units", NUMBER, nullable=False),
)

# Open ones only: the unit's NOTED removes the row, and a receipt that must go out once more is a new one.
forwards = Table(
    "forwards",
    metadata,
    Column("unit", KEY, primary_key=True),
    Column("receipt_id", KEY, primary_key=True),
    Column("due", TIME, nullable=False),
    Column("attempts", NUMBER, nullable=False),
    Index("forwards_due", "due"),
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

# Confirmations for a unit's next carry package: of what came in a package made at `made`.
carried = Table("carried", metadata, *carried_columns())

# `leaf` is the place in the Merkle tree, empty until sealed. SQLite counts `no` so that a number is never given twice.
entries = Table(
    "entries",
    metadata,
    number_column(),
    Column("leaf", NUMBER),
    Column("kind", KEY, nullable=False),
    Column("sender", KEY, nullable=False),
    Column("envelope_id", KEY, nullable=False),
    Column("id", KEY, nullable=False),
    Column("digest", KEY, nullable=False),
    Column("recorded", TIME, nullable=False),
    UniqueConstraint("leaf", name="entries_leaf"),
    UniqueConstraint("envelope_id", "sender", "kind", "id", name="entries_once"),
    Index("entries_unsealed", "no", sqlite_where=_UNSEALED, postgresql_where=_UNSEALED),
    sqlite_autoincrement=True,
)

tree_nodes = Table(
    "tree_nodes",
    metadata,
    Column("level", NUMBER, primary_key=True, autoincrement=False),
    Column("position", NUMBER, primary_key=True, autoincrement=False),
    Column("hash", BYTES, nullable=False),
)

checkpoints = Table("checkpoints", metadata, *checkpoint_columns())

leases = Table(
    "leases",
    metadata,
    Column("name", KEY, primary_key=True),
    Column("holder", KEY, nullable=False),
    Column("epoch", NUMBER, nullable=False),
    Column("expires", TIME, nullable=False),
)

# What `counts()` sums up: a row for each change, put together now and then. One row for each sum would have all
# workers wait for it.
tallies = Table(
    "tallies", metadata, number_column(), Column("name", KEY, nullable=False), Column("change", NUMBER, nullable=False)
)

# `due`: when to look whether a document of the unit's names the file; 0 for one not looked at yet, empty once there is.
claims = Table(
    "claims",
    metadata,
    Column("unit", KEY, primary_key=True),
    Column("digest", KEY, primary_key=True),
    Column("due", TIME, server_default="0"),
    Index("claims_digest", "digest"),
    Index("claims_due", "due", sqlite_where=_HAS_DUE, postgresql_where=_HAS_DUE),
)

# Files that a unit gave up. Whether anybody else needs them is looked at by who deletes them.
unneeded = Table("unneeded", metadata, Column("digest", KEY, primary_key=True))

quarantine = Table(
    "quarantine",
    metadata,
    number_column(),
    *quarantine_columns(),
    Column("settled", TIME),
    Column("settlement", KEY),
    UniqueConstraint("digest", "queue", "broker_user", name="quarantine_once"),
    Index("quarantine_open", "code", "no", sqlite_where=_OPEN, postgresql_where=_OPEN),
)

# What operators did. Triggers refuse every change.
acts = Table(
    "acts",
    metadata,
    number_column(),
    Column("at", TIME, nullable=False),
    *(Column(name, TEXT, nullable=False) for name in ("account", "operator", "verb", "target", "reason", "outcome")),
    sqlite_autoincrement=True,
)

failures = Table("failures", metadata, *failure_columns())

# By unit first: a router asks for the units of a batch on one day.
usage = Table(
    "usage",
    metadata,
    Column("unit", KEY, primary_key=True),
    Column("day", TIME, primary_key=True, autoincrement=False),
    Column("documents", NUMBER, nullable=False),
    Column("bytes", NUMBER, nullable=False),
    Column("uploaded", NUMBER, nullable=False, server_default="0"),
)

# Units whose documents are held.
pauses = Table(
    "pauses",
    metadata,
    Column("unit", KEY, primary_key=True),
    Column("since", TIME, nullable=False),
    Column("until", TIME),
    Column("reason", TEXT, nullable=False),
)

# The last that was heard of each unit; `report` is what it said of itself, as JSON.
presences = Table(
    "presences",
    metadata,
    Column("unit", KEY, primary_key=True),
    Column("said", TIME, nullable=False),
    Column("heard", TIME, nullable=False),
    Column("since", TIME, nullable=False),
    Column("report", TEXT, nullable=False),
)

# In which minutes a unit was heard: a column for each hour of the day, in it a bit for each minute. By day first: who
# asks wants all units of some days.
HOURS = tuple(f"h{hour:02}" for hour in range(24))
presence_days = Table(
    "presence_days",
    metadata,
    Column("day", TIME, primary_key=True, autoincrement=False),
    Column("unit", KEY, primary_key=True),
    *(Column(hour, NUMBER, nullable=False, server_default="0") for hour in HOURS),
)
