"""Ten thousand documents wait on a real RabbitMQ, and whoever must not wait behind them does not.

One router on the hub's own account judges signed envelopes into PostgreSQL. Progress is counted in documents, never
in time.
"""

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import amqp  # type: ignore[import-untyped]  # it ships no types
import pytest

from exchange.model.document import EmergencyDegree
from exchange.model.unit import UnitCode
from exchange.ports.transport import Message, PublishResult
from exchange.services.hub.hub import Hub
from exchange.services.hub.route import Router
from exchange.services.secrecy.plain_text import PlainText
from exchange.settings import Rabbit
from exchange.storage import SqlHubStore, open_hub_store
from exchange.testing.clock import FakeClock
from exchange.testing.files import MemoryFiles
from exchange.testing.ids import SeededIds
from exchange.testing.keys import HUB
from exchange.testing.metrics import RecordingLog, RecordingMetrics
from exchange.topology import ASIDE_QUEUES, Lane, aside_key, in_exchange, work_queue
from exchange.transport.provisioning import County, Provisioner
from exchange.transport.rabbit_management import Management
from exchange.transport.rabbitmq import RabbitTransport
from exchange.trial.servers import PostgresServer, RabbitServer
from tests.integration.databases import new_database
from tests.unit.services.hub_and_node import (
    COUNTY,
    NOTICE,
    A,
    B,
    C,
    D,
    E,
    Shortest,
    an_envelope,
    directory_record,
    signed,
)
from workers import router

MANY = 10_000
BATCH = 100
FEW = 1000  # one share and a batch, and what a slow broker lets through that looks like an empty queue for a moment
PASSWORD = "only-on-loopback"
URGENT = replace(NOTICE, emergency_degree=EmergencyDegree.EXTRA_URGENT)
WORK = (work_queue(Lane.URGENT), work_queue(Lane.NORMAL), *ASIDE_QUEUES)
numbers = itertools.count()


@dataclass(frozen=True, kw_only=True)
class Hall:
    """A broker provisioned for the county, the hub's store, and one router between them."""

    vhost: str
    rabbit: RabbitServer
    hub: Hub
    store: SqlHubStore
    transport: RabbitTransport

    def put(self, unit: UnitCode, documents: Sequence[bytes], lane: Lane = Lane.NORMAL) -> None:
        transport = RabbitTransport(Rabbit(urls=(self.rabbit.url(unit, PASSWORD, self.vhost),)))
        exchange = in_exchange(unit)
        batch = [Message(exchange=exchange, key=lane.value, body=body, user=unit) for body in documents]
        assert set(transport.publisher().publish(batch)) == {PublishResult.ACCEPTED}
        transport.close()

    def accepted(self) -> int:
        with self.store.begin() as session:
            return session.counts()["documents"]

    def has(self, unit: UnitCode, number: int) -> bool:
        key = an_envelope(sender=unit, number=number).key
        with self.store.begin() as session:
            return key in session.documents([key])

    def waiting(self, expected: int) -> dict[str, int]:
        """What lies in the queues, once all of it does: a closed consumer's messages come back in a moment."""
        end = time.monotonic() + 60
        while sum((counts := self._counts()).values()) != expected and time.monotonic() < end:
            time.sleep(0.2)
        return counts

    def _counts(self) -> dict[str, int]:
        connection = amqp.Connection(host=f"127.0.0.1:{self.rabbit.port}", virtual_host=self.vhost)
        connection.connect()
        channel = connection.channel()
        counts = {queue: channel.queue_declare(queue, passive=True).message_count for queue in WORK}
        connection.close()
        return counts


@pytest.fixture
def hall(rabbit: RabbitServer, management: Management, postgres: PostgresServer) -> Iterator[Hall]:
    vhost = f"lanes-{next(numbers)}"
    units = (A, B, C, D, E)
    county = County(
        units=units, hub_user="yidi-hub", hub_password="hub", vhost=vhost, passwords=dict.fromkeys(units, PASSWORD)
    )
    Provisioner(management).reconcile(county)
    transport = RabbitTransport(Rabbit(urls=(rabbit.url("yidi-hub", "hub", vhost),)))
    with new_database(postgres) as url:
        store = open_hub_store(url)
        with store.begin() as session:
            session.add_directory(directory_record())
        hub = Hub(
            id=HUB,
            store=store,
            files=MemoryFiles(),
            publisher=transport.publisher(),
            signer=COUNTY.hub,
            clock=FakeClock(),
            ids=SeededIds(),
            chance=Shortest(),
            metrics=RecordingMetrics(),
            log=RecordingLog(),
        )
        yield Hall(vhost=vhost, rabbit=rabbit, hub=hub, store=store, transport=transport)
        transport.close()
        store.close()
    management.delete("vhosts", vhost)
    for user in (*units, county.hub_user):
        management.delete("users", user)


def route_until(hall: Hall, done: Callable[[], bool]) -> int:
    """One router works until all is `done`; how many documents had been accepted before its last batch."""
    service, intake = Router(hall.hub, PlainText()), router.intake(hall.transport, hall.hub)
    before, end = hall.accepted(), time.monotonic() + 120
    while not done():
        assert time.monotonic() < end, f"not done, and {hall.accepted()} accepted"
        before = hall.accepted()
        router.step(service, intake, limit=BATCH)
    intake.close()
    return before


def test_an_urgent_document_overtakes_ten_thousand(hall: Hall) -> None:
    senders = (A, B, C, D)
    each = {unit: [signed(an_envelope(E, sender=unit, number=n)) for n in range(MANY // 4)] for unit in senders}
    for start in range(0, MANY // 4, 50):  # they come mixed, so that nobody sends more than another
        for unit in senders:
            hall.put(unit, each[unit][start : start + 50])
    at_work = route_until(hall, lambda: hall.accepted() >= 2 * BATCH)
    hall.put(E, [signed(an_envelope(A, sender=E, metadata=URGENT))], Lane.URGENT)
    assert route_until(hall, lambda: hall.has(E, 1)) < at_work + FEW
    assert hall.accepted() < at_work + FEW + BATCH
    hall.hub.publisher.close()
    assert hall.waiting(MANY + 1 - hall.accepted())[work_queue(Lane.NORMAL)] > MANY * 8 // 10


@pytest.mark.parametrize("lane", [Lane.NORMAL, Lane.URGENT])
def test_a_flood_of_one_unit_keeps_no_ordinary_document_of_another_waiting(hall: Hall, lane: Lane) -> None:
    metadata = URGENT if lane is Lane.URGENT else NOTICE
    hall.put(A, [signed(an_envelope(number=n, metadata=metadata)) for n in range(MANY)], lane)
    hall.put(D, [signed(an_envelope(sender=D))])
    assert route_until(hall, lambda: hall.has(D, 1)) < FEW
    accepted = hall.accepted()
    assert accepted < FEW + BATCH
    # What was moved is judged as A's when the lanes are empty, and nothing is lost.
    route_until(hall, lambda: hall.accepted() >= accepted + 2 * BATCH)
    hall.hub.publisher.close()
    waiting = hall.waiting(MANY + 1 - hall.accepted())
    assert waiting[f"work.aside.{aside_key(A)}"] > MANY * 8 // 10
    assert sum(waiting.values()) + hall.accepted() == MANY + 1
    assert isinstance(hall.hub.metrics, RecordingMetrics)
    assert hall.hub.metrics.counted("yidi_router_refusals_total") == 0
