"""The bytes of documents and receipts apart from their rows, by months on PostgreSQL; and counts that need no counting.

The release before goes on meanwhile and afterwards: it writes the bytes into the rows, where this one finds them, and
its columns stay. It cannot read bytes that this release wrote. Its documents are not noted in `tallies` until the next
recount. No table is rewritten or read under a lock; on SQLite, where nobody else is at work, two are copied.
"""

import sqlalchemy as sa
from alembic import op

revision = "hub_0004"
down_revision = "hub_0003"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
COUNT = (
    "INSERT INTO tallies (name, change) SELECT 'documents', count(*) FROM documents"
    " UNION ALL SELECT 'quarantined', count(*) FROM quarantine"
    " UNION ALL SELECT 'deliveries_' || transport, count(*) FROM deliveries GROUP BY transport"
)


def upgrade() -> None:
    op.create_table(
        "originals",
        sa.Column("at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("digest", KEY, nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("at", "digest"),
        postgresql_partition_by="RANGE (at)",
    )
    op.create_table(
        "tallies",
        sa.Column("no", SERIAL, autoincrement=True, nullable=False),
        sa.Column("name", KEY, nullable=False),
        sa.Column("change", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("no"),
    )
    op.execute(COUNT)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE TABLE originals_default PARTITION OF originals DEFAULT")
        # Last, for these two wait for whoever reads, and others then wait for them: a moment each.
        op.execute("ALTER TABLE documents ALTER COLUMN document DROP NOT NULL")
        op.execute("ALTER TABLE receipts ALTER COLUMN document DROP NOT NULL")
    else:
        for table in ("documents", "receipts"):
            with op.batch_alter_table(table) as batch:
                batch.alter_column("document", existing_type=sa.LargeBinary(), nullable=True)
