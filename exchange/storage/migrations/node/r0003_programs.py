"""Programs beside the node: their tokens, answers, locks and uploads, and the order in which receipts were recorded.

The release before writes none of these: what it records while it still runs has no number, and programs learn of it by
looking at their documents.
"""

import sqlalchemy as sa
from alembic import op

revision = "node_0003"
down_revision = "node_0002"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "happened",
        sa.Column("no", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("unit", KEY, nullable=False),
        sa.Column("receipt_id", KEY, nullable=False),
        sa.PrimaryKeyConstraint("no"),
    )
    op.create_table(
        "tokens",
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", KEY, nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("units", sa.Text(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("expires", sa.BigInteger()),
        sa.Column("revoked", sa.BigInteger()),
        sa.Column("used", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "answers",
        sa.Column("token", KEY, nullable=False),
        sa.Column("key", KEY, nullable=False),
        sa.Column("digest", KEY, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.BigInteger()),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("token", "key"),
    )
    op.create_index("answers_at", "answers", ["at"])
    op.create_table(
        "locks",
        sa.Column("unit", KEY, nullable=False),
        sa.Column("envelope_id", KEY, nullable=False),
        sa.Column("sender", KEY, nullable=False),
        sa.Column("token", KEY, nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("unit", "envelope_id", "sender"),
    )
    op.create_table(
        "uploads",
        sa.Column("unit", KEY, nullable=False),
        sa.Column("sha256", KEY, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("unit", "sha256"),
    )
