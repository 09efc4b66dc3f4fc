"""Receipts as they are received: kept once, held against the hub, and what each closes."""

from dataclasses import replace

import pytest

from exchange.model.events import BusinessState, Event, Speaker, TransportState
from exchange.model.receipt import Actor, Noted, Reason, Receipt, ReceiptId
from exchange.model.unit import UnitCode
from exchange.services.evidence.facts import read_receipt
from exchange.testing.keys import HUB, county
from exchange.trust.sign import sign_receipt
from tests.unit.services.hub_and_node import (
    COUNTY,
    A,
    B,
    C,
    D,
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


def _noted(*noted: Noted, unit: UnitCode | None = None) -> bytes:
    """NOTED of the hub's, or of `unit`'s node."""
    actor = Actor(speaker=Speaker.NODE if unit else Speaker.HUB, unit=unit)
    id_ = ReceiptId("0b6e2f0e-0d7c-4a57-8c43-999999999999")
    receipt = Receipt(id=id_, hub=HUB, event=Event.NOTED, actor=actor, at=an_envelope().created, noted=noted)
    return sign_receipt(receipt, COUNTY.signers[unit] if unit else COUNTY.hub)


# receipts


def test_accepted_closes_the_outbox_and_the_sender_sees_every_step(world: World) -> None:
    key = world.accepted(B, C)
    assert world.sending.open_outbox(A) == [key.id]
    world.sending.receive()
    assert world.sending.open_outbox(A) == []
    world.settle()
    world.receiving.decider.sign(B, key, "赵六")
    world.settle()
    states = {unit: record.state.business for unit, record in world.sending.deliveries(A, key).items()}
    assert states == {B: BusinessState.SIGNED, C: BusinessState.UNSIGNED}


def test_refused_closes_the_outbox_with_its_reason(world: World) -> None:
    key = world.submit(B)
    with world.sending.store.begin() as session:
        (row,) = session.due_outbox(world.clock.now(), 1)
    world.give(a_receipt(Event.REFUSED, row.document, reason=Reason.QUOTA, text="QUOTA: no"), A)
    world.sending.receive()
    assert world.sending.open_outbox(A) == []
    state = world.sending.delivery(A, key).state
    assert (state.transport, state.failed and state.failed.text) == (TransportState.REFUSED, "QUOTA: no")


def test_a_refusal_of_other_bytes_closes_nothing(world: World) -> None:
    key = world.submit(B)
    forged = signed(replace(an_envelope(C), id=key.id))
    world.give(a_receipt(Event.REFUSED, forged, reason=Reason.QUOTA), A)
    world.sending.receive()
    assert world.sending.open_outbox(A) == [key.id]
    assert [code for code, _ in world.sending.quarantine()] == ["RECEIPT_INVALID"]


def test_a_receipt_about_a_document_that_was_never_sent_is_an_alarm(world: World) -> None:
    world.give(a_receipt(Event.ACCEPTED, DOCUMENT), A)
    world.sending.receive()
    assert [code for code, _ in world.sending.quarantine()] == ["RECEIPT_INVALID"]
    assert world.sending.log.events("alarm") == ["message_quarantined"]


def test_a_receipt_twice_is_one_and_is_confirmed_twice(world: World) -> None:
    world.accepted(B)
    (accepted,) = world.inbox(A)
    for _ in range(2):
        world.sending.receive()
        world.sending.relay.note()
        world.give(accepted, A)
    assert world.sending.counts()["untold"] == 1
    assert [read_receipt(body).event for body in world.waiting("work.receipt")] == [Event.NOTED, Event.NOTED]


def test_two_receipts_under_one_id_are_a_conflict_and_the_first_stands(world: World) -> None:
    world.give(DOCUMENT)
    world.give(a_receipt(Event.REMINDED, DOCUMENT, recipient=B, attributes=(("n", "1"),)))
    other = a_receipt(Event.REMINDED, DOCUMENT, recipient=B, attributes=(("n", "9"),))
    world.give(other)
    world.receiving.receive()
    assert world.receiving.quarantine() == [("CONFLICT", other)]
    assert world.receiving.delivery(B, KEY).state.reminders == 1


def test_a_receipt_that_overtakes_its_envelope_waits_for_it(world: World) -> None:
    world.give(a_receipt(Event.REMINDED, DOCUMENT, recipient=B, attributes=(("n", "2"),)))
    world.receiving.receive()
    world.give(DOCUMENT)
    world.receiving.receive()
    assert world.receiving.delivery(B, KEY).state.reminders == 2


def test_accepted_beside_a_repeated_dispatch_is_owed_no_confirmation(world: World) -> None:
    world.give(a_receipt(Event.ACCEPTED, DOCUMENT))
    world.receiving.receive()
    assert world.receiving.relay.note() == 0


# NOTED


def test_noted_closes_exactly_what_it_names(world: World) -> None:
    world.give(DOCUMENT)
    world.give(signed(an_envelope(number=2)))
    world.receiving.receive()
    with world.receiving.store.begin() as session:
        first, second = session.open_outbox(B)
    world.give(_noted(Noted(receipt=ReceiptId(first[0]), digest=first[1])))
    world.give(_noted(Noted(receipt=ReceiptId(second[0]), digest="0" * 64)))
    world.receiving.receive()
    assert world.receiving.open_outbox(B) == [second[0]]
    world.receiving.log.expect_quiet()


def test_noted_of_another_units_receipt_closes_nothing(world: World) -> None:
    world.give(DOCUMENT)
    world.receiving.receive()
    with world.receiving.store.begin() as session:
        ((id_, digest),) = session.open_outbox(B)
    world.give(_noted(Noted(receipt=ReceiptId(id_), digest=digest)), C)
    world.receiving.receive()
    assert world.receiving.open_outbox(B) == [id_]


def test_only_the_hub_notes(world: World) -> None:
    world.give(DOCUMENT)
    world.receiving.receive()
    with world.receiving.store.begin() as session:
        ((id_, digest),) = session.open_outbox(B)
    world.give(_noted(Noted(receipt=ReceiptId(id_), digest=digest), unit=D))
    world.receiving.receive()
    assert world.receiving.open_outbox(B) == [id_]


def test_a_fault_in_noted_ends_the_repeating_and_is_an_alarm(world: World) -> None:
    world.give(DOCUMENT)
    world.receiving.receive()
    with world.receiving.store.begin() as session:
        ((id_, digest),) = session.open_outbox(B)
    world.give(_noted(Noted(receipt=ReceiptId(id_), digest=digest, fault="RECEIPT_INVALID")))
    world.receiving.receive()
    assert world.receiving.open_outbox(B) == []
    (line,) = (line for line in world.receiving.log.lines if line.level == "alarm")
    assert (line.event, line.fields["code"]) == ("receipt_refused_by_hub", "RECEIPT_INVALID")


# what can be held against the hub


def test_the_hubs_checkpoints_are_kept(world: World) -> None:
    world.hub.sealer.seal()
    world.accepted(B)
    world.hub.sealer.seal()
    world.settle()
    world.accepted(B)
    world.sending.receive()
    with world.sending.store.begin() as session, world.hub.store.begin() as hub:
        assert [held.note for held in session.checkpoints()] == [sealed.note for sealed in hub.checkpoints()][:1]


def test_a_checkpoint_that_the_ledger_did_not_sign_is_an_alarm_and_its_receipt_stands(world: World) -> None:
    key = world.submit(B)
    with world.sending.store.begin() as session:
        (row,) = session.due_outbox(world.clock.now(), 1)
    note = county(5, seed=1).ledger.note("hub.520304\n1\nAAAA\n")
    world.give(a_receipt(Event.ACCEPTED, row.document, checkpoint=note), A)
    world.sending.receive()
    assert world.sending.log.events("alarm") == ["checkpoint_invalid"]
    assert world.sending.said(A, key) == ["ACCEPTED"]
    with world.sending.store.begin() as session:
        assert session.checkpoints() == []
