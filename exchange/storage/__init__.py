"""The stores: the only room with SQL.

    columns        column types, and the columns that hub and node have in common
    tables_hub     what a hub keeps
    tables_node    what a node keeps
    rows           a record of `exchange.ports` <-> a row
    engine         opens SQLite and PostgreSQL so that a commit is durable
    transaction    one transaction, and batches of statements in it
    faults         database errors -> `exchange.errors`
    migrate        brings a database to this release's schema; the steps stand in `migrations`
    hub, node      the stores themselves; `hub_*` and `node_*` are their methods, by noun

The hub's tables run unchanged on SQLite and PostgreSQL. Not here: files (`exchange.files`).
"""

from exchange.storage.hub import SqlHubSession, SqlHubStore, open_hub_store
from exchange.storage.node import SqlNodeSession, SqlNodeStore, open_node_store

__all__ = [
    "SqlHubSession",
    "SqlHubStore",
    "SqlNodeSession",
    "SqlNodeStore",
    "open_hub_store",
    "open_node_store",
]
