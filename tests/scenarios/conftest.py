"""Stages. Whoever brings RabbitMQ and PostgreSQL adds a maker to `MAKERS`, and every scenario runs there too."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from exchange.adapters.sheet import read_units
from exchange.model.unit import Unit, UnitKind
from tests.scenarios.embedded import EmbeddedStage, found
from tests.scenarios.stage import Stage

MAKERS: dict[str, Callable[[Path], Stage]] = {"embedded": EmbeddedStage}


@pytest.fixture(scope="session")
def sheet(repository: Path) -> Path:
    """The county's 128 units, as its information centre lists them."""
    return repository / "examples" / "bozhou" / "units.csv"


@pytest.fixture(scope="session")
def units(sheet: Path) -> list[Unit]:
    return read_units(sheet)


@pytest.fixture(scope="session")
def office(units: list[Unit]) -> Unit:
    return next(unit for unit in units if unit.name == "区政府办")


@pytest.fixture(scope="session")
def townships(units: list[Unit]) -> list[Unit]:
    return [unit for unit in units if unit.kind is UnitKind.TOWNSHIP]


@pytest.fixture(scope="session", params=sorted(MAKERS))
def maker(request: pytest.FixtureRequest) -> Callable[[Path], Stage]:
    return MAKERS[request.param]


@pytest.fixture(scope="session")
def county(
    maker: Callable[[Path], Stage], sheet: Path, units: list[Unit], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The whole county, enrolled once; tests work on copies."""
    data = tmp_path_factory.mktemp("county") / "data"
    found(data)
    stage = maker(data)
    try:
        stage.import_units(sheet)
        stage.enrol(units)
    finally:
        stage.close()
    return data


@pytest.fixture
def data(county: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(county, tmp_path / "data"))


@pytest.fixture
def stage(maker: Callable[[Path], Stage], data: Path) -> Iterator[Stage]:
    """The county at work."""
    made = maker(data)
    yield made
    made.close()


@pytest.fixture
def empty_stage(maker: Callable[[Path], Stage], tmp_path: Path) -> Iterator[Stage]:
    """A hub that knows no unit yet."""
    found(tmp_path / "empty")
    made = maker(tmp_path / "empty")
    yield made
    made.close()
