"""Deciding: a named person says it once, about a whole document, and contradicts nobody."""

from collections.abc import Callable

import pytest

from exchange.errors import FileMissingError, InvalidValueError, RefusedError, StorageError
from exchange.model.envelope import EnvelopeKey
from exchange.model.events import BusinessState, Event, Speaker
from exchange.model.receipt import Reason, Receipt
from exchange.services.evidence.facts import read_receipt
from exchange.services.node.decide import Decider
from exchange.settings import NodeTiming
from tests.unit.services.hub_and_node import A, B, C, World, a_file, a_receipt, an_entry, an_envelope, signed

DOCUMENT = signed(an_envelope())
KEY = an_envelope().key
DATA = b"%PDF-1.7 body"
Say = Callable[[Decider, EnvelopeKey], Receipt]


@pytest.fixture
def world() -> World:
    """B has one document and nobody has said anything."""
    world = World()
    world.give(DOCUMENT)
    world.receiving.receive()
    return world


def sign(decider: Decider, key: EnvelopeKey) -> Receipt:
    return decider.sign(B, key, "赵六")


def reject(decider: Decider, key: EnvelopeKey) -> Receipt:
    return decider.reject(B, key, "赵六", Reason.WRONG_UNIT, "不属本单位职责")


def send_back(decider: Decider, key: EnvelopeKey) -> Receipt:
    return decider.send_back(B, key, "赵六", Reason.FORMAT, "格式有误")


def answer(decider: Decider, key: EnvelopeKey) -> Receipt:
    return decider.answer(B, key, "赵六", "已办结")


def give_back(decider: Decider, key: EnvelopeKey) -> Receipt:
    return decider.give_back(B, key, "赵六")


def keep(decider: Decider, key: EnvelopeKey) -> Receipt:
    return decider.keep(B, key, "赵六", "已据此办理")


def recall(world: World) -> None:
    world.give(a_receipt(Event.RECALL_REQUESTED, DOCUMENT, A, speaker=Speaker.SENDER, person="张三"))
    world.receiving.receive()


def test_signing_names_the_person_and_is_signed_with_the_units_key(world: World) -> None:
    receipt = sign(world.receiving.decider, KEY)
    assert (receipt.event, receipt.actor.person, receipt.actor.unit) == (Event.SIGNED, "赵六", B)
    world.receiving.relay.relay()
    said = [read_receipt(body) for body in world.waiting("work.receipt")]
    assert receipt in said
    state = world.receiving.delivery(B, KEY).state
    assert (state.business, state.signed and state.signed.person) == (BusinessState.SIGNED, "赵六")


def test_a_decision_is_one_transaction(world: World) -> None:
    world.receiving.steps.faults = {"save_deliveries": StorageError("the disk is full")}
    before = world.receiving.open_outbox(B)
    with pytest.raises(StorageError):
        sign(world.receiving.decider, KEY)
    world.receiving.steps.faults = {}
    assert world.receiving.open_outbox(B) == before
    assert world.receiving.said(B, KEY) == ["DELIVERED"]


@pytest.mark.parametrize(
    ("first", "then", "state"),
    [
        ([], reject, BusinessState.REJECTED),
        ([sign], send_back, BusinessState.RETURNED),
        ([sign], answer, BusinessState.ANSWERED),
        ([sign, answer], answer, BusinessState.ANSWERED),
        ([sign, answer], send_back, BusinessState.RETURNED),
    ],
)
def test_what_may_be_said_after_what(world: World, first: list[Say], then: Say, state: BusinessState) -> None:
    for say in first:
        say(world.receiving.decider, KEY)
    then(world.receiving.decider, KEY)
    assert world.receiving.delivery(B, KEY).state.business is state


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ([sign], sign),
        ([sign], reject),
        ([reject], sign),
        ([reject], reject),
        ([reject], answer),
        ([reject], send_back),
        ([], send_back),
        ([], answer),
        ([sign, send_back], sign),
        ([sign, send_back], send_back),
        ([sign, send_back], answer),
        ([], give_back),
        ([sign], give_back),
        ([sign], keep),
    ],
)
def test_what_may_not_is_refused_and_nothing_is_stored(world: World, first: list[Say], then: Say) -> None:
    for say in first:
        say(world.receiving.decider, KEY)
    before = (world.receiving.said(B, KEY), world.receiving.delivery(B, KEY), world.receiving.open_outbox(B))
    with pytest.raises(RefusedError, match="STATE"):
        then(world.receiving.decider, KEY)
    assert (world.receiving.said(B, KEY), world.receiving.delivery(B, KEY), world.receiving.open_outbox(B)) == before


