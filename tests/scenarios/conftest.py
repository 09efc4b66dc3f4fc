"""Stages. Every scenario runs on each kind of servers that `maker` knows: in one process, and on RabbitMQ and
PostgreSQL with workers and nodes as processes of their own."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from exchange.adapters.sheet import read_units
from exchange.model.unit import Unit, UnitKind
from tests.scenarios.embedded import EmbeddedMaker
from tests.scenarios.servers import ServersMaker
from tests.scenarios.stage import Maker, NewHub, Stage

_NONE = SimpleNamespace(params={})


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


@pytest.fixture(scope="session")
def embedded(sheet: Path, tmp_path_factory: pytest.TempPathFactory) -> EmbeddedMaker:
    return EmbeddedMaker(tmp_path_factory.mktemp("county"), sheet)


@pytest.fixture(scope="session")
def servers(units: list[Unit], tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServersMaker]:
    made = ServersMaker(tmp_path_factory.mktemp("servers"), units)
    yield made
    made.close()


@pytest.hookimpl(tryfirst=True)  # before the tests are dealt out
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Servers are started once: one process runs all that happens on them, and the first test there waits for it.
    `long_on_servers`: there, it is part of `./run long` alone."""
    for item in items:
        if isinstance(item, pytest.Function) and "servers" in getattr(item, "callspec", _NONE).params.values():
            item.add_marker(pytest.mark.xdist_group("servers"))
            item.add_marker(pytest.mark.timeout(300))
            if item.get_closest_marker("long_on_servers"):
                item.add_marker(pytest.mark.long)


@pytest.fixture(scope="session", params=["embedded", "servers"])
def maker(request: pytest.FixtureRequest) -> Maker:
    made: Maker = request.getfixturevalue(request.param)
    return made


@pytest.fixture
def data(embedded: EmbeddedMaker, tmp_path: Path) -> Path:
    """The whole county as a one-machine exchange, at rest."""
    return Path(shutil.copytree(embedded.enrolled, tmp_path / "data"))


@pytest.fixture
def stage(maker: Maker, tmp_path: Path) -> Iterator[Stage]:
    """The county at work."""
    made = maker.county(tmp_path)
    yield made
    made.close()


@pytest.fixture
def new_hub(maker: Maker, tmp_path: Path) -> Iterator[NewHub]:
    """A hub that knows no unit yet."""
    made = maker.empty(tmp_path)
    yield made
    made.close()
