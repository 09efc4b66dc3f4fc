"""The contract of the transports on a real RabbitMQ: pika, and kombu on the same broker."""

import itertools
from collections.abc import Iterator

import pytest

from exchange.model.unit import UnitCode
from exchange.ports.transport import Transport
from exchange.settings import Rabbit
from exchange.transport.portable import PortableTransport
from exchange.transport.rabbit_management import Management
from exchange.transport.rabbitmq import RabbitTransport
from exchange.trial.servers import RabbitServer
from tests.contract import test_transport as contract
from tests.integration.accounts import PASSWORD, Accounts, open_county

numbers = itertools.count()


@pytest.fixture(params=["pika", "kombu"])
def transport(request: pytest.FixtureRequest, rabbit: RabbitServer, management: Management) -> Iterator[Transport]:
    vhost = f"contract-{next(numbers)}"
    open_county(management, vhost, [contract.TOWN, contract.BUREAU, contract.STRANGER])

    def account(user: UnitCode | None) -> Transport:
        url = rabbit.url(user, PASSWORD, vhost) if user else rabbit.url(vhost=vhost)
        return RabbitTransport(Rabbit(urls=(url,))) if request.param == "pika" else PortableTransport(url)

    made = Accounts(account)
    made.declare([contract.TOWN, contract.BUREAU])
    yield made
    made.close()
    management.delete("vhosts", vhost)


# The same test functions, with the fixture above.
globals().update({name: test for name, test in vars(contract).items() if name.startswith("test_")})
