"""What is confirmed to the hub in a unit's next carry package. The release before writes and reads none."""

import sqlalchemy as sa
from alembic import op

revision = "node_0005"
down_revision = "node_0004"

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
