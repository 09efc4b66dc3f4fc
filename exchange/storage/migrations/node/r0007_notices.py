"""What the hub announced to this node's units. The release before sets a NOTICE aside."""

import sqlalchemy as sa
from alembic import op

revision = "node_0007"
down_revision = "node_0006"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "notices",
        sa.Column("unit", KEY, nullable=False),
        sa.Column("receipt_id", KEY, nullable=False),
        sa.Column("kind", KEY, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("unit", "receipt_id"),
    )
