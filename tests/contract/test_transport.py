"""What every transport does, the fake and the real ones alike, when nothing goes wrong."""

from collections.abc import Iterator

import pytest

from exchange.model.unit import UnitCode, parse_unit_code
from exchange.ports.transport import Consumer, Delivered, Message, PublishResult, Transport
from exchange.testing.broker import FakeBroker
from exchange.topology import (
    ASIDE,
    ASIDE_QUEUES,
    DEAD,
    OUT,
    Lane,
    aside_key,
    aside_queue,
    in_exchange,
    inbox_queue,
    work_queue,
)
from exchange.transport.portable import PortableTransport

TOWN, BUREAU, STRANGER = (parse_unit_code(f"520304-{n:03}") for n in (1, 2, 999))
LONG_ENOUGH = 5.0  # for a message that must come


@pytest.fixture(params=["fake", "memory"])
def transport(request: pytest.FixtureRequest) -> Iterator[Transport]:
    made: Transport = FakeBroker().transport() if request.param == "fake" else PortableTransport("memory://")
    made.declare([TOWN, BUREAU])
    yield made
    made.close()


def submit(unit: UnitCode, body: bytes, lane: Lane = Lane.NORMAL) -> Message:
    return Message(exchange=in_exchange(unit), key=lane.value, body=body, user=unit)


def dispatch(unit: UnitCode, body: bytes) -> Message:
    return Message(exchange=OUT, key=unit, body=body)


def take(consumer: Consumer, count: int) -> list[Delivered]:
    taken: list[Delivered] = []
    while len(taken) < count:
        batch = consumer.receive(count - len(taken), LONG_ENOUGH)
        assert batch, f"{count - len(taken)} of {count} messages never came"
        taken += batch
    return taken


def bodies(batch: list[Delivered]) -> list[bytes]:
    return [delivered.body for delivered in batch]


@pytest.mark.parametrize("lane", Lane)
def test_a_unit_reaches_the_queue_of_its_lane_and_the_broker_vouches_for_it(transport: Transport, lane: Lane) -> None:
    assert transport.publisher().publish([submit(TOWN, b"<a/>", lane)]) == [PublishResult.ACCEPTED]
    [delivered] = take(transport.consumer([work_queue(lane)]), 1)
    assert (delivered.queue, delivered.body, delivered.user) == (work_queue(lane), b"<a/>", TOWN)
    assert not delivered.redelivered


def test_the_hub_reaches_one_inbox_and_no_other(transport: Transport) -> None:
    transport.publisher().publish([dispatch(TOWN, b"<a/>"), dispatch(BUREAU, b"<b/>")])
    assert bodies(take(transport.consumer([inbox_queue(BUREAU)]), 1)) == [b"<b/>"]
    assert bodies(take(transport.consumer([inbox_queue(TOWN)]), 1)) == [b"<a/>"]


def test_any_bytes_arrive_as_they_were_sent(transport: Transport) -> None:
    sent = [b"", b"\x00\xff\xfe", "公文".encode(), b"x" * 1_000_000]
    transport.publisher().publish([dispatch(TOWN, body) for body in sent])
    assert bodies(take(transport.consumer([inbox_queue(TOWN)]), 4)) == sent


def test_each_message_of_a_batch_has_its_own_result_in_order(transport: Transport) -> None:
    batch = [dispatch(TOWN, b"1"), dispatch(STRANGER, b"2"), dispatch(BUREAU, b"3"), dispatch(STRANGER, b"4")]
    accepted, unroutable = PublishResult.ACCEPTED, PublishResult.UNROUTABLE
    assert transport.publisher().publish(batch) == [accepted, unroutable, accepted, unroutable]


def test_a_unit_unknown_to_the_broker_is_unroutable_in_both_directions(transport: Transport) -> None:
    publisher = transport.publisher()
    assert publisher.publish([submit(STRANGER, b"in")]) == [PublishResult.UNROUTABLE]
    assert publisher.publish([dispatch(STRANGER, b"out")]) == [PublishResult.UNROUTABLE]
    transport.declare([STRANGER])
    assert publisher.publish([submit(STRANGER, b"in")]) == [PublishResult.ACCEPTED]
    assert publisher.publish([dispatch(STRANGER, b"out")]) == [PublishResult.ACCEPTED]


