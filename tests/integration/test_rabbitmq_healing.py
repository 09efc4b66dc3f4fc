"""A queue that lost its leader for ever, on the real broker: how it shows, and that it is made anew."""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace

import pytest

from exchange.errors import TransportError
from exchange.model.unit import UnitCode, parse_unit_code
from exchange.ports.transport import Message, PublishResult
from exchange.settings import Rabbit
from exchange.topology import OUT, inbox_queue
from exchange.transport.provisioning import County, Provisioner
from exchange.transport.rabbit_healing import Healer
from exchange.transport.rabbit_management import Management
from exchange.transport.rabbit_state import look
from exchange.transport.rabbitmq import RabbitTransport
from exchange.trial.servers import RabbitServer

TOWN, BUREAU = (parse_unit_code(f"520304-{n:03}") for n in (1, 2))
COUNTY = County(units=(TOWN, BUREAU), hub_user="yidi-hub", hub_password="hub-password")
LOST = inbox_queue(TOWN)


@pytest.fixture
def broker() -> Iterator[RabbitServer]:
    with RabbitServer(management=True) as server:
        yield server


def lose_leader(broker: RabbitServer) -> None:
    """What a power cut leaves of a queue that was declared in the second before: its name, and no process's data."""
    broker.rabbitmqctl("eval", f"ra:force_delete_server(quorum_queues, {{'%2F_{LOST}', node()}}).")
    broker.kill()
    broker.start()


def until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline, "did not happen in a minute"
        time.sleep(0.5)


@pytest.mark.timeout(240)
def test_a_queue_without_leader_is_found_deleted_and_declared_anew(broker: RabbitServer) -> None:
    management = Management(f"http://127.0.0.1:{broker.management_port}", "guest", "guest")
    provisioner = Provisioner(management)
    provisioner.reconcile(COUNTY)
    lose_leader(broker)
    until(lambda: look(management, "/").silent == (LOST,))

    transport = RabbitTransport(
        Rabbit(urls=(broker.url(COUNTY.hub_user, COUNTY.hub_password),), confirm_timeout_seconds=10)
    )
    publisher, message = transport.publisher(), Message(exchange=OUT, key=TOWN, body=b"<out/>")
    assert publisher.publish([message]) != [PublishResult.ACCEPTED]

    healer = Healer(
        lambda: look(management, "/"), lambda queue: management.delete("queues", "/", queue), patience_seconds=10
    )
    ours = {queue.name for queue in look(management, "/").queues}
    assert healer.heal(ours, 0) == ()
    assert healer.heal(ours, 10) == (LOST,)
    assert f"queue / {LOST}" in provisioner.reconcile(COUNTY).set
    until(lambda: publisher.publish([message]) == [PublishResult.ACCEPTED])
    until(lambda: look(management, "/").silent == ())
    transport.close()


@pytest.mark.timeout(300)
def test_queues_without_leader_hold_up_no_other_and_are_read_again_once_they_are_made_anew(
    broker: RabbitServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("exchange.transport.rabbit_consumer._REST_SECONDS", 5.0)
    units = tuple(parse_unit_code(f"520304-{n:03}") for n in range(1, 9))
    well, queues = units[-1], [inbox_queue(unit) for unit in units]
    management = Management(f"http://127.0.0.1:{broker.management_port}", "guest", "guest")
    provisioner, county = Provisioner(management), replace(COUNTY, units=units)
    provisioner.reconcile(county)
    for queue in queues[:-1]:  # as a broker leaves them that cannot start their processes
        broker.rabbitmqctl("eval", f"ra:stop_server(quorum_queues, {{'%2F_{queue}', node()}}).")

    hub = RabbitTransport(Rabbit(urls=(broker.url(COUNTY.hub_user, COUNTY.hub_password),), confirm_timeout_seconds=10))
    own = RabbitTransport(Rabbit(urls=(broker.url(),)))
    publisher, consumer = hub.publisher(), own.consumer(queues)
    got: list[bytes] = []

    def received() -> list[bytes]:
        with suppress(TransportError):
            found = consumer.receive(10, 1)
            got.extend(one.body for one in found)
            consumer.ack([one.tag for one in found])
        return got

    def arrives(to: UnitCode, body: bytes) -> None:
        until(lambda: publisher.publish([Message(exchange=OUT, key=to, body=body)]) == [PublishResult.ACCEPTED])
        until(lambda: body in received())

    arrives(well, b"<first/>")
    for queue in queues[:-1]:
        management.delete("queues", "/", queue)
    provisioner.reconcile(county)
    for unit in units:
        arrives(unit, f"<{unit}/>".encode())
    for transport in (hub, own):
        transport.close()


def test_a_broker_that_does_not_answer_is_a_transport_error(broker: RabbitServer) -> None:
    management = Management(f"http://127.0.0.1:{broker.management_port}", "guest", "guest")
    broker.stop()
    with pytest.raises(TransportError):
        look(management, "/")