def test_a_contradiction_is_told_what_was_decided_by_whom_and_when(world: World) -> None:
    reject(world.receiving.decider, KEY)
    with pytest.raises(RefusedError, match=r"已拒收 REJECTED（赵六，2026-03-02 09:00）"):
        sign(world.receiving.decider, KEY)


@pytest.mark.parametrize("text", ["", "  \n"])
def test_a_refusal_without_a_reason_is_refused(world: World, text: str) -> None:
    with pytest.raises(RefusedError, match="REASON_REQUIRED"):
        world.receiving.decider.reject(B, KEY, "赵六", Reason.WRONG_UNIT, text)


def test_nobody_signs_without_a_name(world: World) -> None:
    with pytest.raises(InvalidValueError, match="person"):
        world.receiving.decider.sign(B, KEY, " ")
    assert world.receiving.said(B, KEY) == ["DELIVERED"]


def test_nobody_signs_for_a_document_that_is_not_here_or_not_theirs(world: World) -> None:
    with pytest.raises(RefusedError, match="NOT_FOUND"):
        world.receiving.decider.sign(C, KEY, "赵六")
    with pytest.raises(RefusedError, match="WRONG_UNIT"):
        world.receiving.decider.sign(A, KEY, "赵六")


def test_nobody_signs_for_what_is_not_whole_and_a_lost_file_is_fetched_again() -> None:
    world = World()
    key = world.delivered(B, files=[a_file(data=DATA)])
    sha256 = an_entry(DATA).sha256
    world.receiving.files.lose(sha256)
    world.hub.files.lose(sha256)
    with pytest.raises(FileMissingError):
        sign(world.receiving.decider, key)
    assert world.receiving.delivery(B, key).state.business is BusinessState.UNSIGNED
    world.upload(DATA)
    sign(world.receiving.decider, key)
    assert world.receiving.files.has(sha256)


# recalls


def test_after_signing_a_person_gives_back_or_keeps(world: World) -> None:
    sign(world.receiving.decider, KEY)
    recall(world)
    keep(world.receiving.decider, KEY)
    state = world.receiving.delivery(B, KEY).state
    assert (state.business, state.recall_denied and state.recall_denied.text) == (BusinessState.SIGNED, "已据此办理")
    give_back(world.receiving.decider, KEY)  # and may think again
    assert world.receiving.delivery(B, KEY).state.business is BusinessState.RECALLED


def test_what_was_given_back_is_closed(world: World) -> None:
    recall(world)
    assert world.receiving.delivery(B, KEY).state.business is BusinessState.RECALLED
    for say in (sign, reject, keep, give_back):
        with pytest.raises(RefusedError, match="STATE"):
            say(world.receiving.decider, KEY)


@pytest.mark.parametrize("say", [give_back, keep])
def test_where_the_node_never_gives_back_by_itself_a_person_does_before_signing_too(say: Say) -> None:
    world = World(node_timing=NodeTiming(recall_until_signed=False))
    world.give(DOCUMENT)
    world.receiving.receive()
    recall(world)
    say(world.receiving.decider, KEY)
    state = world.receiving.delivery(B, KEY).state
    assert state.business is (BusinessState.RECALLED if say is give_back else BusinessState.RECALLING)
