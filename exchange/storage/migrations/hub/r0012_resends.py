"""What operators have dispatched once more. The release before leaves it waiting."""

import sqlalchemy as sa
from alembic import op

revision = "hub_0012"
down_revision = "hub_0011"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "resends",
        sa.Column("envelope_id", KEY, nullable=False),
        sa.Column("sender", KEY, nullable=False),
        sa.Column("recipient", KEY, nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("envelope_id", "sender", "recipient"),
    )
    op.create_index("resends_due", "resends", ["due"], unique=False)
