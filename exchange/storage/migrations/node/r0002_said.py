"""When the hub said a checkpoint that a node holds. The release before writes none and reads none."""

import sqlalchemy as sa
from alembic import op

revision = "node_0002"
down_revision = "node_0001"


def upgrade() -> None:
    op.add_column("held_checkpoints", sa.Column("said", sa.BigInteger()))
    op.create_index("held_checkpoints_said", "held_checkpoints", ["said"])
