"""Fair shares: a flood is moved aside, nobody waits behind it, and nothing of it is lost."""

from collections.abc import Iterator

import pytest

from exchange.errors import TransportError
from exchange.model.unit import UnitCode, parse_unit_code
from exchange.ports.transport import Message
from exchange.services.hub.fair_intake import FairIntake, Share
from exchange.testing.broker import FakeBroker, Faults
from exchange.testing.metrics import RecordingLog, RecordingMetrics
from exchange.topology import ASIDE_QUEUES, Lane, aside_key, in_exchange, work_queue
from workers.router import QUEUES

FLOOD, QUIET, THIRD, FOURTH = (parse_unit_code(f"520304-{n:03}") for n in (1, 2, 3, 4))
NORMAL = work_queue(Lane.NORMAL)


class Hall:
    """A broker with lanes, and a router's intake that lets five in a row through."""

    def __init__(self) -> None:
        self.broker = FakeBroker()
        self.broker.declare([FLOOD, QUIET, THIRD, FOURTH])
        self.metrics, self.log = RecordingMetrics(), RecordingLog()
        self.transport = self.broker.transport("router")
        self.intake = FairIntake(
            self.transport.consumer(QUEUES),
            QUEUES,
            self.transport.consumer(ASIDE_QUEUES, in_turn=True),
            self.transport.publisher(),
            self.metrics,
            self.log,
            in_a_row=5,
        )

    def put(self, unit: UnitCode, count: int, lane: Lane = Lane.NORMAL, start: int = 0) -> None:
        publisher = self.broker.transport("units").publisher()
        for n in range(start, start + count):
            body = f"{unit[-3:]} {n}".encode()
            publisher.publish([Message(exchange=in_exchange(unit), key=lane.value, body=body, user=unit)])

    def take(self, limit: int = 10) -> list[str]:
        """One batch, acknowledged."""
        batch = self.intake.receive(limit, 0)
        self.intake.ack([message.tag for message in batch])
        return [message.body.decode() for message in batch]

    def drain(self, limit: int = 10) -> Iterator[list[str]]:
        while batch := self.take(limit):
            yield batch

    def aside(self) -> int:
        return sum(map(self.broker.depth, ASIDE_QUEUES))


@pytest.fixture
def hall() -> Hall:
    return Hall()


def names(unit: UnitCode, numbers: range) -> list[str]:
    return [f"{unit[-3:]} {n}" for n in numbers]


def test_who_waits_behind_a_flood_is_served_after_a_handful_of_it(hall: Hall) -> None:
    hall.put(FLOOD, 200)
    hall.put(QUIET, 2)
    served = [body for batch in hall.drain() for body in batch]
    assert served.index("002 0") <= 20
    assert served.index("002 1") <= 21
    assert sorted(served) == sorted(names(FLOOD, range(200)) + names(QUIET, range(2)))
    assert served[:5] == names(FLOOD, range(5))


def test_however_long_the_flood_is_only_a_handful_of_it_comes_first(hall: Hall) -> None:
    hall.put(FLOOD, 1500)
    hall.put(QUIET, 1)
    served: list[str] = []
    while hall.broker.depth(NORMAL):
        served += hall.take(10)
    assert served[:5] == names(FLOOD, range(5))
    assert served.index("002 0") <= 15
    assert len(served) + hall.aside() == 1501


def test_a_lane_without_a_backlog_is_served_as_it_comes(hall: Hall) -> None:
    hall.put(FLOOD, 9)
    assert hall.take(10) == names(FLOOD, range(9))
    assert hall.aside() == 0
    hall.log.expect_quiet()


def test_senders_who_all_send_much_are_not_held_against_each_other(hall: Hall) -> None:
    for n in range(100):
        for unit in (FLOOD, QUIET, THIRD):
            hall.put(unit, 1, start=n)
    served = [body for batch in hall.drain() for body in batch]
    assert len(served) == 300
    assert hall.metrics.counted("yidi_router_aside_total") == 0


def test_urgent_documents_have_a_share_of_their_own(hall: Hall) -> None:
    hall.put(FLOOD, 100)
    for _ in range(3):
        hall.take(10)
    hall.put(FLOOD, 4, Lane.URGENT)
    assert hall.take(10)[:4] == names(FLOOD, range(4))


