"""A hub that archives while it works, dies at it, is restored: the simulation that ./run sim does not have."""

from pathlib import Path

import pytest

from tests.simulation.archived import hub_archived


@pytest.mark.parametrize("seed", range(16))
def test_archiving_changes_nothing_but_where_the_bytes_are(seed: int, tmp_path: Path) -> None:
    assert hub_archived(seed, tmp_path) == []
