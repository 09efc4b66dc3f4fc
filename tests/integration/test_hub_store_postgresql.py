"""The contract of the hub's store on a real PostgreSQL, each test in a database of its own."""

from collections.abc import Iterator

import pytest

from exchange.ports.hub import HubStore
from exchange.storage import open_hub_store
from exchange.trial.servers import PostgresServer
from tests.contract import (
    test_hub_files_at_once,
    test_hub_store,
    test_hub_store_documents,
    test_hub_store_figures,
    test_hub_store_ledger,
    test_hub_store_measures,
    test_hub_store_presence,
    test_hub_store_receipts,
    test_hub_store_search,
    test_hub_store_units,
)
from tests.contract.store_records import Open
from tests.integration.databases import new_database


@pytest.fixture
def open_again(postgres: PostgresServer) -> Iterator[Open]:
    opened: list[HubStore] = []
    with new_database(postgres) as url:

        def open_one() -> HubStore:
            opened.append(open_hub_store(url))
            return opened[-1]

        yield open_one
        for store in opened:
            store.close()


@pytest.fixture
def store(open_again: Open) -> HubStore:
    return open_again()


@pytest.fixture
def passes_over() -> bool:
    return True


# The same test functions, with the fixtures above.
for _contract in (
    test_hub_files_at_once,
    test_hub_store,
    test_hub_store_documents,
    test_hub_store_figures,
    test_hub_store_ledger,
    test_hub_store_measures,
    test_hub_store_presence,
    test_hub_store_receipts,
    test_hub_store_search,
    test_hub_store_units,
):
    globals().update({name: test for name, test in vars(_contract).items() if name.startswith("test_")})
