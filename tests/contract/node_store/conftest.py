"""The node's store as its contract is given it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from exchange.ports.node import (
    NodeStore,
)
from exchange.testing.stores import file_node_store, memory_node_store


@pytest.fixture(params=["memory", "file"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[NodeStore]:
    made: NodeStore = memory_node_store() if request.param == "memory" else file_node_store(tmp_path / "node.db")
    yield made
    made.close()
