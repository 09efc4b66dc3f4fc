"""When to look whether a document came for an uploaded file. What the release before adds counts as new."""

import sqlalchemy as sa
from alembic import op

revision = "hub_0013"
down_revision = "hub_0012"


def upgrade() -> None:
    op.add_column("claims", sa.Column("due", sa.BigInteger(), server_default="0"))
    has_due = sa.text("due IS NOT NULL")
    op.create_index("claims_due", "claims", ["due"], unique=False, sqlite_where=has_due, postgresql_where=has_due)
