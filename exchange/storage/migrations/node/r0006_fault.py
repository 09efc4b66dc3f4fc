"""Why a document in the outbox could not leave. The release before leaves it as it is."""

import sqlalchemy as sa
from alembic import op

revision = "node_0006"
down_revision = "node_0005"


def upgrade() -> None:
    op.add_column("outbox", sa.Column("fault", sa.Text().with_variant(sa.Text(collation="C"), "postgresql")))
