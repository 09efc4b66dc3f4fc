"""Taking a batch: whatever goes wrong with the whole of it, the broker has it back."""

from collections.abc import Sequence

import pytest

from exchange.errors import ConflictError, StorageError
from exchange.ports.transport import Consumer, Delivered, Message
from exchange.testing.broker import FakeBroker, FakeConsumer
from exchange.testing.keys import unit_code
from exchange.topology import OUT, inbox_queue
from workers.batch import take

UNIT = unit_code(1)


@pytest.fixture
def consumer() -> FakeConsumer:
    """Three messages wait."""
    broker = FakeBroker()
    broker.declare([UNIT])
    transport = broker.transport("test")
    transport.publisher().publish([Message(exchange=OUT, key=UNIT, body=b"%d" % number) for number in range(3)])
    return transport.consumer([inbox_queue(UNIT)])


def waiting(consumer: FakeConsumer) -> list[bytes]:
    return [message.body for message in consumer.receive(10, 0)]


def acknowledge(batch: Sequence[Delivered], consumer: Consumer) -> int:
    consumer.ack([message.tag for message in batch])
    return 0


def test_it_says_how_many_messages_it_took_whatever_became_of_them(consumer: FakeConsumer) -> None:
    assert take(consumer, acknowledge, 2) == 2
    assert take(consumer, acknowledge, 2) == 1
    assert take(consumer, acknowledge, 2) == 0


def test_nothing_is_not_served(consumer: FakeConsumer) -> None:
    take(consumer, acknowledge, 10)

    def never(batch: Sequence[Delivered], consumer: Consumer) -> int:
        raise AssertionError

    assert take(consumer, never, 10) == 0


@pytest.mark.parametrize("error", [StorageError("the disk is full"), KeyError("a bug")], ids=["ours", "a bug"])
def test_when_serving_fails_as_a_whole_every_message_is_given_back_in_order(
    consumer: FakeConsumer, error: Exception
) -> None:
    def fail(batch: Sequence[Delivered], consumer: Consumer) -> int:
        raise error

    with pytest.raises(type(error)):
        take(consumer, fail, 2)
    assert waiting(consumer) == [b"0", b"1", b"2"]


def test_a_conflict_with_another_worker_gets_a_second_look(consumer: FakeConsumer) -> None:
    looks: list[int] = []

    def conflict_once(batch: Sequence[Delivered], consumer: Consumer) -> int:
        looks.append(len(batch))
        if len(looks) == 1:
            raise ConflictError("recorded by another")
        return acknowledge(batch, consumer)

    assert take(consumer, conflict_once, 10) == 3
    assert looks == [3, 3]
    assert waiting(consumer) == []


def test_and_no_third(consumer: FakeConsumer) -> None:
    def conflict(batch: Sequence[Delivered], consumer: Consumer) -> int:
        raise ConflictError("recorded by another")

    with pytest.raises(ConflictError):
        take(consumer, conflict, 10)
    assert waiting(consumer) == [b"0", b"1", b"2"]
