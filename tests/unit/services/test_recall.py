"""Asking back and urging: the sender's word, about what it sent, while there is somebody to hear it."""

from datetime import timedelta

import pytest

from exchange.errors import RefusedError, StorageError
from exchange.model.events import BusinessState, Event
from exchange.services.evidence.facts import read_receipt
from tests.unit.services.hub_and_node import A, B, C, D, World, an_envelope


def state(world: World, key: object, unit: str) -> BusinessState:
    return world.sending.deliveries(A, key)[type(A)(unit)].state.business  # type: ignore[arg-type]


def test_a_recall_reaches_every_recipient_and_its_answers_come_back() -> None:
    world = World()
    key = world.delivered(B, C)
    world.sending.recaller.recall(key, "张三", "附件有误")
    assert state(world, key, B) is BusinessState.RECALLING
    world.settle()
    assert [state(world, key, unit) for unit in (B, C)] == [BusinessState.RECALLED] * 2
    assert world.hub.delivery(key).state.business is BusinessState.RECALLED


def test_a_recall_from_one_leaves_the_others_alone() -> None:
    world = World()
    key = world.delivered(B, C)
    world.sending.recaller.recall(key, "张三", "发错了", B)
    world.settle()
    assert [state(world, key, unit) for unit in (B, C)] == [BusinessState.RECALLED, BusinessState.UNSIGNED]


def test_a_recall_that_overtakes_its_envelope_still_finds_it() -> None:
    world = World()
    key = world.accepted(B)
    document = world.empty(B)
    world.sending.recaller.recall(key, "张三", "发错了")
    world.settle()
    assert world.receiving.counts()["inbox"] == 0
    world.give(document[0].body)
    world.settle()
    assert state(world, key, B) is BusinessState.RECALLED
    assert world.receiving.officer.hand_over() == 0


def test_a_recall_before_the_hub_has_the_document_waits_for_it() -> None:
    world = World()
    key = world.submit(B)
    world.sending.recaller.recall(key, "张三", "发错了")
    world.sending.relay.relay()
    world.hub.acknowledge()
    assert world.hub.log.events("warning") == ["receipt_for_unknown_envelope"]
    world.settle()
    assert state(world, key, B) is BusinessState.RECALLING
    world.pass_time(timedelta(seconds=61))
    world.settle()
    assert state(world, key, B) is BusinessState.RECALLED


def test_it_names_the_person_and_the_reason_and_is_signed() -> None:
    world = World()
    key = world.delivered(B)
    receipt = world.sending.recaller.recall(key, "张三", "附件有误")
    assert (receipt.event, receipt.actor.person, receipt.text) == (Event.RECALL_REQUESTED, "张三", "附件有误")
    world.sending.relay.relay()
    assert read_receipt(world.waiting("work.receipt")[0]) == receipt


def test_a_recall_is_one_transaction() -> None:
    world = World()
    key = world.delivered(B)
    world.sending.steps.faults = {"save_deliveries": StorageError("the disk is full")}
    with pytest.raises(StorageError):
        world.sending.recaller.recall(key, "张三", "附件有误")
    world.sending.steps.faults = {}
    assert world.sending.open_outbox(A) == []


def test_nobody_recalls_what_is_not_theirs_or_was_never_sent() -> None:
    world = World()
    key = world.delivered(B)
    with pytest.raises(RefusedError, match="WRONG_UNIT"):
        world.receiving.recaller.recall(key, "张三", "发错了")
    with pytest.raises(RefusedError, match="NOT_FOUND"):
        world.sending.recaller.recall(an_envelope().key, "张三", "发错了")
    with pytest.raises(RefusedError, match="UNKNOWN_RECIPIENT"):
        world.sending.recaller.recall(key, "张三", "发错了", D)


def test_what_everybody_gave_back_cannot_be_recalled_again() -> None:
    world = World()
    key = world.delivered(B)
    world.sending.recaller.recall(key, "张三", "发错了")
    world.settle()
    with pytest.raises(RefusedError, match="STATE"):
        world.sending.recaller.recall(key, "张三", "发错了")


def test_urging_by_hand_counts_on_and_reaches_the_one_named() -> None:
    world = World()
    key = world.delivered(B, C)
    for number in ("1", "2"):
        receipt = world.sending.recaller.remind(key, "张三", "请尽快签收", B)
        assert dict(receipt.attributes) == {"n": number}
    world.settle()
    assert world.receiving.delivery(B, key).state.reminders == 2
    assert world.receiving.delivery(C, key).state.reminders == 0


def test_who_signed_cannot_be_urged() -> None:
    world = World()
    key = world.delivered(B)
    world.receiving.decider.sign(B, key, "赵六")
    world.settle()
    with pytest.raises(RefusedError, match="STATE"):
        world.sending.recaller.remind(key, "张三", "请尽快签收", B)
