"""Private servers for whoever sets up an exchange by commands."""

from collections.abc import Iterator

import pytest

from exchange.trial.servers import PostgresServer, RabbitServer


@pytest.fixture
def broker() -> Iterator[RabbitServer]:
    with RabbitServer(management=True, plugins=["rabbitmq_auth_mechanism_ssl"]) as server:
        yield server


@pytest.fixture
def database() -> Iterator[str]:
    with PostgresServer() as server:
        yield server.create_database("yidi")
