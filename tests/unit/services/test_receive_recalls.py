"""A recall is obeyed whichever comes first, and never against a person's word."""

import pytest

from exchange.model.events import BusinessState, Event, Speaker
from exchange.settings import NodeTiming
from tests.unit.services.hub_and_node import (
    A,
    B,
    C,
    World,
    a_receipt,
    an_envelope,
    signed,
)

DOCUMENT = signed(an_envelope())
KEY = an_envelope().key


@pytest.fixture
def world() -> World:
    return World()


def test_a_recall_before_the_envelope_gives_it_back_on_arrival_and_the_office_never_sees_it(world: World) -> None:
    world.give(a_receipt(Event.RECALL_REQUESTED, DOCUMENT, A, speaker=Speaker.SENDER, person="张三"))
    world.receiving.receive()
    world.give(DOCUMENT)
    world.receiving.receive()
    assert world.receiving.said(B, KEY) == ["DELIVERED", "RECALLED", "RECALL_REQUESTED"]
    assert world.receiving.delivery(B, KEY).state.business is BusinessState.RECALLED
    assert world.receiving.counts()["handovers_open"] == 0


def test_a_recall_before_signing_gives_it_back_by_itself(world: World) -> None:
    world.give(DOCUMENT)
    world.receiving.receive()
    world.give(a_receipt(Event.RECALL_REQUESTED, DOCUMENT, A, speaker=Speaker.SENDER, person="张三", recipient=B))
    world.receiving.receive()
    assert world.receiving.delivery(B, KEY).state.business is BusinessState.RECALLED
    assert world.receiving.officer.hand_over() == 0
    assert world.receiving.office.taken == []


def test_after_signing_only_a_person_gives_it_back(world: World) -> None:
    world.give(DOCUMENT)
    world.receiving.receive()
    world.receiving.decider.sign(B, KEY, "赵六")
    world.give(a_receipt(Event.RECALL_REQUESTED, DOCUMENT, A, speaker=Speaker.SENDER, person="张三"))
    world.receiving.receive()
    state = world.receiving.delivery(B, KEY).state
    assert state.business is BusinessState.SIGNED
    assert state.recall_requested is not None


@pytest.mark.parametrize("first", ["envelope", "recall"])
def test_a_node_may_be_told_never_to_give_back_by_itself(first: str) -> None:
    world = World(node_timing=NodeTiming(recall_until_signed=False))
    recall = a_receipt(Event.RECALL_REQUESTED, DOCUMENT, A, speaker=Speaker.SENDER, person="张三")
    for body in (DOCUMENT, recall) if first == "envelope" else (recall, DOCUMENT):
        world.give(body)
        world.receiving.receive()
    assert world.receiving.delivery(B, KEY).state.business is BusinessState.RECALLING
    assert world.receiving.counts()["handovers_open"] == 1


@pytest.mark.parametrize("first", ["envelope", "recall"])
def test_a_recall_from_another_recipient_does_not_take_ours_away(world: World, first: str) -> None:
    document = signed(an_envelope(B, C))
    recall = a_receipt(Event.RECALL_REQUESTED, document, A, speaker=Speaker.SENDER, person="张三", recipient=C)
    for body in (document, recall) if first == "envelope" else (recall, document):
        world.give(body)
        world.receiving.receive()
    assert world.receiving.delivery(B, KEY).state.business is BusinessState.UNSIGNED
    assert world.receiving.counts()["handovers_open"] == 1


def test_a_recall_that_binds_other_bytes_is_kept_aside(world: World) -> None:
    world.give(DOCUMENT)
    world.receiving.receive()
    other = signed(an_envelope(B, C))
    world.give(a_receipt(Event.RECALL_REQUESTED, other, A, speaker=Speaker.SENDER, person="张三"))
    world.receiving.receive()
    assert [code for code, _ in world.receiving.quarantine()] == ["RECEIPT_INVALID"]
    assert world.receiving.delivery(B, KEY).state.business is BusinessState.UNSIGNED
