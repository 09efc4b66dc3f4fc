"""The first schema of a hub. What the tables mean stands in `exchange.storage.tables_hub`."""

import sqlalchemy as sa
from alembic import op

revision = "hub_0001"
down_revision = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "checkpoints",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("size"),
    )
    op.create_table(
        "claims",
        sa.Column("unit", KEY, nullable=False),
        sa.Column("digest", KEY, nullable=False),
        sa.PrimaryKeyConstraint("unit", "digest"),
    )
    op.create_table(
        "deliveries",
        sa.Column("envelope_id", KEY, nullable=False),
        sa.Column("sender", KEY, nullable=False),
        sa.Column("recipient", KEY, nullable=False),
        sa.Column("transport", sa.SmallInteger(), nullable=False),
        sa.Column("business", sa.SmallInteger(), nullable=False),
        sa.Column("reminders", sa.Integer(), nullable=False),
        sa.Column("printed", sa.Integer(), nullable=False),
        sa.Column("delivered_at", sa.BigInteger(), nullable=True),
        sa.Column("signed_at", sa.BigInteger(), nullable=True),
        sa.Column("signed_by", sa.Text(), nullable=True),
        sa.Column("moments", sa.Text(), nullable=False),
        sa.Column("digest", KEY, nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=True),
        sa.Column("sign_by", sa.BigInteger(), nullable=True),
        sa.Column("remind", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("envelope_id", "sender", "recipient"),
    )
    op.create_index(
        "deliveries_due",
        "deliveries",
        ["due"],
        unique=False,
        sqlite_where=sa.text("due IS NOT NULL"),
        postgresql_where=sa.text("due IS NOT NULL"),
    )
    op.create_index(
        "deliveries_remind",
        "deliveries",
        ["remind"],
        unique=False,
        sqlite_where=sa.text("remind IS NOT NULL"),
        postgresql_where=sa.text("remind IS NOT NULL"),
    )
    op.create_index("deliveries_state", "deliveries", ["transport", "business"], unique=False)
    op.create_table(
        "directories",
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("digest", KEY, nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("stored", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("version"),
    )
    op.create_table(
        "document_files",
        sa.Column("envelope_id", KEY, nullable=False),
        sa.Column("sender", KEY, nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sha256", KEY, nullable=False),
        sa.PrimaryKeyConstraint("envelope_id", "sender", "position"),
    )
    op.create_index("document_files_sha256", "document_files", ["sha256"], unique=False)
    op.create_table(
        "documents",
        sa.Column("envelope_id", KEY, nullable=False),
        sa.Column("sender", KEY, nullable=False),
        sa.Column("digest", KEY, nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("envelope_id", "sender"),
    )
    op.create_index("documents_received", "documents", ["received"], unique=False)
    op.create_table(
        "enrolments",
        sa.Column("unit", KEY, nullable=False),
        sa.Column("code_sha256", KEY, nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("unit"),
    )
    op.create_table(
        "entries",
        sa.Column("no", SERIAL, autoincrement=True, nullable=False),
        sa.Column("leaf", sa.BigInteger(), nullable=True),
        sa.Column("kind", KEY, nullable=False),
        sa.Column("sender", KEY, nullable=False),
        sa.Column("envelope_id", KEY, nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("digest", KEY, nullable=False),
        sa.Column("recorded", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("no"),
        sa.UniqueConstraint("envelope_id", "sender", "kind", "id", name="entries_once"),
        sa.UniqueConstraint("leaf", name="entries_leaf"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "entries_unsealed",
        "entries",
        ["no"],
        unique=False,
        sqlite_where=sa.text("leaf IS NULL"),
        postgresql_where=sa.text("leaf IS NULL"),
    )
    op.create_table(
        "failures",
        sa.Column("digest", KEY, nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_table(
        "forwards",
        sa.Column("unit", KEY, nullable=False),
        sa.Column("receipt_id", KEY, nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("unit", "receipt_id"),
    )
    op.create_index("forwards_due", "forwards", ["due"], unique=False)
    op.create_table(
        "owed",
        sa.Column("no", SERIAL, autoincrement=True, nullable=False),
        sa.Column("unit", KEY, nullable=False),
        sa.Column("receipt_id", KEY, nullable=False),
        sa.Column("digest", KEY, nullable=False),
        sa.Column("fault", KEY, nullable=True),
        sa.PrimaryKeyConstraint("no"),
        sa.UniqueConstraint("unit", "receipt_id", "digest", name="owed_once"),
    )
    op.create_table(
        "quarantine",
        sa.Column("no", SERIAL, autoincrement=True, nullable=False),
        sa.Column("digest", KEY, nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=True),
        sa.Column("queue", KEY, nullable=False),
        sa.Column("broker_user", KEY, nullable=False),
        sa.Column("code", KEY, nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("no"),
        sa.UniqueConstraint("digest", "queue", "broker_user", name="quarantine_once"),
    )
    op.create_table(
        "receipts",
        sa.Column("receipt_id", KEY, nullable=False),
        sa.Column("envelope_id", KEY, nullable=False),
        sa.Column("sender", KEY, nullable=False),
        sa.Column("recipient", KEY, nullable=True),
        sa.Column("event", KEY, nullable=False),
        sa.Column("digest", KEY, nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("recorded", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("receipt_id"),
    )
    op.create_index(
        "receipts_accepted",
        "receipts",
        ["envelope_id", "sender"],
        unique=False,
        sqlite_where=sa.text("event = 'ACCEPTED'"),
        postgresql_where=sa.text("event = 'ACCEPTED'"),
    )
    op.create_index("receipts_envelope", "receipts", ["envelope_id", "sender"], unique=False)
    op.create_table(
        "refusals",
        sa.Column("broker_user", KEY, nullable=False),
        sa.Column("digest", KEY, nullable=False),
        sa.Column("receipt_id", KEY, nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("broker_user", "digest"),
    )
    op.create_table(
        "tree_nodes",
        sa.Column("level", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "position"),
    )
