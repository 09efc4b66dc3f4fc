"""Seeds in which a hub or a node is restored from an older backup while everything goes on: all heals.

`python -m tests.simulation` has everything else that can go wrong.
"""

import pytest

from tests.simulation.restored import hub_restored, node_restored


@pytest.mark.parametrize("seed", range(6))
def test_a_restored_hub_heals(seed: int) -> None:
    assert hub_restored(seed) == []


@pytest.mark.parametrize("seed", range(6))
def test_a_restored_node_heals(seed: int) -> None:
    assert node_restored(seed) == []
