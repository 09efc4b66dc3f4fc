"""Notices of which the unit's office was not told yet. What the release before adds is shown at the node alone."""

import sqlalchemy as sa
from alembic import op

revision = "node_0010"
down_revision = "node_0009"


def upgrade() -> None:
    op.add_column("notices", sa.Column("untold", sa.BigInteger()))
