"""What people decide in their office system: one signed receipt each, whatever is asked twice, and told back."""

from datetime import timedelta

import pytest

from exchange.errors import AdapterError, StorageError, YidiError
from exchange.model.envelope import EnvelopeKey
from exchange.model.events import BusinessState, Event
from exchange.model.receipt import Reason
from exchange.model.unit import UnitCode
from exchange.ports.office import OfficeDecision
from tests.unit.services.hub_and_node import A, B, C, Died, Office, World, a_file


@pytest.fixture
def world() -> World:
    return World()


def in_office(world: World) -> EnvelopeKey:
    key = world.delivered(B, files=[a_file()])
    world.receiving.officer.hand_over()
    world.settle()
    return key


def decided(
    key: EnvelopeKey, event: Event = Event.SIGNED, reference: str = "affair-1", **more: object
) -> OfficeDecision:
    return OfficeDecision(key=key, event=event, person="李四", reference=reference, **more)  # type: ignore[arg-type]


def test_who_signs_in_the_office_has_signed_and_the_sender_sees_the_name(world: World) -> None:
    key = in_office(world)
    world.receiving.office.decided_here = [decided(key)]
    assert world.receiving.office_decider.take() == 1
    world.settle()
    signed = world.sending.delivery(A, key).state.signed
    assert signed is not None
    assert signed.person == "李四"
    assert world.receiving.office.answers == [("affair-1", None)]


def test_the_same_decision_again_is_one_receipt_and_answered_as_before(world: World) -> None:
    key = in_office(world)
    world.receiving.office.decided_here = [decided(key), decided(key, Event.FEEDBACK, "note-1", text="已办")]
    world.receiving.office_decider.take()
    world.receiving.office_decider.take()
    said = world.receiving.said(B, key)
    assert (said.count("SIGNED"), said.count("FEEDBACK")) == (1, 1)
    assert [answer for _, answer in world.receiving.office.answers] == [None] * 4


def test_a_second_answer_of_another_id_is_a_second_receipt(world: World) -> None:
    key = in_office(world)
    notes = [decided(key, Event.FEEDBACK, f"note-{n}", text="进展") for n in (1, 2)]
    world.receiving.office.decided_here = [decided(key), *notes]
    world.receiving.office_decider.take()
    assert world.receiving.said(B, key).count("FEEDBACK") == 2


def test_one_that_dies_before_the_office_hears_signs_once(world: World) -> None:
    class Kills(Office):
        def decided(self, unit: UnitCode, reference: str, fault: YidiError | None) -> None:
            raise Died

    key = in_office(world)
    world.receiving.office.decided_here = [decided(key)]
    world.receiving.offices[B] = Kills(taken=world.receiving.office.taken, decided_here=[decided(key)])
    with pytest.raises(Died):
        world.receiving.office_decider.take()
    world.receiving.offices[B] = world.receiving.office
    world.receiving.office_decider.take()
    assert world.receiving.said(B, key).count("SIGNED") == 1
    assert world.receiving.office.answers == [("affair-1", None)]


def test_returning_needs_a_reason_and_carries_it(world: World) -> None:
    key = in_office(world)
    why = {"reason": Reason.WRONG_UNIT, "text": "应送区水务局"}
    world.receiving.office.decided_here = [decided(key), decided(key, Event.RETURNED, "affair-2", **why)]
    assert world.receiving.office_decider.take() == 2
    world.settle()
    state = world.sending.delivery(A, key).state
    assert state.business is BusinessState.RETURNED
    assert state.closed is not None
    assert (state.closed.reason, state.closed.text) == ("WRONG_UNIT", "应送区水务局")


def test_what_can_never_be_taken_is_told_to_the_office_and_stops_no_other(world: World) -> None:
    key = in_office(world)
    silent = decided(key, Event.REJECTED, "affair-1")
    early = decided(key, Event.FEEDBACK, "affair-2", text="已办")
    never = decided(key, Event.DELIVERED, "affair-3")
    world.receiving.office.decided_here = [silent, early, never, decided(key, reference="affair-4")]
    assert world.receiving.office_decider.take() == 1
    answers = dict(world.receiving.office.answers)
    assert answers == {"affair-1": "REASON_REQUIRED", "affair-2": "STATE", "affair-3": "STATE", "affair-4": None}


def test_what_may_be_taken_later_waits(world: World) -> None:
    key = in_office(world)
    world.receiving.office.decided_here = [decided(key)]
    world.receiving.steps.faults = {"add_receipts": StorageError("full")}
    assert world.receiving.office_decider.take() == 0
    assert world.receiving.office.answers == []
    world.receiving.steps.faults = {}
    assert world.receiving.office_decider.take() == 1


def test_an_office_in_trouble_delays_itself_alone(world: World) -> None:
    key = in_office(world)
    world.receiving.office.decided_here = [decided(key)]
    down = Office(fault=AdapterError("no answer"))
    world.receiving.offices[C] = down
    assert world.receiving.office_decider.take() == 1
    assert "office_decisions_unreachable" in world.receiving.log.events("warning")


def test_an_office_that_must_be_asked_learns_what_it_holds_and_nobody_is_finished_with(world: World) -> None:
    world.receiving.offices[C] = None
    key, returned = in_office(world), in_office(world)
    world.receiving.decider.sign(B, returned, "李四")
    world.receiving.decider.send_back(B, returned, "李四", Reason.WRONG_UNIT, "误送")
    world.receiving.office_decider.take()
    (held,) = world.receiving.office.held
    assert (held.key, held.office_id, held.state) == (key, "OA-1", BusinessState.UNSIGNED)


def test_a_hand_over_after_a_death_says_that_the_office_may_have_it(world: World) -> None:
    world.delivered(B)
    world.receiving.steps.faults = {"add_receipts": Died()}
    with pytest.raises(Died):
        world.receiving.officer.hand_over()
    world.receiving.steps.faults = {}
    world.receiving.office.fault = AdapterError("no answer")
    world.receiving.officer.hand_over()
    world.receiving.office.fault = None
    world.pass_time(timedelta(hours=1))
    world.receiving.officer.hand_over()
    assert [item.again for item in world.receiving.office.taken] == [False, True]
