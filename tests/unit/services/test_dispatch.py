"""Dispatching again, with proof of acceptance, until delivered or expired with a signed notice."""

from datetime import timedelta

import pytest

from exchange.errors import StorageError
from exchange.model.events import Event, TransportState
from exchange.model.receipt import Reason
from exchange.services.evidence.facts import read_receipt
from exchange.settings import HubTiming
from exchange.testing.broker import Faults
from tests.unit.services.hub_and_node import HOURS, A, B, C, Died, World, an_envelope, event_of, signed

DOCUMENT = signed(an_envelope(B, C))
KEY = an_envelope().key
WAIT = timedelta(seconds=61)  # the shortest wait behind a confirm


@pytest.fixture
def world() -> World:
    world = World()
    world.put(DOCUMENT)
    world.hub.route()
    for unit in (A, B, C):
        world.empty(unit)
    return world


def test_nothing_is_dispatched_again_before_its_time(world: World) -> None:
    world.pass_time(WAIT - timedelta(milliseconds=1))
    assert world.hub.dispatcher.dispatch() == 0
    world.pass_time(timedelta(milliseconds=1))
    assert world.hub.dispatcher.dispatch() == 2


def test_each_repetition_is_the_same_bytes_led_by_the_hubs_word_of_when_it_received_them(world: World) -> None:
    world.pass_time(WAIT)
    world.hub.dispatcher.dispatch()
    proof, document = world.inbox(B)
    assert document == DOCUMENT
    receipt = read_receipt(proof)
    assert (receipt.event, receipt.at) == (Event.ACCEPTED, world.clock.now() - WAIT)


def test_the_next_attempt_is_stored_before_this_one_is_made(world: World) -> None:
    world.pass_time(WAIT)
    world.kill_hub("publish.before", world.hub.dispatcher.dispatch)
    assert world.hub.dispatcher.dispatch() == 0
    delivery = world.hub.delivery(KEY)
    assert (delivery.attempts, delivery.due) == (2, world.clock.now() + WAIT)


def test_what_the_broker_does_not_take_is_tried_again_without_the_wait_behind_a_confirm(world: World) -> None:
    world.pass_time(WAIT)
    world.broker.faults = Faults(refuse=1)
    world.hub.dispatcher.dispatch()
    assert world.hub.delivery(KEY).due == world.clock.now() + WAIT - timedelta(seconds=60)


def test_a_delivered_document_is_not_dispatched_again_and_its_neighbour_is(world: World) -> None:
    world.give(DOCUMENT, B)
    world.receiving.receive()
    world.receiving.relay.relay()
    world.hub.acknowledge()
    world.pass_time(WAIT)
    assert world.hub.dispatcher.dispatch() == 1
    assert world.inbox(B) == []
    assert DOCUMENT in world.inbox(C)


def test_at_the_deadline_the_sender_gets_a_signed_notice_and_the_dispatches_end(world: World) -> None:
    _wait_for_the_deadline(world, 72 * HOURS)
    world.hub.dispatcher.dispatch()
    assert world.inbox(B) == []
    notices = [read_receipt(body) for body in world.inbox(A)]
    assert {(n.event, n.reason, n.subject and n.subject.recipient) for n in notices} == {
        (Event.EXPIRED, Reason.TTL, B),
        (Event.EXPIRED, Reason.TTL, C),
    }
    assert notices[0].text == "逾期未送达，共投递 2 次 / not delivered after 2 attempts"
    delivery = world.hub.delivery(KEY)
    assert (delivery.state.transport, delivery.due) == (TransportState.EXPIRED, None)
    assert world.hub.log.events("alarm") == ["delivery_expired"] * 2
    assert world.hub.counts()["entries_unsealed"] == 4
    world.pass_time(72 * HOURS)
    assert world.hub.dispatcher.dispatch() == 0


def test_a_notice_that_is_lost_is_forwarded_until_the_sender_notes_it(world: World) -> None:
    _wait_for_the_deadline(world, 72 * HOURS)
    world.kill_hub("publish.before", world.hub.dispatcher.dispatch)
    assert world.inbox(A) == []
    world.pass_time(HOURS)
    world.hub.forwarder.forward()
    assert [event_of(body) for body in world.inbox(A)].count("EXPIRED") == 2


def test_how_long_is_a_setting() -> None:
    world = World(hub_timing=HubTiming(deliver_within_hours=1))
    world.put(DOCUMENT)
    world.hub.route()
    _wait_for_the_deadline(world, HOURS)
    world.hub.dispatcher.dispatch()
    assert world.hub.delivery(KEY).state.transport is TransportState.EXPIRED


def test_a_store_that_cannot_take_it_sends_nothing(world: World) -> None:
    world.pass_time(WAIT)
    world.hub.steps.faults = {"save_deliveries": StorageError("the disk is full")}
    with pytest.raises(StorageError):
        world.hub.dispatcher.dispatch()
    assert world.inbox(B) == []


def test_no_more_than_the_limit_is_taken_at_once(world: World) -> None:
    world.pass_time(WAIT)
    assert [world.hub.dispatcher.dispatch(1) for _ in range(3)] == [1, 1, 0]


def test_a_dead_process_costs_one_wait_and_no_storm(world: World) -> None:
    world.pass_time(WAIT)
    world.hub.steps.faults = {"commit-before": Died()}
    with pytest.raises(Died):
        world.hub.dispatcher.dispatch()
    world.hub.steps.faults = {}
    assert world.hub.dispatcher.dispatch() == 2


def _wait_for_the_deadline(world: World, after: timedelta) -> None:
    """Nobody reads what was dispatched; the hub looks once shortly before."""
    world.pass_time(after - WAIT)
    world.hub.dispatcher.dispatch()
    for unit in (B, C):
        world.empty(unit)
    world.pass_time(WAIT)
