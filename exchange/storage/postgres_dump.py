"""A PostgreSQL database as one file and back, by PostgreSQL's own pg_dump and pg_restore: consistent as of one moment,
beside whoever writes.

A password goes to them in the environment, never in their arguments. Not here: SQLite (`sqlite_file`), and the files
and keys that belong to a backup (`exchange.wiring.backup`).
"""

import os
import shutil
import subprocess
from pathlib import Path

from sqlalchemy import URL, inspect, make_url

from exchange.errors import InputError, StorageError
from exchange.storage.engine import open_engine
from exchange.storage.faults import translated

__all__ = ["dump", "is_empty", "restore"]

_DEBIAN = Path("/usr/lib/postgresql")
_SHOWN = 500


def dump(url: str, target: Path) -> None:
    """Write the database at `url` into the new file `target`. Raises InputError (BACKUP_TOOL), StorageError."""
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    # The lock is one that migrating waits for, never a worker: it must not wait behind a migration for ever.
    _run("pg_dump", url, "--format=custom", "--lock-wait-timeout=60s", f"--file={target}")


def restore(url: str, source: Path) -> None:
    """Fill the empty database at `url` from what `dump` wrote: all of it or nothing. Raises as `dump`."""
    _run("pg_restore", url, "--exit-on-error", "--single-transaction", str(source))


def is_empty(url: str) -> bool:
    """Whether there is no table. Raises InputError, StorageError."""
    engine = open_engine(url)
    try:
        with translated(), engine.connect() as connection:
            return not inspect(connection).get_table_names()
    finally:
        engine.dispose()


def _run(program: str, url: str, *arguments: str) -> None:
    parsed = make_url(url)
    where = URL.create(
        "postgresql",
        username=parsed.username,
        host=parsed.host,
        port=parsed.port,
        database=parsed.database,
        query=parsed.query,
    ).render_as_string()
    command = [_found(program), "--no-owner", "--no-privileges", f"--dbname={where}", *arguments]
    done = subprocess.run(  # noqa: S603  # PostgreSQL's own program, without a shell
        command, env=_environment(parsed), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise StorageError(f"{program} failed: {done.stderr.strip()[-_SHOWN:]}", code="STORAGE_COPY")


def _environment(url: URL) -> dict[str, str]:
    # Messages in one language, and nothing of this process's own settings for PostgreSQL but a password file.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG") or name == "PGPASSFILE"}
    password = {"PGPASSWORD": str(url.password)} if url.password else {}
    return kept | {"LC_ALL": "C.UTF-8"} | password


def _found(program: str) -> str:
    """On the path, else the newest that Debian has."""
    if (found := shutil.which(program)) is not None:
        return found
    newest = sorted(_DEBIAN.glob(f"*/bin/{program}"), key=lambda path: int(path.parts[-3]))
    if not newest:
        raise InputError(f"{program} is missing: install postgresql-client", code="BACKUP_TOOL")
    return str(newest[-1])
