"""Three RabbitMQ nodes as one broker: one is killed under load, and started again; everybody goes on at the others."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Self

import pytest

from exchange.errors import TransportError
from exchange.model.unit import parse_unit_code
from exchange.ports.transport import Consumer, Message, Publisher, PublishResult
from exchange.settings import Rabbit
from exchange.topology import Lane, in_exchange, inbox_queue, work_queue
from exchange.transport.rabbit_management import Management
from exchange.transport.rabbit_state import BrokerState, look
from exchange.transport.rabbitmq import RabbitTransport
from exchange.trial.cluster import RabbitCluster
from exchange.trial.servers import RabbitServer

TOWN, LATECOMER = (parse_unit_code(f"520304-{n:03}") for n in (1, 2))
WORK = work_queue(Lane.NORMAL)
SECONDS = 60.0


@pytest.fixture(scope="module")
def cluster() -> Iterator[RabbitCluster]:
    """One for all; each test leaves it whole."""
    with RabbitCluster() as made:
        yield made


def transport_of(*nodes: RabbitServer) -> RabbitTransport:
    """With the URL of each, in this order."""
    return RabbitTransport(
        Rabbit(
            urls=tuple(node.url() for node in nodes),
            confirm_timeout_seconds=5.0,
            reconnect_base_seconds=0.05,
            reconnect_cap_seconds=0.5,
            connect_timeout_seconds=2.0,
        )
    )


@pytest.fixture
def declared(cluster: RabbitCluster) -> RabbitCluster:
    transport = transport_of(*cluster.nodes)
    transport.declare([TOWN])
    transport.close()
    until(lambda: all_online(state(cluster.nodes[0])))
    return cluster


def state(node: RabbitServer) -> BrokerState:
    return look(Management(f"http://127.0.0.1:{node.management_port}", "guest", "guest"), "/")


def all_online(found: BrokerState) -> bool:
    """Every queue has a member on each node, all of them follow, and a leader that tells of itself."""
    return bool(found.queues) and all(len(one.members) == len(one.online) == 3 and one.told for one in found.queues)


def leader_of(queue: str, node: RabbitServer) -> str:
    rows = node.rabbitmqctl("list_queues", "name", "leader").splitlines()
    return next(row.split("\t")[1] for row in rows if row.startswith(f"{queue}\t"))


def until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not happened():
        assert time.monotonic() < deadline, f"did not happen in {SECONDS} s"
        time.sleep(0.2)


class Load:
    """One publisher and one consumer, a thread each; at most 200 messages under way, and a pause between."""

    def __init__(self, publisher: Publisher, consumer: Consumer) -> None:
        self._publisher, self._consumer = publisher, consumer
        self.fates: dict[bytes, PublishResult] = {}
        self.seen: set[bytes] = set()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._publish), threading.Thread(target=self._consume)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(SECONDS)
            assert not thread.is_alive(), "a call into the transport hangs"

    @property
    def confirmed(self) -> set[bytes]:
        return {body for body, fate in self.fates.copy().items() if fate is PublishResult.ACCEPTED}

    def goes_on(self) -> None:
        """Both ways: something new is confirmed, and comes."""
        before = self.confirmed
        until(lambda: bool((self.confirmed - before) & self.seen))

    def drain(self) -> None:
        """Everything that was confirmed has come, what was confirmed last, too."""
        deadline = time.monotonic() + SECONDS
        while missing := self.confirmed - self.seen:
            assert time.monotonic() < deadline, f"{len(missing)} confirmed messages never came"
            self._take()

    def _publish(self) -> None:
        number = 0
        while not self._stop.is_set():
            bodies = [b"%d" % one for one in range(number, number + 50)]
            number += 50
            batch = [Message(exchange=in_exchange(TOWN), key=Lane.NORMAL.value, body=body) for body in bodies]
            self.fates.update(zip(bodies, self._publisher.publish(batch), strict=True))
            self._stop.wait(0.05)

    def _consume(self) -> None:
        while not self._stop.is_set():
            self._take()

    def _take(self) -> None:
        try:
            batch = self._consumer.receive(200, 0.5)
        except TransportError:
            time.sleep(0.1)
            return
        self.seen |= {one.body for one in batch}
        self._consumer.ack([one.tag for one in batch])


def test_every_queue_lives_on_all_three_nodes(declared: RabbitCluster) -> None:
    names = {queue.name for queue in state(declared.nodes[0]).queues}
    assert {WORK, inbox_queue(TOWN), "dead"} <= names
    for node in declared.nodes:
        found = state(node)
        assert all_online(found)
        assert {one.name for one in found.nodes} == {one.name for one in declared.nodes}
        assert found.is_whole


@pytest.mark.timeout(300)
@pytest.mark.parametrize("connected", ["to the leader", "to a follower"])
def test_nothing_confirmed_is_lost_and_everybody_goes_on_when_the_leaders_node_is_killed(
    declared: RabbitCluster, connected: str
) -> None:
    leader = declared.named(leader_of(WORK, declared.nodes[0]))
    followers = declared.others(leader)
    nodes = [leader, *followers] if connected == "to the leader" else [*followers, leader]
    transport = transport_of(*nodes)
    load = Load(transport.publisher(), transport.consumer([WORK]))
    with load:
        load.goes_on()
        leader.kill()
        load.goes_on()  # while it is dead
        assert leader_of(WORK, followers[0]) in {one.name for one in followers}
        leader.start()
        load.goes_on()
        until(lambda: all_online(state(leader)))  # it has caught up by itself
        load.goes_on()
    load.drain()
    assert PublishResult.UNROUTABLE not in load.fates.values()
    transport.close()


@pytest.mark.timeout(240)
def test_a_queue_made_while_a_node_was_down_has_a_member_there_as_soon_as_it_is_back(declared: RabbitCluster) -> None:
    absent, *present = declared.nodes
    absent.kill()
    try:
        transport = transport_of(absent, *present)
        transport.declare([LATECOMER])
        transport.close()
        made = queue_named(inbox_queue(LATECOMER), present[0])
        assert set(made.online) == {one.name for one in present}
        assert not state(present[0]).is_whole
    finally:
        absent.start()
    until(lambda: len(queue_named(inbox_queue(LATECOMER), present[0]).online) == 3)


@pytest.mark.timeout(240)
def test_two_dead_nodes_of_three_confirm_nothing_false_and_all_goes_on_when_one_is_back(
    declared: RabbitCluster,
) -> None:
    survivor, *dying = declared.nodes
    transport = transport_of(survivor, *dying)
    load = Load(transport.publisher(), transport.consumer([WORK]))
    with load:
        load.goes_on()
        for node in dying:
            node.kill()
        try:
            time.sleep(6)  # longer than a publisher waits for its confirm
            assert PublishResult.UNKNOWN in load.fates.values()
        finally:
            dying[0].start()
        load.goes_on()
        dying[1].start()
        until(lambda: all_online(state(survivor)))
    load.drain()
    transport.close()


def queue_named(name: str, node: RabbitServer) -> Any:
    return next(one for one in state(node).queues if one.name == name)