def test_a_lane_or_exchange_that_does_not_exist_is_unroutable(transport: Transport) -> None:
    wrong = [
        Message(exchange=in_exchange(TOWN), key="nowhere", body=b"", user=TOWN),
        Message(exchange="nowhere", key=TOWN, body=b""),
    ]
    assert transport.publisher().publish(wrong) == [PublishResult.UNROUTABLE] * 2


def test_a_unit_may_write_to_its_own_ingress_alone(transport: Transport) -> None:
    forged = [
        Message(exchange=in_exchange(BUREAU), key=Lane.NORMAL.value, body=b"", user=TOWN),
        Message(exchange=OUT, key=BUREAU, body=b"", user=TOWN),
        Message(exchange=ASIDE, key=aside_key(BUREAU), body=b"", user=TOWN, vouched=BUREAU),
    ]
    assert transport.publisher().publish(forged) == [PublishResult.REFUSED] * 3
    assert transport.consumer([work_queue(Lane.NORMAL), inbox_queue(BUREAU), *ASIDE_QUEUES]).receive(10, 0) == []


def test_queues_are_served_in_the_order_given(transport: Transport) -> None:
    consumer = transport.consumer([work_queue(Lane.URGENT), work_queue(Lane.NORMAL)])
    transport.publisher().publish(
        [submit(TOWN, b"n1"), submit(TOWN, b"n2"), submit(TOWN, b"u1", Lane.URGENT), submit(TOWN, b"u2", Lane.URGENT)]
    )
    assert bodies(take(consumer, 4)) == [b"u1", b"u2", b"n1", b"n2"]


def test_or_in_turn(transport: Transport) -> None:
    consumer = transport.consumer([inbox_queue(TOWN), inbox_queue(BUREAU)], in_turn=True)
    transport.publisher().publish([*(dispatch(TOWN, b"t%d" % n) for n in range(4)), dispatch(BUREAU, b"b0")])
    assert bodies(take(consumer, 5)) == [b"t0", b"b0", b"t1", b"t2", b"t3"]


def test_what_the_hub_moves_aside_still_tells_whom_the_broker_vouched_for(transport: Transport) -> None:
    moved = [Message(exchange=ASIDE, key=aside_key(unit), body=unit.encode(), vouched=unit) for unit in (TOWN, BUREAU)]
    moved += [Message(exchange=ASIDE, key=aside_key(None), body=b"nobody")]
    assert transport.publisher().publish(moved) == [PublishResult.ACCEPTED] * 3
    taken = take(transport.consumer(ASIDE_QUEUES, in_turn=True), 3)
    assert {(one.queue, one.body, one.user) for one in taken} == {
        (aside_queue(aside_key(TOWN)), TOWN.encode(), TOWN),
        (aside_queue(aside_key(BUREAU)), BUREAU.encode(), BUREAU),
        (aside_queue(aside_key(None)), b"nobody", None),
    }


def test_elsewhere_nobody_is_believed_to_be_another(transport: Transport) -> None:
    forged = Message(exchange=in_exchange(TOWN), key=Lane.NORMAL.value, body=b"", user=TOWN, vouched=BUREAU)
    transport.publisher().publish([forged])
    assert take(transport.consumer([work_queue(Lane.NORMAL)]), 1)[0].user == TOWN


def test_receive_takes_no_more_than_its_limit(transport: Transport) -> None:
    transport.publisher().publish([dispatch(TOWN, b"%d" % n) for n in range(5)])
    consumer = transport.consumer([inbox_queue(TOWN)])
    assert bodies(consumer.receive(3, LONG_ENOUGH)) == [b"0", b"1", b"2"]
    assert bodies(consumer.receive(3, LONG_ENOUGH)) == [b"3", b"4"]


def test_receive_is_empty_when_nothing_comes(transport: Transport) -> None:
    assert transport.consumer([inbox_queue(TOWN)]).receive(10, 0.05) == []


def test_what_was_acknowledged_never_comes_again(transport: Transport) -> None:
    transport.publisher().publish([dispatch(TOWN, b"1"), dispatch(TOWN, b"2")])
    consumer = transport.consumer([inbox_queue(TOWN)])
    consumer.ack([delivered.tag for delivered in take(consumer, 2)])
    consumer.close()
    assert transport.consumer([inbox_queue(TOWN)]).receive(10, 0.05) == []


