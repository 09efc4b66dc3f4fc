"""Brings a database to this release's schema, one step at a time, each in `migrations/<hub or node>`.

A release only adds what the one before it can live without, so that the old one may go on running meanwhile. A database
that a newer release has changed is refused: this one does not know what the changes mean.
"""

from functools import cache
from pathlib import Path

from sqlalchemy import Connection, Engine, MetaData, inspect, text

from exchange.errors import StorageError
from exchange.storage import tables_hub, tables_node
from exchange.storage.engine import open_engine, open_memory
from exchange.storage.faults import translated

__all__ = ["HEADS", "METADATA", "VERSION_TABLE", "image", "migrate", "open_migrated", "scripts"]

VERSION_TABLE = "schema_version"
METADATA: dict[str, MetaData] = {"hub": tables_hub.metadata, "node": tables_node.metadata}
# The newest step of each, so that an up-to-date database is opened without loading Alembic.
HEADS = {"hub": "hub_0016", "node": "node_0010"}

# Any number, as long as every process of this project that migrates takes the same.
_ADVISORY_LOCK = 0x79696469


def scripts(kind: str) -> Path:
    return Path(__file__).parent / "migrations" / kind


def migrate(engine: Engine, kind: str, to: str = "head") -> None:
    """Bring the database of a "hub" or "node" to the newest schema, or to the step `to`. Does nothing if it has it.
    Raises StorageError."""
    with translated():
        with engine.connect() as connection:
            if _version(connection) == HEADS[kind]:
                return
        with engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})"))
                # Whoever comes after a step that waits for a reader waits behind it: give up soon, and come again.
                connection.execute(text("SET LOCAL lock_timeout = '2s'"))
            _upgrade(connection, kind, to)


def open_migrated(url: str, kind: str) -> Engine:
    """As `open_engine`, then `migrate`. Whoever tries again and again leaves no connection behind."""
    engine = open_engine(url)
    try:
        migrate(engine, kind)
    except BaseException:
        engine.dispose()
        raise
    return engine


@cache
def image(kind: str) -> bytes:
    """The bytes of an empty SQLite database with the newest schema: a copy of it opens faster than one can be made."""
    engine = open_memory()
    migrate(engine, kind)
    with engine.connect() as connection:
        content = connection.connection.driver_connection.serialize()  # type: ignore[union-attr]
    engine.dispose()
    assert isinstance(content, bytes)
    return content


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608


def _upgrade(connection: Connection, kind: str, to: str) -> None:
    # Alembic takes a quarter of a second to load, and most starts do not need it.
    from alembic.operations import Operations  # noqa: PLC0415
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    script = ScriptDirectory(scripts(kind), version_locations=[scripts(kind)])
    current = _version(connection)
    if current is not None and current not in {step.revision for step in script.walk_revisions()}:
        raise StorageError(
            f"the database has the schema {current}, which this release does not know: "
            f"it belongs to a newer release, or is no database of a {kind}",
            code="STORAGE_NEWER",
        )
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    with Operations.context(context):
        for step in reversed(list(script.iterate_revisions(to, current or "base"))):
            step.module.upgrade()
    context.stamp(script, to)
