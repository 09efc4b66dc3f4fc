"""How long deliveries wait, found without reading them. The release before goes on without."""

import sqlalchemy as sa
from alembic import op

revision = "hub_0008"
down_revision = "hub_0007"


def upgrade() -> None:
    open_ones = sa.text("due IS NOT NULL")
    op.create_index(
        "deliveries_waiting",
        "deliveries",
        ["transport", "expires"],
        unique=False,
        sqlite_where=open_ones,
        postgresql_where=open_ones,
    )
