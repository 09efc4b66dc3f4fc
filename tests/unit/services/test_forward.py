"""Forwarding receipts until they are noted, and noting what was recorded."""

from datetime import timedelta

import pytest

from exchange.model.events import Event, Speaker
from exchange.model.receipt import MAX_NOTED, Noted, ReceiptId
from exchange.ports.hub import Owed
from exchange.services.evidence.facts import read_receipt
from exchange.topology import Lane
from tests.unit.services.hub_and_node import A, B, C, World, an_envelope, signed

WAIT = timedelta(seconds=61)


@pytest.fixture
def world() -> World:
    world = World()
    world.put(signed(an_envelope()))
    world.hub.route()
    return world


def test_a_receipt_is_repeated_byte_for_byte_until_it_is_noted(world: World) -> None:
    (accepted,) = world.inbox(A)
    world.empty(A)
    assert world.hub.forwarder.forward() == 0
    world.pass_time(WAIT)
    assert world.hub.forwarder.forward() == 1
    world.pass_time(WAIT)
    assert world.hub.forwarder.forward() == 1
    assert world.inbox(A) == [accepted, accepted]


def test_what_the_unit_notes_is_closed_and_nothing_else() -> None:
    world = World()
    world.accepted(B)
    world.accepted(B)
    (first, second) = world.empty(A)
    world.give(first.body, A)
    world.sending.receive()
    world.sending.relay.note()
    world.hub.acknowledge()
    assert world.hub.counts()["forwards_open"] == 1
    world.pass_time(WAIT)
    world.hub.forwarder.forward()
    assert world.inbox(A) == [second.body]


def test_a_noted_of_another_unit_closes_nothing(world: World) -> None:
    (accepted,) = world.inbox(A)
    receipt = read_receipt(accepted)
    noted = Noted(receipt=receipt.id, digest="0" * 64)
    _, signed_noted = world.receiving.node.receipt(B, Speaker.NODE, Event.NOTED, world.clock.now(), noted=(noted,))
    world.put(signed_noted, B, Lane.RECEIPT)
    world.hub.acknowledge()
    assert world.hub.counts()["forwards_open"] == 1


def test_the_next_attempt_is_stored_before_this_one_is_made(world: World) -> None:
    world.pass_time(WAIT)
    world.kill_hub("publish.before", world.hub.forwarder.forward)
    assert world.hub.forwarder.forward() == 0


def test_noted_names_all_of_one_unit_and_nobody_elses_and_at_most_five_hundred_at_once(world: World) -> None:
    def owed(unit: str, count: int) -> list[Owed]:
        return [
            Owed(
                unit=type(A)(unit),
                noted=Noted(receipt=ReceiptId(f"0b6e2f0e-0d7c-4a57-{unit[-3:]}0-{n:012}"), digest=f"{n:064}"),
            )
            for n in range(count)
        ]

    with world.hub.store.begin() as session:
        for one in owed(C, 2):  # as they come: of one unit, of another, of the first again
            session.owe([one])
            session.owe(owed(B, MAX_NOTED + 1))
    world.empty(B)
    assert world.hub.forwarder.note() == MAX_NOTED + 3
    assert [len(read_receipt(body).noted) for body in world.inbox(B)] == [MAX_NOTED, 1]
    assert [len(read_receipt(body).noted) for body in world.inbox(C)] == [2]
    assert world.hub.forwarder.note() == 0


def test_noted_carries_the_latest_checkpoint(world: World) -> None:
    world.hub.sealer.seal()
    with world.hub.store.begin() as session:
        session.owe([Owed(unit=B, noted=Noted(receipt=ReceiptId(an_envelope().id), digest="0" * 64))])
        checkpoint = session.checkpoint()
    world.empty(B)
    world.hub.forwarder.note()
    (noted,) = world.inbox(B)
    assert checkpoint is not None
    assert read_receipt(noted).checkpoint == checkpoint.note


def test_a_lost_noted_is_asked_for_by_repeating_the_receipt() -> None:
    world = World()
    world.accepted(B)
    world.receiving.receive()
    world.receiving.relay.relay()
    world.hub.acknowledge()
    world.hub.forwarder.note()
    world.empty(B)
    world.pass_time(WAIT)
    world.receiving.relay.relay()
    world.hub.acknowledge()
    world.hub.forwarder.note()
    world.receiving.receive()
    assert world.receiving.open_outbox(B) == []
