"""What operators did, and which of the messages set aside are settled. The release before writes and reads neither: for
it nothing is settled."""

import sqlalchemy as sa
from alembic import op

revision = "hub_0010"
down_revision = "hub_0009"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_STAY = "what operators did is not changed"


def upgrade() -> None:
    op.create_table(
        "acts",
        sa.Column("no", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("account", "operator", "verb")),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("target", "reason", "outcome")),
        sa.PrimaryKeyConstraint("no"),
        sqlite_autoincrement=True,
    )
    _keep_acts()
    op.add_column("quarantine", sa.Column("settled", sa.BigInteger(), nullable=True))
    op.add_column("quarantine", sa.Column("settlement", KEY, nullable=True))
    is_open = sa.text("settled IS NULL")
    op.create_index(
        "quarantine_open", "quarantine", ["code", "no"], unique=False, sqlite_where=is_open, postgresql_where=is_open
    )


def _keep_acts() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER acts_no_{verb.lower()} BEFORE {verb} ON acts BEGIN SELECT RAISE(ABORT, '{_STAY}'); END"
            )
        return
    op.execute(
        f"CREATE FUNCTION acts_stay() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{_STAY}'; END $$"
    )
    op.execute(
        "CREATE TRIGGER acts_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON acts"
        " FOR EACH STATEMENT EXECUTE FUNCTION acts_stay()"
    )
