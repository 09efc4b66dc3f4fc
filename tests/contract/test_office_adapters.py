"""Every office adapter that ships, through the crash matrix."""

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from exchange.testing.landray import LandrayOffice
from exchange.testing.o2oa import O2oaOffice
from exchange.testing.weaver import WeaverOffice
from tests.contract.crash_matrix import survive_every_step
from tests.contract.example_office import ExampleBench
from tests.contract.landray_office import LandrayBench, make_templates
from tests.contract.o2oa_office import O2oaBench, make_processes
from tests.contract.staging_office import StagingBench
from tests.contract.weaver_office import WeaverBench, make_workflows
from tests.unit.services.hub_and_node import A

PARTS = 4  # so that several processes share them


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


@pytest.mark.timeout(300)
@pytest.mark.parametrize("part", range(PARTS))
def test_the_staging_adapter_survives_a_death_at_every_step(folder: Path, part: int) -> None:
    """On SQLite; on PostgreSQL and MariaDB: tests/integration."""

    def bench(number: int) -> StagingBench:
        place = folder / str(number)
        place.mkdir()
        url = f"sqlite:///{place / 'staging.sqlite'}"
        return StagingBench(create_engine(url), url, place)

    survive_every_step(bench, part, PARTS)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("part", range(PARTS))
def test_the_weaver_adapter_survives_a_death_at_every_step(folder: Path, part: int) -> None:
    """Against a simulated office over HTTP, which checks nothing for uniqueness."""
    with ExitStack() as offices:

        def bench(number: int) -> WeaverBench:
            office = offices.enter_context(WeaverOffice())
            make_workflows(office)
            return WeaverBench(office, folder / str(number))

        survive_every_step(bench, part, PARTS)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("part", range(PARTS))
def test_the_o2oa_adapter_survives_a_death_at_every_step(part: int) -> None:
    """Against a simulated office over HTTP, which checks nothing for uniqueness, and takes files after the process has
    begun."""
    with ExitStack() as offices:

        def bench(_number: int) -> O2oaBench:
            office = offices.enter_context(O2oaOffice())
            make_processes(office)
            return O2oaBench(office)

        survive_every_step(bench, part, PARTS)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("soap", [False, True], ids=["rest", "soap"])
@pytest.mark.parametrize("part", range(PARTS))
def test_the_landray_adapter_survives_a_death_at_every_step(folder: Path, part: int, soap: bool) -> None:
    """Against a simulated office over HTTP, which checks nothing for uniqueness and lets nobody read a form."""
    with ExitStack() as offices:

        def bench(number: int) -> LandrayBench:
            office = offices.enter_context(LandrayOffice())
            make_templates(office)
            return LandrayBench(office, folder / str(number), soap=soap)

        survive_every_step(bench, part, PARTS)
