"""The adapter that the documentation shows, through the crash matrix."""

import sqlite3
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.contract.crash_matrix import survive_every_step
from tests.contract.example_office import ExampleBench
from tests.unit.services.hub_and_node import A


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """In memory where there is such a place: these deaths are exceptions, so nothing depends on what was synced."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else tmp_path) as name:
        yield Path(name)


@pytest.mark.timeout(300)
def test_the_adapter_that_the_documentation_shows_survives_a_death_at_every_step(folder: Path) -> None:
    survive_every_step(lambda number: ExampleBench(folder / f"{number}.sqlite"))


def test_the_adapter_that_the_documentation_shows_says_which_table_is_missing(tmp_path: Path) -> None:
    bench = ExampleBench(tmp_path / "office.sqlite")
    assert list(bench.open().check([A])) == []
    with sqlite3.connect(bench.file) as office:
        office.execute("DROP TABLE deeds")
    office.close()
    (misfit,) = bench.open().check([A])
    assert "has no table deeds" in misfit.found


def test_the_adapter_that_the_documentation_shows_is_closed_by_another_thread_than_uses_it(tmp_path: Path) -> None:
    adapter = ExampleBench(tmp_path / "office.sqlite").open()
    assert list(adapter.collect(A)) == []
    with ThreadPoolExecutor(1) as other:
        other.submit(adapter.close).result()
