"""The hub's store on SQLite or PostgreSQL.

Its session's methods stand by noun in `hub_acts`, `hub_archives`, `hub_documents`, `hub_figures`, `hub_holdings`,
`hub_ledger`, `hub_measures`, `hub_notices`, `hub_pauses`, `hub_presence`, `hub_receipts`, `hub_resends`,
`hub_search`, `hub_trouble` and `hub_usage`.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine

from exchange.storage.engine import open_memory
from exchange.storage.hub_acts import Acting
from exchange.storage.hub_archives import Archiving
from exchange.storage.hub_documents import Documents
from exchange.storage.hub_figures import Figuring
from exchange.storage.hub_holdings import Holdings
from exchange.storage.hub_ledger import Ledger
from exchange.storage.hub_measures import Measures
from exchange.storage.hub_notices import Notices
from exchange.storage.hub_pauses import Pausing
from exchange.storage.hub_presence import Attendance
from exchange.storage.hub_resends import Resending
from exchange.storage.hub_search import Searching
from exchange.storage.hub_trouble import Trouble
from exchange.storage.hub_usage import UsedUp
from exchange.storage.migrate import image, open_migrated
from exchange.storage.transaction import transaction

__all__ = ["SqlHubSession", "SqlHubStore", "open_hub_store"]


class SqlHubSession(
    Acting,
    Archiving,
    Attendance,
    Documents,
    Figuring,
    Holdings,
    Ledger,
    Measures,
    Notices,
    Pausing,
    Resending,
    Searching,
    Trouble,
    UsedUp,
):
    """`exchange.ports.hub.HubSession`, within one transaction."""


class SqlHubStore:
    """`exchange.ports.hub.HubStore`. `engine` is from `open_engine` and its database has the newest schema."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def begin(self) -> Iterator[SqlHubSession]:
        with transaction(self._engine) as current:
            yield SqlHubSession(current)

    def close(self) -> None:
        self._engine.dispose()


def open_hub_store(url: str) -> SqlHubStore:
    """Open the hub's database and bring it to the newest schema. Raises InputError, StorageError.

    `sqlite://` alone is a database in memory, gone with the store; else see `exchange.storage.engine`.
    """
    if url == "sqlite://":
        return SqlHubStore(open_memory(image("hub")))
    return SqlHubStore(open_migrated(url, "hub"))
