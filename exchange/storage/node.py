"""A node's store on SQLite.

Its session's methods stand by noun in `node_documents`, `node_notices`, `node_receipts`, `node_outbox`,
`node_programs`, `node_trouble`, `node_usage` and `node_webhooks`.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine

from exchange.storage.engine import open_memory
from exchange.storage.migrate import image, open_migrated
from exchange.storage.node_notices import Notices
from exchange.storage.node_outbox import Outbox
from exchange.storage.node_programs import Programs
from exchange.storage.node_receipts import Receipts
from exchange.storage.node_trouble import Trouble
from exchange.storage.node_usage import UsedByPrograms
from exchange.storage.node_webhooks import Webhooks
from exchange.storage.transaction import transaction

__all__ = ["SqlNodeSession", "SqlNodeStore", "open_node_store"]


class SqlNodeSession(Programs, UsedByPrograms, Webhooks, Receipts, Notices, Outbox, Trouble):
    """`exchange.ports.node.NodeSession`, within one transaction."""


class SqlNodeStore:
    """`exchange.ports.node.NodeStore`. `engine` is from `open_engine` and its database has the newest schema."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._turn = threading.Lock()

    @contextmanager
    def begin(self) -> Iterator[SqlNodeSession]:
        # SQLite would have our own threads look for their turn now and then; a lock wakes the next one at once.
        with self._turn, transaction(self._engine) as current:
            yield SqlNodeSession(current)

    @contextmanager
    def look(self) -> Iterator[SqlNodeSession]:
        with transaction(self._engine, reading=True) as current:
            yield SqlNodeSession(current)

    def close(self) -> None:
        self._engine.dispose()


def open_node_store(url: str) -> SqlNodeStore:
    """Open a node's database and bring it to the newest schema. Raises InputError, StorageError.

    `sqlite://` alone is a database in memory, gone with the store; else see `exchange.storage.engine`.
    """
    if url == "sqlite://":
        return SqlNodeStore(open_memory(image("node")))
    return SqlNodeStore(open_migrated(url, "node"))
