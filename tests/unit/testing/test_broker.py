"""Each thing the fake broker can do wrong, shown going wrong."""

from collections import Counter
from datetime import timedelta

import pytest

from exchange.errors import TransportError
from exchange.model.unit import parse_unit_code
from exchange.ports.transport import Message, PublishResult
from exchange.testing.broker import FakeBroker, FakeConsumer, Faults
from exchange.testing.clock import FakeClock
from exchange.topology import OUT, inbox_queue

TOWN = parse_unit_code("520304-001")
INBOX = inbox_queue(TOWN)


class Crash(BaseException):
    """The process ends here."""


def broker(faults: Faults | None = None, clock: FakeClock | None = None) -> FakeBroker:
    made = FakeBroker(clock=clock, faults=faults, chance=7)
    made.transport().declare([TOWN])
    return made


def publish(fake: FakeBroker, *bodies: bytes) -> list[PublishResult]:
    return fake.transport("sender").publisher().publish([Message(exchange=OUT, key=TOWN, body=body) for body in bodies])


def consumer(fake: FakeBroker) -> FakeConsumer:
    return fake.transport("reader").consumer([INBOX])


def bodies(reader: FakeConsumer) -> list[bytes]:
    return [delivered.body for delivered in reader.receive(1000, 0)]


def numbered(count: int) -> list[bytes]:
    return [b"%d" % number for number in range(count)]


@pytest.mark.parametrize(
    ("fault", "told", "arriving"),
    [
        ("lose", PublishResult.ACCEPTED, 0),
        ("refuse", PublishResult.REFUSED, 0),
        ("unknown_lost", PublishResult.UNKNOWN, 0),
        ("unknown_stored", PublishResult.UNKNOWN, 1),
        ("duplicate", PublishResult.ACCEPTED, 2),
    ],
)
def test_what_is_told_and_what_arrives_may_differ(fault: str, told: PublishResult, arriving: int) -> None:
    fake = broker(Faults(**{fault: 1.0}))
    assert publish(fake, b"a") == [told]
    assert bodies(consumer(fake)) == [b"a"] * arriving
    assert [(step.outcome, step.stored) for step in fake.history if step.action == "publish"] == [(told, arriving)]


def test_a_chance_of_one_half_happens_about_half_the_time_and_alike_for_one_seed() -> None:
    runs = [publish(broker(Faults(refuse=0.5)), *numbered(1000)) for _ in range(2)]
    assert runs[0] == runs[1]
    assert 400 < Counter(runs[0])[PublishResult.REFUSED] < 600


def test_reordered_messages_all_arrive() -> None:
    fake = broker(Faults(reorder=1.0))
    publish(fake, *numbered(50))
    arrived = bodies(consumer(fake))
    assert arrived != numbered(50)
    assert sorted(arrived) == sorted(numbered(50))


def test_a_delayed_message_arrives_once_its_time_has_come() -> None:
    clock = FakeClock()
    fake = broker(Faults(delay=1.0, longest_delay_seconds=60), clock)
    publish(fake, b"a")
    reader = consumer(fake)
    assert (bodies(reader), fake.depth(INBOX)) == ([], 1)
    clock.advance(timedelta(minutes=1))
    assert (bodies(reader), fake.depth(INBOX)) == ([b"a"], 0)


def test_a_lost_acknowledgement_brings_the_message_again_when_the_connection_goes() -> None:
    fake = broker(Faults(lose_ack=1.0))
    publish(fake, b"a")
    reader = consumer(fake)
    [delivered] = reader.receive(1, 0)
    reader.ack([delivered.tag])
    assert bodies(reader) == []
    reader.close()
    assert bodies(consumer(fake)) == [b"a"]


def test_a_cut_connection_brings_what_was_held_again_and_makes_tags_stale() -> None:
    fake = broker()
    publish(fake, b"a", b"b")
    reader = consumer(fake)
    stale = [delivered.tag for delivered in reader.receive(2, 0)]
    fake.faults = Faults(cut=1.0)
    assert reader.receive(2, 0) == []
    fake.faults = Faults()
    reader.ack(stale)
    again = reader.receive(2, 0)
    assert [(delivered.body, delivered.redelivered) for delivered in again] == [(b"a", True), (b"b", True)]


