"""Real servers, started by the tests themselves: a missing package is an error that says what to install."""

from collections.abc import Iterator

import pytest

from exchange.transport.rabbit_management import Management
from exchange.trial.servers import PostgresServer, RabbitServer


@pytest.fixture(scope="session")
def rabbit() -> Iterator[RabbitServer]:
    """One broker for all who need just a broker, each in a virtual host of its own; who breaks it starts another."""
    with RabbitServer(management=True) as server:
        yield server


@pytest.fixture(scope="session")
def management(rabbit: RabbitServer) -> Management:
    return Management(f"http://127.0.0.1:{rabbit.management_port}", "guest", "guest")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        yield server
