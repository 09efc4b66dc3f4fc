"""How much each unit uploads in a day. The release before counts that in its memory and goes on without."""

import sqlalchemy as sa
from alembic import op

revision = "hub_0011"
down_revision = "hub_0010"


def upgrade() -> None:
    op.add_column("usage", sa.Column("uploaded", sa.BigInteger(), nullable=False, server_default="0"))
