"""RabbitMQ and the line to it go wrong in every way known; what the transport says of each message stays true.

ACCEPTED is there, UNROUTABLE, REFUSED and UNSENT are not, UNKNOWN may be either; nothing hangs, and nobody has to be
told when it is over.
"""

import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from exchange.errors import TransportError
from exchange.model.unit import parse_unit_code
from exchange.ports.transport import Consumer, Delivered, Message, Publisher, PublishResult
from exchange.settings import Rabbit
from exchange.topology import OUT, inbox_queue
from exchange.transport.rabbit_management import Management
from exchange.transport.rabbitmq import RabbitTransport
from exchange.trial.proxy import TcpProxy
from exchange.trial.servers import RabbitServer, ServerError, free_port

TOWN, BUREAU, STRANGER = (parse_unit_code(f"520304-{n:03}") for n in (1, 2, 999))
ACCEPTED, UNROUTABLE = PublishResult.ACCEPTED, PublishResult.UNROUTABLE
REFUSED, UNKNOWN, UNSENT = PublishResult.REFUSED, PublishResult.UNKNOWN, PublishResult.UNSENT
PATIENCE = 2.0  # seconds without any confirm


@pytest.fixture(scope="module")
def broker() -> Iterator[RabbitServer]:
    """One that these tests may break; each leaves it running."""
    with RabbitServer(management=True, settings={"max_message_size": "1000000"}) as server:
        yield server


@pytest.fixture
def management(broker: RabbitServer) -> Management:
    return Management(f"http://127.0.0.1:{broker.management_port}", "guest", "guest")


def settings(port: int, **others: object) -> Rabbit:
    quick = {
        "confirm_timeout_seconds": PATIENCE,
        "reconnect_base_seconds": 0.05,
        "reconnect_cap_seconds": 0.5,
        "connect_timeout_seconds": 2.0,
    }
    return Rabbit.model_validate({"urls": (f"amqp://guest:guest@127.0.0.1:{port}/",), **quick, **others})


@pytest.fixture
def transport(broker: RabbitServer, management: Management) -> Iterator[RabbitTransport]:
    management.delete("queues", "/", inbox_queue(TOWN))
    made = RabbitTransport(settings(broker.port))
    made.declare([TOWN, BUREAU])
    yield made
    made.close()


@pytest.fixture
def line(broker: RabbitServer) -> Iterator[TcpProxy]:
    with TcpProxy(broker.port) as proxy:
        yield proxy


@pytest.fixture
def far(line: TcpProxy, transport: RabbitTransport) -> Iterator[RabbitTransport]:
    """The same account over the bad line. What it needs was declared over a good one."""
    made = RabbitTransport(settings(line.port))
    yield made
    made.close()


def age_queues() -> None:
    """RabbitMQ 3.10 syncs who leads a new quorum queue about a second late: a kill before that leaves the queue without
    a leader for ever, confirmed messages and all."""
    time.sleep(2)


def numbered(count: int, size: int = 10, start: int = 0) -> list[Message]:
    return [Message(exchange=OUT, key=TOWN, body=b"%d" % n + b" " * size) for n in range(start, start + count)]


def until_accepted(publisher: Publisher, batch: Iterable[Message]) -> int:
    """What every sender does: those that may not be there again, until the broker has them. Returns how many they
    were."""
    left, again, deadline = list(batch), 0, time.monotonic() + 40
    while left:
        assert time.monotonic() < deadline, f"{len(left)} messages were never accepted"
        results = publisher.publish(left)
        assert set(results) <= {ACCEPTED, UNKNOWN, UNSENT}
        left = [message for message, result in zip(left, results, strict=True) if result is not ACCEPTED]
        again += len(left)
        if left:
            time.sleep(0.1)
    return again


def drain(consumer: Consumer, wanted: set[bytes]) -> set[bytes]:
    """Take and acknowledge until `wanted` has come; returns all that came."""
    seen: set[bytes] = set()
    deadline = time.monotonic() + 40
    while not wanted <= seen:
        assert time.monotonic() < deadline, f"{len(wanted - seen)} confirmed messages never came"
        batch = patiently(consumer)
        seen |= {delivered.body for delivered in batch}
        consumer.ack([delivered.tag for delivered in batch])
    return seen


