"""Which files nobody may need any more: one step deletes them all. The release before deletes its own by itself."""

import sqlalchemy as sa
from alembic import op

revision = "hub_0009"
down_revision = "hub_0008"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table("unneeded", sa.Column("digest", KEY, nullable=False), sa.PrimaryKeyConstraint("digest"))
