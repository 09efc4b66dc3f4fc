"""What is confirmed to a unit in its next carry package. The release before writes and reads none."""

import sqlalchemy as sa
from alembic import op

revision = "hub_0006"
down_revision = "hub_0005"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "carried",
        sa.Column("unit", KEY, nullable=False),
        sa.Column("receipt_id", KEY, nullable=False),
        sa.Column("digest", KEY, nullable=False),
        sa.Column("fault", KEY),
        sa.Column("made", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("unit", "receipt_id", "digest"),
    )