def patiently(consumer: Consumer) -> list[Delivered]:
    try:
        return consumer.receive(500, 0.5)
    except TransportError:
        time.sleep(0.1)
        return []


def bodies(messages: Iterable[Message]) -> set[bytes]:
    return {message.body for message in messages}


def accepted(batch: list[Message], results: list[PublishResult]) -> set[bytes]:
    return {message.body for message, result in zip(batch, results, strict=True) if result is ACCEPTED}


def seconds_since(began: float) -> float:
    return time.monotonic() - began


# ------------------------------------------------------------------------------------------- the broker goes


@pytest.mark.parametrize("how", ["kill", "stop"])
def test_nothing_confirmed_is_lost_when_the_broker_ends_and_comes_back(
    broker: RabbitServer, transport: RabbitTransport, how: str
) -> None:
    results: dict[bytes, PublishResult] = {}
    stop = threading.Event()
    age_queues()
    publisher, consumer = transport.publisher(), transport.consumer([inbox_queue(TOWN)])
    seen: set[bytes] = set()

    def load() -> None:
        start = 0
        while not stop.is_set():
            batch = numbered(100, start=start)
            results.update(zip((message.body for message in batch), publisher.publish(batch), strict=True))
            start += 100
            time.sleep(0.02)

    def serve() -> None:
        while not stop.is_set():
            batch = patiently(consumer)
            seen.update(delivered.body for delivered in batch)
            consumer.ack([delivered.tag for delivered in batch])

    threads = [threading.Thread(target=load), threading.Thread(target=serve)]
    for thread in threads:
        thread.start()
    time.sleep(1)
    broker.kill() if how == "kill" else broker.stop()
    before = len(results)
    broker.start()
    time.sleep(2)
    stop.set()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()
    confirmed = {body for body, result in results.items() if result is ACCEPTED}
    assert confirmed <= seen | drain(consumer, confirmed - seen)
    assert set(results.values()) in ({ACCEPTED, UNSENT}, {ACCEPTED, UNKNOWN, UNSENT})
    assert any(result is ACCEPTED for result in list(results.values())[before:]), "publishing never resumed"


def test_a_wiped_broker_is_whole_again_and_everybody_goes_on(broker: RabbitServer, transport: RabbitTransport) -> None:
    publisher, consumer = transport.publisher(), transport.consumer([inbox_queue(TOWN)])
    until_accepted(publisher, numbered(10))
    drain(consumer, bodies(numbered(10)))
    broker.wipe()
    batch = numbered(500, start=100)
    until_accepted(publisher, batch)
    assert drain(consumer, bodies(batch)) == bodies(batch)


def test_a_broker_that_is_down_is_told_at_once(broker: RabbitServer, transport: RabbitTransport) -> None:
    publisher, consumer = transport.publisher(), transport.consumer([inbox_queue(TOWN)])
    age_queues()
    broker.kill()
    try:
        began = time.monotonic()
        assert publisher.publish(numbered(3)) == [UNSENT] * 3
        with pytest.raises(TransportError):
            consumer.receive(10, 0)
        with pytest.raises(TransportError):
            transport.declare([TOWN])
        assert seconds_since(began) < 5
    finally:
        broker.start()
    until_accepted(publisher, numbered(3))


@pytest.mark.parametrize(
    ("raise_alarm", "end_alarm"),
    [
        (["set_vm_memory_high_watermark", "0.000001"], ["set_vm_memory_high_watermark", "0.4"]),
        (["set_disk_free_limit", "100000GB"], ["set_disk_free_limit", "50MB"]),
    ],
    ids=["memory", "disk"],
)
def test_an_alarm_ends_publishing_at_once_while_consuming_goes_on(
    broker: RabbitServer, transport: RabbitTransport, raise_alarm: list[str], end_alarm: list[str]
) -> None:
    patient = RabbitTransport(settings(broker.port, confirm_timeout_seconds=3600.0))
    publisher, consumer = patient.publisher(), patient.consumer([inbox_queue(TOWN)])
    until_accepted(publisher, numbered(50))
    broker.rabbitmqctl(*raise_alarm)
    try:
        # The first are written before the broker says that it takes nothing.
        for start, fate in ((100, UNKNOWN), (200, UNSENT)):
            assert publisher.publish(numbered(20, start=start)) == [fate] * 20
        drain(consumer, bodies(numbered(50)))
    finally:
        broker.rabbitmqctl(*end_alarm)
    batch = numbered(20, start=300)
    until_accepted(publisher, batch)
    drain(consumer, bodies(batch))
    patient.close()


