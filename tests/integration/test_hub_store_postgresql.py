"""The contract of the hub's store on a real PostgreSQL, each test in a database of its own."""

from collections.abc import Iterator

import pytest

from exchange.ports.hub import HubStore
from exchange.storage import open_hub_store
from exchange.trial.servers import PostgresServer
from tests.contract import test_hub_store as contract
from tests.integration.databases import new_database


@pytest.fixture
def open_again(postgres: PostgresServer) -> Iterator[contract.Open]:
    opened: list[HubStore] = []
    with new_database(postgres) as url:

        def open_one() -> HubStore:
            opened.append(open_hub_store(url))
            return opened[-1]

        yield open_one
        for store in opened:
            store.close()


@pytest.fixture
def store(open_again: contract.Open) -> HubStore:
    return open_again()


@pytest.fixture
def passes_over() -> bool:
    return True


# The same test functions, with the fixtures above.
globals().update({name: test for name, test in vars(contract).items() if name.startswith("test_")})
