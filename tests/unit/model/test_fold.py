"""The fold is the meaning of a set of receipts: their order and their repetition say nothing."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from exchange.model.envelope import EnvelopeId, EnvelopeKey
from exchange.model.events import BusinessState, Event, Speaker, TransportState
from exchange.model.fold import DeliveryState, fold
from exchange.model.receipt import Actor, Reason, Receipt, ReceiptId, Subject
from exchange.model.unit import UnitCode

SENDER, RECIPIENT = UnitCode("520304-001"), UnitCode("520304-002")
START = datetime(2026, 3, 2, tzinfo=UTC)
SUBJECT = Subject(
    envelope=EnvelopeKey(SENDER, EnvelopeId(str(uuid.UUID(int=1, version=4)))), digest="0" * 64, recipient=RECIPIENT
)
ABOUT_DOCUMENTS = [event for event in Event if event.of_document]


def receipt(number: int, event: Event, minutes: int = 0, count: int = 1) -> Receipt:
    speaker = min(event.rule.speakers)
    unit = {Speaker.HUB: None, Speaker.SENDER: SENDER}.get(speaker, RECIPIENT)
    name = {Event.REMINDED: "n", Event.PRINTED: "k"}.get(event)
    return Receipt(
        id=ReceiptId(str(uuid.UUID(int=number, version=4))),
        hub="hub.520304",
        event=event,
        actor=Actor(speaker=speaker, unit=unit, person="李四" if speaker is Speaker.PERSON else None),
        at=START + timedelta(minutes=minutes),
        subject=SUBJECT,
        reason=Reason.OPERATOR if event.rule.reason else None,
        text="原因" if event.rule.reason else None,
        attributes=((name, str(count)),) if name else (),
    )


@st.composite
def receipts(
    draw: Callable[[st.SearchStrategy[list[tuple[Event, int, int]]]], list[tuple[Event, int, int]]],
) -> list[Receipt]:
    """Any set of receipts about one delivery; several may carry the same time."""
    drawn = draw(
        st.lists(st.tuples(st.sampled_from(ABOUT_DOCUMENTS), st.integers(0, 3), st.integers(1, 9)), max_size=12)
    )
    return [receipt(number, *values) for number, values in enumerate(drawn, start=1)]


@given(receipts(), st.randoms(use_true_random=False))
def test_the_order_of_arrival_says_nothing(known: list[Receipt], chance: object) -> None:
    shuffled = list(known)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    assert fold(shuffled) == fold(known)


@given(receipts())
def test_a_receipt_that_comes_twice_says_nothing_new(known: list[Receipt]) -> None:
    assert fold([*known, *known]) == fold(known)


@given(receipts(), receipts())
def test_one_more_receipt_never_takes_a_state_back(known: list[Receipt], more: list[Receipt]) -> None:
    before = fold(known)
    for one in more:
        after = before.add(one)
        assert after.transport >= before.transport
        assert after.business >= before.business
        assert after.reminders >= before.reminders
        assert after.printed >= before.printed
        before = after


@given(receipts(), receipts())
def test_what_is_kept_can_be_folded_on(first: list[Receipt], second: list[Receipt]) -> None:
    state = fold(first)
    for one in second:
        state = state.add(one)
    assert state == fold([*first, *second])


def test_delivered_late_is_delivered() -> None:
    assert fold([receipt(1, Event.EXPIRED), receipt(2, Event.DELIVERED)]).transport is TransportState.DELIVERED


def test_the_first_to_sign_is_the_one_who_signed() -> None:
    state = fold([receipt(2, Event.SIGNED, minutes=5), receipt(1, Event.SIGNED, minutes=3)])
    assert state.signed is not None
    assert state.signed.at == START + timedelta(minutes=3)


def test_a_recall_of_a_signed_document_leaves_it_signed_until_somebody_agrees() -> None:
    asked = fold([receipt(1, Event.SIGNED), receipt(2, Event.RECALL_REQUESTED)])
    assert asked.business is BusinessState.SIGNED
    assert asked.recall_requested is not None
    assert asked.add(receipt(3, Event.RECALLED)).business is BusinessState.RECALLED


def test_reminders_are_the_highest_number_said() -> None:
    state = fold([receipt(1, Event.REMINDED, count=3), receipt(2, Event.REMINDED, count=2)])
    assert state.reminders == 3


def test_a_count_that_is_no_number_counts_nothing() -> None:
    odd = receipt(1, Event.REMINDED, count=-4)
    assert DeliveryState().add(odd).reminders == 0


def test_open_is_what_somebody_still_waits_for() -> None:
    assert fold([receipt(1, Event.ACCEPTED)]).open
    assert fold([receipt(1, Event.ACCEPTED), receipt(2, Event.DELIVERED)]).open
    assert not fold([receipt(1, Event.DELIVERED), receipt(2, Event.SIGNED)]).open
    assert not fold([receipt(1, Event.EXPIRED)]).open