def test_what_was_not_acknowledged_comes_again_marked_when_the_consumer_closes(transport: Transport) -> None:
    transport.publisher().publish([dispatch(TOWN, b"1"), dispatch(TOWN, b"2")])
    consumer = transport.consumer([inbox_queue(TOWN)])
    first, _ = take(consumer, 2)
    consumer.ack([first.tag])
    consumer.close()
    [again] = take(transport.consumer([inbox_queue(TOWN)]), 1)
    assert (again.body, again.redelivered) == (b"2", True)


def test_acknowledging_later_messages_says_nothing_of_earlier_ones(transport: Transport) -> None:
    transport.publisher().publish([dispatch(TOWN, b"%d" % n) for n in range(6)])
    consumer = transport.consumer([inbox_queue(TOWN)])
    tags = [delivered.tag for delivered in take(consumer, 6)]
    consumer.ack([tags[0], tags[3], tags[5]])
    consumer.close()
    assert bodies(take(transport.consumer([inbox_queue(TOWN)]), 3)) == [b"1", b"2", b"4"]


def test_a_message_in_one_consumers_hands_is_not_given_to_another(transport: Transport) -> None:
    transport.publisher().publish([dispatch(TOWN, b"1")])
    holder = transport.consumer([inbox_queue(TOWN)])
    take(holder, 1)
    assert transport.consumer([inbox_queue(TOWN)]).receive(10, 0.05) == []


def test_a_message_put_back_comes_again_with_its_sender_and_a_mark(transport: Transport) -> None:
    transport.publisher().publish([submit(TOWN, b"1")])
    consumer = transport.consumer([work_queue(Lane.NORMAL)])
    consumer.reject([take(consumer, 1)[0].tag], requeue=True)
    [again] = take(consumer, 1)
    assert (again.body, again.user, again.redelivered) == (b"1", TOWN, True)


def test_the_bytes_of_a_message_rejected_for_good_are_kept_aside(transport: Transport) -> None:
    transport.publisher().publish([submit(TOWN, b"poison"), submit(TOWN, b"healthy")])
    consumer = transport.consumer([work_queue(Lane.NORMAL)])
    poison, healthy = take(consumer, 2)
    consumer.reject([poison.tag], requeue=False)
    consumer.ack([healthy.tag])
    consumer.close()
    assert transport.consumer([work_queue(Lane.NORMAL)]).receive(10, 0.05) == []
    [dead] = take(transport.consumer([DEAD]), 1)
    assert (dead.body, dead.user, dead.died_in) == (b"poison", TOWN, work_queue(Lane.NORMAL))


def test_a_tag_that_is_done_stale_or_unknown_changes_nothing(transport: Transport) -> None:
    transport.publisher().publish([dispatch(TOWN, b"1"), dispatch(TOWN, b"2")])
    consumer = transport.consumer([inbox_queue(TOWN)])
    stale = [delivered.tag for delivered in take(consumer, 2)]
    consumer.close()
    again = take(consumer, 2)
    consumer.ack([*stale, 10_000])
    consumer.reject(stale, requeue=False)
    consumer.ack([again[0].tag, again[0].tag])
    consumer.close()
    [left] = take(consumer, 1)
    assert left.body == again[1].body
    assert not {left.tag, *(delivered.tag for delivered in again)} & set(stale)


def test_declaring_again_keeps_what_is_there(transport: Transport) -> None:
    transport.publisher().publish([dispatch(TOWN, b"1")])
    transport.declare([TOWN, BUREAU, TOWN])
    consumer = transport.consumer([inbox_queue(TOWN)])
    assert bodies(take(consumer, 1)) == [b"1"]
    assert consumer.receive(10, 0.05) == []


def test_an_empty_batch_has_no_results(transport: Transport) -> None:
    assert transport.publisher().publish([]) == []


def test_a_hundred_and_thirty_inboxes_are_served_by_one_consumer(transport: Transport) -> None:
    units = [parse_unit_code(f"520304-{n:03}") for n in range(100, 230)]
    transport.declare(units)
    transport.publisher().publish([dispatch(unit, unit.encode()) for unit in units])
    consumer = transport.consumer([inbox_queue(unit) for unit in units])
    batch = take(consumer, 130)
    assert [(delivered.queue, delivered.body) for delivered in batch] == [(inbox_queue(u), u.encode()) for u in units]
