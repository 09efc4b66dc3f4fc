"""Database errors -> the errors of this project, once and for all.

Not here: what a caller does about them. With a `StorageError` the whole transaction is undone, so trying it again is
always sound.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from exchange.errors import ConflictError, StorageError

__all__ = ["translated"]

_FULL = ("STORAGE_FULL", "the disk of the database is full: free some space; nothing was lost")
_BUSY = ("STORAGE_BUSY", "the database is locked by another process or transaction for too long")
_CORRUPT = ("STORAGE_CORRUPT", "the database is damaged: stop, keep a copy, and restore the last backup")
_READ_ONLY = (
    "STORAGE_READ_ONLY",
    "the database may not be written: check the owner and mode of file and folder",
)
_UNOPENABLE = (
    "STORAGE_OPEN",
    "the database cannot be opened: check that the folder exists and may be written",
)
_DISK = ("STORAGE_DISK", "the disk of the database failed to read or write")
_LOST = ("STORAGE_LOST", "the connection to the database is lost or refused")
_OTHER = ("STORAGE", "the database refused an operation")

# Names of SQLite's result codes; an extended one begins with its primary one.
_SQLITE = {
    "SQLITE_FULL": _FULL,
    "SQLITE_BUSY": _BUSY,
    "SQLITE_LOCKED": _BUSY,
    "SQLITE_CORRUPT": _CORRUPT,
    "SQLITE_NOTADB": _CORRUPT,
    "SQLITE_READONLY": _READ_ONLY,
    "SQLITE_PERM": _READ_ONLY,
    "SQLITE_CANTOPEN": _UNOPENABLE,
    "SQLITE_IOERR": _DISK,
}
# PostgreSQL's SQLSTATE; a class of two characters stands for what begins with it.
_POSTGRESQL = {
    "53100": _FULL,
    "55P03": _BUSY,
    "40P01": _BUSY,
    "40001": _BUSY,
    "25006": _READ_ONLY,
    "58030": _DISK,
    "XX001": _CORRUPT,
    "XX002": _CORRUPT,
    "08": _LOST,
    "57P": _LOST,
    "53300": _LOST,
}


@contextmanager
def translated() -> Iterator[None]:
    """Within the block, a SQLAlchemy error becomes `ConflictError` (a key is there already) or `StorageError`."""
    try:
        yield
    except IntegrityError as error:
        raise ConflictError("the store already holds a row with this key", detail=str(error.orig)) from error
    except PoolTimeoutError as error:
        raise StorageError(_BUSY[1], code=_BUSY[0], detail=str(error)) from error
    except DBAPIError as error:
        code, message = _kind(error)
        raise StorageError(message, code=code, detail=str(error.orig)) from error
    except SQLAlchemyError as error:
        raise StorageError(_OTHER[1], detail=str(error)) from error


def _kind(error: DBAPIError) -> tuple[str, str]:
    name = getattr(error.orig, "sqlite_errorname", None)
    state = getattr(error.orig, "sqlstate", None)
    for prefix, kind in _SQLITE.items():
        if name is not None and name.startswith(prefix):
            return kind
    for prefix, kind in _POSTGRESQL.items():
        if state is not None and state.startswith(prefix):
            return kind
    # psycopg gives no state when it cannot connect or the server is gone.
    return _LOST if name is None and state is None else _OTHER
