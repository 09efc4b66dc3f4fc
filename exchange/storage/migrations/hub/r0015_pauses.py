"""Units whose documents are held. The release before holds nothing: pause nobody while it still runs."""

import sqlalchemy as sa
from alembic import op

revision = "hub_0015"
down_revision = "hub_0014"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "pauses",
        sa.Column("unit", KEY, nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("unit"),
    )
