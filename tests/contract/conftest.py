"""The hub's store as its contract is given it. `tests.integration` gives it another."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from exchange.ports.hub import (
    HubStore,
)
from exchange.testing.stores import file_hub_store, memory_hub_store
from tests.contract.store_records import (
    Open,
)


@pytest.fixture
def open_again(tmp_path: Path) -> Iterator[Open]:
    """Opens one and the same database, as another process would."""
    opened: list[HubStore] = []

    def open_one() -> HubStore:
        opened.append(file_hub_store(tmp_path / "hub.db"))
        return opened[-1]

    yield open_one
    for store in opened:
        store.close()


@pytest.fixture(params=["memory", "file"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[HubStore]:
    made = file_hub_store(tmp_path / "hub.db") if request.param == "file" else memory_hub_store()
    yield made
    made.close()


@pytest.fixture
def passes_over() -> bool:
    """Whether a worker passes over rows that another holds. On SQLite it waits for the other's transaction."""
    return False
