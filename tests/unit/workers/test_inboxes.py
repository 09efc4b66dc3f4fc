"""The inboxes of the units hosted now, which may change while the node runs."""

from datetime import timedelta

import pytest

from exchange.errors import TransportError
from exchange.model.unit import UnitCode
from exchange.ports.transport import Message
from exchange.testing.broker import FakeBroker
from exchange.testing.clock import FakeClock
from exchange.testing.keys import unit_code
from exchange.testing.stores import memory_node_store
from exchange.topology import OUT
from workers.inboxes import Inboxes

A, B = unit_code(1), unit_code(2)


class Mailroom:
    def __init__(self) -> None:
        self.broker, self.store = FakeBroker(), memory_node_store()
        self.inboxes = Inboxes(self.broker.transport("node"), self.store)

    def host(self, unit: UnitCode) -> None:
        with self.store.begin() as session:
            session.add_unit(unit, FakeClock().now() + timedelta(days=1))

    def send(self, unit: UnitCode, body: bytes) -> None:
        self.broker.transport("hub").publisher().publish([Message(exchange=OUT, key=unit, body=body)])

    def receive(self) -> list[bytes]:
        return [message.body for message in self.inboxes.receive(10, 0)]


@pytest.fixture
def room() -> Mailroom:
    return Mailroom()


def test_a_node_without_units_has_no_inbox_and_nothing_breaks(room: Mailroom) -> None:
    assert room.inboxes.follow() == 0
    assert room.inboxes.receive(10, 0) == []
    room.inboxes.ack([1])
    room.inboxes.reject([1], requeue=True)
    room.inboxes.close()


def test_a_unit_that_is_enrolled_while_the_node_runs_gets_its_inbox(room: Mailroom) -> None:
    room.host(A)
    assert room.inboxes.follow() == 1
    assert room.inboxes.follow() == 0
    room.host(B)
    assert room.inboxes.follow() == 2
    room.send(B, b"to B")
    room.send(A, b"to A")
    assert room.receive() == [b"to A", b"to B"]


def test_what_was_taken_and_not_acknowledged_comes_again_behind_a_change(room: Mailroom) -> None:
    room.host(A)
    room.inboxes.follow()
    room.send(A, b"1")
    room.send(A, b"2")
    first, _ = room.inboxes.receive(10, 0)
    room.inboxes.ack([first.tag])
    room.host(B)
    room.inboxes.follow()
    assert room.receive() == [b"2"]


def test_rejecting_gives_back(room: Mailroom) -> None:
    room.host(A)
    room.inboxes.follow()
    room.send(A, b"1")
    (message,) = room.inboxes.receive(10, 0)
    room.inboxes.reject([message.tag], requeue=True)
    assert room.receive() == [b"1"]


def test_a_broker_that_is_down_is_tried_again_at_the_next_look(room: Mailroom) -> None:
    room.host(A)
    room.broker.stop()
    with pytest.raises(TransportError):
        room.inboxes.follow()
    room.broker.start()
    assert room.inboxes.follow() == 1


def test_closing_gives_back_what_was_held(room: Mailroom) -> None:
    room.host(A)
    room.inboxes.follow()
    room.send(A, b"1")
    assert room.receive() == [b"1"]
    room.inboxes.close()
    assert room.broker.depth("inbox." + A) == 1
