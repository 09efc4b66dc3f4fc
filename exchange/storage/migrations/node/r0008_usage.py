"""How much a unit's programs upload in a day. The release before counts that in its memory and goes on without."""

import sqlalchemy as sa
from alembic import op

revision = "node_0008"
down_revision = "node_0007"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "usage",
        sa.Column("unit", KEY, nullable=False),
        sa.Column("day", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("uploaded", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("unit", "day"),
    )