def test_the_end_of_a_process_brings_what_it_held_again_in_order() -> None:
    fake = broker()
    publish(fake, *numbered(4))
    process = fake.transport("reader")
    process.consumer([INBOX]).receive(3, 0)
    process.close()
    assert bodies(consumer(fake)) == numbered(4)


def test_a_broker_that_is_down_takes_nothing_and_keeps_what_it_has() -> None:
    fake = broker()
    publish(fake, b"a")
    reader = consumer(fake)
    reader.receive(1, 0)
    fake.stop()
    assert publish(fake, b"b") == [PublishResult.UNSENT]
    with pytest.raises(TransportError):
        reader.receive(1, 0)
    with pytest.raises(TransportError):
        fake.transport().declare([TOWN])
    fake.start()
    assert bodies(reader) == [b"a"]


@pytest.mark.parametrize("keep_topology", [True, False])
def test_a_wipe_takes_every_message_waiting_delayed_or_held(keep_topology: bool) -> None:
    clock = FakeClock()
    fake = broker(clock=clock)
    publish(fake, b"held", b"waiting")
    reader = consumer(fake)
    [held] = reader.receive(1, 0)
    fake.faults = Faults(delay=1.0)
    publish(fake, b"delayed")
    fake.faults = Faults()
    fake.wipe(keep_topology=keep_topology)
    reader.ack([held.tag])
    reader.close()
    clock.advance(timedelta(days=1))
    assert bodies(reader) == []
    assert publish(fake, b"a") == [PublishResult.ACCEPTED if keep_topology else PublishResult.UNROUTABLE]
    assert "wipe" in [step.action for step in fake.history]


@pytest.mark.parametrize(
    ("step", "stored"), [("publish.before", 0), ("publish.each", 0), ("publish.each:2", 1), ("publish.after", 3)]
)
def test_a_process_may_crash_at_each_step_of_publishing(step: str, stored: int) -> None:
    fake = broker()
    name, _, nth = step.partition(":")
    fake.hook = CrashAt(name, int(nth or 1))
    with pytest.raises(Crash):
        publish(fake, *numbered(3))
    fake.hook = None
    assert fake.depth(INBOX) == stored


@pytest.mark.parametrize(
    ("step", "coming_again"),
    [
        ("receive.before", [b"0", b"1"]),
        ("receive.after", [b"0", b"1"]),
        ("ack.before", [b"0", b"1"]),
        ("ack.after", [b"1"]),
        ("reject.before", [b"1"]),
        ("reject.after", []),
    ],
)
def test_a_process_may_crash_at_each_step_of_consuming(step: str, coming_again: list[bytes]) -> None:
    fake = broker()
    publish(fake, *numbered(2))
    process = fake.transport("reader", hook=CrashAt(step))
    reader = process.consumer([INBOX])
    with pytest.raises(Crash):
        acknowledge_first_and_reject_second(reader)
    process.close()
    assert bodies(consumer(fake)) == coming_again


def acknowledge_first_and_reject_second(reader: FakeConsumer) -> None:
    first, second = reader.receive(2, 0)
    reader.ack([first.tag])
    reader.reject([second.tag], requeue=False)


class CrashAt:
    """Ends the process at the nth time it comes to `step`."""

    def __init__(self, step: str, nth: int = 1) -> None:
        self._step, self._left = step, nth

    def __call__(self, step: str) -> None:
        self._left -= step == self._step
        if self._left == 0:
            raise Crash


def test_the_history_tells_who_did_what_in_order() -> None:
    fake = broker()
    publish(fake, *numbered(2))
    acknowledge_first_and_reject_second(consumer(fake))
    assert [(step.client, step.action, step.queue, step.body, step.tag) for step in fake.history] == [
        ("sender", "publish", INBOX, b"0", 0),
        ("sender", "publish", INBOX, b"1", 0),
        ("reader", "receive", INBOX, b"0", 1),
        ("reader", "receive", INBOX, b"1", 2),
        ("reader", "ack", INBOX, b"0", 1),
        ("reader", "reject", INBOX, b"1", 2),
    ]


@pytest.mark.parametrize("chance", [-0.1, 1.1, 60])
def test_a_chance_is_from_0_to_1(chance: float) -> None:
    with pytest.raises(ValueError, match="cut"):
        Faults(cut=chance)