def test_a_flood_of_urgent_documents_keeps_no_ordinary_one_waiting(hall: Hall) -> None:
    hall.put(FLOOD, 200, Lane.URGENT)
    hall.put(QUIET, 1)
    served = [body for batch in hall.drain() for body in batch]
    assert served.index("002 0") <= 20
    assert len(served) == 201


def test_an_urgent_document_of_another_overtakes_what_was_moved(hall: Hall) -> None:
    hall.put(FLOOD, 100)
    while hall.broker.depth(NORMAL):
        hall.take(10)
    waiting = hall.aside()
    assert waiting > 70
    hall.put(QUIET, 1, Lane.URGENT)
    assert hall.take(10)[0] == "002 0"


def test_what_was_moved_comes_with_its_sender_and_floods_take_turns(hall: Hall) -> None:
    assert aside_key(FLOOD) != aside_key(QUIET)
    hall.put(FLOOD, 60)
    hall.put(QUIET, 60)
    while hall.broker.depth(NORMAL):
        hall.take(10)
    assert hall.aside() > 50
    batch = hall.intake.receive(20, 0)
    assert {message.user for message in batch} == {FLOOD, QUIET}
    assert [message.user for message in batch] == [message.user for message in batch[:2]] * 10
    assert all(message.body.decode()[:3] == str(message.user)[-3:] for message in batch)


def test_what_could_not_be_moved_for_lack_of_an_answer_is_served_at_once(hall: Hall) -> None:
    hall.put(FLOOD, 20)
    hall.broker.faults = Faults(unknown_lost=1)
    assert hall.take(20) == names(FLOOD, range(20))
    assert hall.metrics.counted("yidi_router_aside_total") == 0


def test_what_finds_no_room_aside_is_left_to_its_senders_outbox(hall: Hall) -> None:
    hall.put(FLOOD, 20)
    hall.broker.faults = Faults(refuse=1)
    assert hall.take(20) == names(FLOOD, range(5))
    assert hall.metrics.counted("yidi_router_aside_total", outcome="left") == 15
    assert hall.broker.depth(NORMAL) == hall.aside() == 0


def test_moved_messages_leave_the_lane_only_after_the_confirm(hall: Hall) -> None:
    hall.put(FLOOD, 20)
    hall.take(20)
    steps = [(step.action, step.body) for step in hall.broker.history if step.client == "router"]
    for n in range(5, 20):
        body = f"001 {n}".encode()
        assert steps.index(("publish", body)) < steps.index(("ack", body))


def test_a_flood_is_told_once_with_its_sender(hall: Hall) -> None:
    hall.put(FLOOD, 100)
    list(hall.drain())
    warnings = [line for line in hall.log.lines if line.level == "warning"]
    assert [(line.event, line.fields["user"]) for line in warnings] == [("unit_floods", FLOOD)]
    hall.put(FLOOD, 100)
    list(hall.drain())
    assert hall.log.events("warning") == ["unit_floods"] * 2


def test_messages_given_back_come_again_from_where_they_were(hall: Hall) -> None:
    hall.put(FLOOD, 20)
    first = hall.intake.receive(20, 0)
    second = hall.intake.receive(20, 0)
    assert (len(first), len(second)) == (5 + 15, 0)
    hall.intake.reject([message.tag for message in first], requeue=True)
    again = hall.intake.receive(20, 0)
    assert {message.body for message in again} == {message.body for message in first}
    assert all(message.redelivered for message in again if message.queue == NORMAL)


def test_a_broker_that_is_gone_is_told_but_what_is_held_is_served(hall: Hall) -> None:
    hall.put(FLOOD, 3)
    broken = FakeBroker()
    broken.stop()
    intake = FairIntake(
        hall.transport.consumer(QUEUES),
        QUEUES,
        broken.transport().consumer(ASIDE_QUEUES, in_turn=True),
        hall.transport.publisher(),
        hall.metrics,
        hall.log,
    )
    assert len(intake.receive(10, 0)) == 3
    with pytest.raises(TransportError):
        intake.receive(10, 0)


def test_a_share_is_twice_an_equal_one_with_one_more_sender_than_seen() -> None:
    share = Share(in_a_row=5)
    assert [share.grant("a") for _ in range(7)] == [True] * 5 + [False] * 2
    assert sum(share.grant("b") for _ in range(100)) < 20
    for n in range(1000):
        assert share.grant(f"c{n % 10}") or n >= 50
    share.clear()
    assert share.grant("a")
