"""Which units are there, and in which minutes of which days they were. The release before hears nobody."""

import sqlalchemy as sa
from alembic import op

revision = "hub_0007"
down_revision = "hub_0006"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "presences",
        sa.Column("unit", KEY, nullable=False),
        sa.Column("said", sa.BigInteger(), nullable=False),
        sa.Column("heard", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("unit"),
    )
    op.create_table(
        "presence_days",
        sa.Column("day", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("unit", KEY, nullable=False),
        *(sa.Column(f"h{hour:02}", sa.BigInteger(), nullable=False, server_default="0") for hour in range(24)),
        sa.PrimaryKeyConstraint("day", "unit"),
    )
