"""发文字号 and 文种 of documents, by which they are searched. What is there already, and what the release before adds,
has neither, and is found by its title as before."""

import sqlalchemy as sa
from alembic import op

revision = "hub_0016"
down_revision = "hub_0015"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("documents", sa.Column("number", sa.Text()))
    op.add_column("documents", sa.Column("type", KEY))