def test_a_broker_of_the_cluster_that_is_down_is_passed_over(broker: RabbitServer, transport: RabbitTransport) -> None:
    urls = tuple(f"amqp://guest:guest@127.0.0.1:{port}/" for port in (free_port(), broker.port))
    either = RabbitTransport(settings(0, urls=urls))
    until_accepted(either.publisher(), numbered(1))
    either.close()


# ------------------------------------------------------------------------------------- the broker says no


def test_a_full_inbox_refuses_and_what_it_refused_is_not_there(
    transport: RabbitTransport, management: Management
) -> None:
    policy = {"pattern": "^inbox", "definition": {"max-length": 10}, "apply-to": "queues"}
    management.put("policies", "/", "small", body=policy)
    try:
        batch = numbered(300)
        results = transport.publisher().publish(batch)
        assert set(results) == {ACCEPTED, REFUSED}
    finally:
        management.delete("policies", "/", "small")
    assert drain(transport.consumer([inbox_queue(TOWN)]), accepted(batch, results)) == accepted(batch, results)


def test_one_message_that_costs_the_channel_is_named_and_the_others_go_through(transport: RabbitTransport) -> None:
    odd = {
        50: (Message(exchange="nowhere", key=TOWN, body=b"no such exchange"), UNROUTABLE),
        150: (Message(exchange=OUT, key=TOWN, body=b"x" * 1_000_001), REFUSED),
        250: (Message(exchange=OUT, key=TOWN, body=b"forged", user=STRANGER), REFUSED),
        350: (Message(exchange=OUT, key=STRANGER, body=b"no queue"), UNROUTABLE),
    }
    batch = numbered(1000)
    for index, (message, _) in odd.items():
        batch[index] = message
    results = transport.publisher().publish(batch)
    assert {index: results[index] for index in odd} == {index: result for index, (_, result) in odd.items()}
    assert {result for index, result in enumerate(results) if index not in odd} <= {ACCEPTED, UNKNOWN}
    healthy = bodies(batch) - {message.body for message, _ in odd.values()}
    assert drain(transport.consumer([inbox_queue(TOWN)]), healthy) == healthy


def test_a_deleted_queue_is_an_error_until_it_is_there_again(
    broker: RabbitServer, management: Management, transport: RabbitTransport
) -> None:
    without_rights_to_declare = RabbitTransport(settings(broker.port))
    consumer = without_rights_to_declare.consumer([inbox_queue(TOWN)])
    assert consumer.receive(1, 0) == []
    management.delete("queues", "/", inbox_queue(TOWN))
    with pytest.raises(TransportError):
        consumer.receive(1, 5)
    transport.declare([TOWN])
    until_accepted(transport.publisher(), numbered(1))
    drain(consumer, bodies(numbered(1)))
    without_rights_to_declare.close()


def test_a_queue_that_confirms_nothing_costs_only_its_own_messages(
    broker: RabbitServer, transport: RabbitTransport
) -> None:
    leader = f"whereis('%2F_{inbox_queue(TOWN)}')"
    publisher = transport.publisher()
    healthy = [Message(exchange=OUT, key=BUREAU, body=b"%d" % n) for n in range(3)]
    assert publisher.publish([*numbered(1), *healthy]) == [ACCEPTED] * 4
    broker.rabbitmqctl("eval", f"sys:suspend({leader}).")
    assert publisher.publish([*numbered(1), *healthy]) == [UNKNOWN, *[ACCEPTED] * 3]
    began = time.monotonic()
    assert publisher.publish(healthy) == [ACCEPTED] * 3
    assert seconds_since(began) < 0.5
    broker.rabbitmqctl("eval", f"sys:resume({leader}).")
    until_accepted(publisher, numbered(1))


