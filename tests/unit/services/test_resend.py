"""An operator has a document dispatched again: to whom it has not reached, or to a unit that says it lost it."""

from datetime import timedelta
from pathlib import Path

import pytest

from exchange.errors import RefusedError
from exchange.model.envelope import EnvelopeKey
from exchange.model.events import BusinessState, TransportState
from exchange.model.unit import UnitCode
from exchange.ports.acts import Operator
from exchange.services.hub.resend import Resender, Resent, order_resend
from exchange.settings import HubTiming
from exchange.testing.broker import Faults
from tests.unit.services.archived_hub import archive, grow_old, settled_document
from tests.unit.services.hub_and_node import A, B, C, D, World, event_of

WHY = Operator(account="root", name="王芳", reason="来电未收到")


def order(world: World, key: EnvelopeKey, to: UnitCode | None = None) -> dict[UnitCode, Resent]:
    return order_resend(world.hub.store, key, to, WHY, world.clock.now())


def resend(world: World) -> int:
    return Resender(world.hub.hub).resend()


def acts(world: World) -> list[tuple[str, str]]:
    with world.hub.store.begin() as session:
        return [(act.target, act.outcome) for _, act in session.acts(None, 100)]


def test_what_is_on_its_way_is_dispatched_now_and_who_has_it_is_left_alone() -> None:
    world = World()
    key = world.delivered(B, D)  # nobody hosts D
    world.empty(D)
    assert order(world, key) == {B: Resent.DELIVERED, D: Resent.HASTENED}
    assert acts(world) == [(f"{key} -> {D}", "hastened")]
    assert world.hub.dispatcher.dispatch() == 1
    assert len(world.inbox(D)) == 2
    assert world.inbox(B) == []


def test_a_unit_that_is_named_gets_it_once_more_and_answers_with_its_first_receipt() -> None:
    world = World()
    key = world.delivered(B, C)
    before, said = world.hub.delivery(key), world.hub.said(key)
    assert order(world, key, B) == {B: Resent.AGAIN}
    assert resend(world) == 1
    assert world.receiving.receive() == 2
    world.settle()
    assert (world.hub.delivery(key), world.hub.said(key)) == (before, said)
    world.pass_time(timedelta(hours=1))
    assert resend(world) == 0
    assert acts(world) == [(f"{key} -> {B}", "again")]


def test_what_expired_arrives_when_it_is_sent_once_more() -> None:
    world = World(hub_timing=HubTiming(deliver_within_hours=1))
    key = world.accepted(B)
    world.empty(B)
    for _ in range(9):
        world.pass_time(timedelta(minutes=10))
        world.hub.dispatcher.dispatch()
        world.empty(B)
    assert world.hub.delivery(key).state.transport is TransportState.EXPIRED
    assert order(world, key) == {B: Resent.AGAIN}
    resend(world)
    world.settle()
    assert world.hub.delivery(key).state.transport is TransportState.DELIVERED


def test_what_the_broker_does_not_take_stays_ordered() -> None:
    world = World()
    key = world.delivered(B)
    order(world, key, B)
    world.broker.faults = Faults(refuse=1)
    assert resend(world) == 0
    assert resend(world) == 0
    world.broker.faults = Faults()
    world.pass_time(timedelta(minutes=30))
    assert resend(world) == 1


def test_what_was_withdrawn_never_comes_back() -> None:
    world = World()
    key = world.delivered(B)
    world.sending.recaller.recall(key, "李四", "有误")
    world.settle()
    assert world.hub.delivery(key).state.business is BusinessState.RECALLED
    assert order(world, key, B) == {B: Resent.WITHDRAWN}
    assert acts(world) == []
    assert resend(world) == 0


def test_its_sender_gets_all_receipts_again() -> None:
    world = World()
    key = world.delivered(B)
    world.empty(A)
    assert order(world, key, A) == {A: Resent.RECEIPTS}
    world.hub.forwarder.forward()
    assert sorted(event_of(document) for document in world.inbox(A)) == ["ACCEPTED", "DELIVERED"]
    world.settle()
    assert world.hub.counts()["forwards_open"] == 0


def test_a_unit_that_has_nothing_to_do_with_it_is_refused() -> None:
    world = World()
    key = world.delivered(B)
    with pytest.raises(RefusedError) as refused:
        order(world, key, C)
    assert refused.value.code == "WRONG_UNIT"
    assert acts(world) == []


def test_a_document_in_an_archive_is_not_sent(tmp_path: Path) -> None:
    world = World()
    key = settled_document(world)
    grow_old(world)
    archive(world, tmp_path)
    assert order(world, key, B) == {B: Resent.ARCHIVED}
    assert resend(world) == 0
