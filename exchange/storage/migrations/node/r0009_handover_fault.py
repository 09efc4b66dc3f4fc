"""Why a received document could not go into the office system. The release before leaves it as it is."""

import sqlalchemy as sa
from alembic import op

revision = "node_0009"
down_revision = "node_0008"


def upgrade() -> None:
    op.add_column("handovers", sa.Column("fault", sa.Text().with_variant(sa.Text(collation="C"), "postgresql")))