# ---------------------------------------------------------------------------------------------- the line


@pytest.mark.parametrize("count", [1_000, 20_000, 100_000])
def test_a_line_cut_in_the_middle_of_a_batch(line: TcpProxy, far: RabbitTransport, count: int) -> None:
    publisher, batch = far.publisher(), numbered(1000, size=200)
    assert publisher.publish(numbered(1, start=10_000)) == [ACCEPTED]
    line.cut_after(count)
    results = publisher.publish(batch)
    assert UNKNOWN in results
    until_accepted(publisher, [message for message, fate in zip(batch, results, strict=True) if fate is not ACCEPTED])
    drain(far.consumer([inbox_queue(TOWN)]), bodies(batch))


@pytest.mark.parametrize("fault", ["stall", "half_open"])
def test_a_silent_line_is_given_up_in_time(line: TcpProxy, far: RabbitTransport, fault: str) -> None:
    publisher = far.publisher()
    assert publisher.publish(numbered(1)) == [ACCEPTED]
    getattr(line, fault)()
    began = time.monotonic()
    window = settings(line.port).window
    assert publisher.publish(numbered(300)) == [UNKNOWN] * window + [UNSENT] * (300 - window)
    assert seconds_since(began) < PATIENCE + 1
    line.flow()
    until_accepted(publisher, numbered(300))


def test_closing_over_a_stalled_line_ends(line: TcpProxy, far: RabbitTransport) -> None:
    publisher, consumer = far.publisher(), far.consumer([inbox_queue(TOWN)])
    assert publisher.publish(numbered(1)) == [ACCEPTED]
    consumer.receive(1, 1)
    line.stall()
    began = time.monotonic()
    far.close()
    assert seconds_since(began) < 10


def test_a_consumer_notices_a_reset_and_its_old_tags_do_nothing(line: TcpProxy, far: RabbitTransport) -> None:
    consumer = far.consumer([inbox_queue(TOWN)])
    until_accepted(far.publisher(), numbered(20))
    stale = consumer.receive(10, 5)
    line.reset()
    consumer.receive(10, 0)  # what was pushed before
    with pytest.raises(TransportError):
        consumer.receive(10, 5)
    fresh: list[Delivered] = []
    while len(fresh) < 20:
        fresh += patiently(consumer)
    consumer.ack([delivered.tag for delivered in stale])
    assert consumer.receive(20, 0.5) == []
    assert not {delivered.tag for delivered in stale} & {delivered.tag for delivered in fresh}
    assert all(delivered.redelivered for delivered in fresh if delivered.body in {one.body for one in stale})
    consumer.close()
    assert drain(consumer, bodies(numbered(20))) == bodies(numbered(20))


def test_a_slow_line_of_a_village_takes_time_and_loses_nothing(
    broker: RabbitServer, transport: RabbitTransport
) -> None:
    with TcpProxy(broker.port, latency_seconds=0.3, bytes_per_second=64_000) as line:
        far = RabbitTransport(settings(line.port, connect_timeout_seconds=10.0))
        batch = numbered(60, size=10_000)  # ten seconds on this line: longer than the patience for any one confirm
        publisher = far.publisher()
        until_accepted(publisher, numbered(1))
        assert publisher.publish(batch) == [ACCEPTED] * 60
        drain(far.consumer([inbox_queue(TOWN)]), bodies(batch))
        far.close()


# ------------------------------------------------------------------------------------------- the servers


def test_a_server_that_does_not_start_shows_its_log() -> None:
    with (
        pytest.raises(ServerError, match=r"(?s)did not start:.*no_such_setting"),
        RabbitServer(settings={"no_such_setting": "1"}),
    ):
        pass


def test_a_package_that_is_missing_is_named_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exchange.trial.servers._RABBIT", Path("/nowhere"))
    with pytest.raises(ServerError, match="apt-get install -y rabbitmq-server"):
        RabbitServer()
