"""What one office's trouble does to the others: nothing."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import BinaryIO

import pytest

from exchange.errors import AdapterError, YidiError
from exchange.model.envelope import EnvelopeKey
from exchange.model.events import Event, TransportState
from exchange.model.receipt import Reason
from exchange.model.unit import UnitCode
from exchange.ports.node import Box
from exchange.ports.office import HandOver, OfficeDecision
from exchange.services.node.handover import Officer
from exchange.services.node.office_health import OfficeHealth
from tests.unit.services.hub_and_node import A, B, C, Office, World, a_draft, a_file


@dataclass
class Buggy(Office):
    """An adapter whose author forgot something."""

    calls: int = 0

    def _check(self) -> None:
        self.calls += 1
        raise KeyError("title")


@dataclass
class Down(Office):
    calls: int = 0

    def _check(self) -> None:
        self.calls += 1
        raise AdapterError("no answer")


@dataclass
class Refusing(Office):
    code: str = "OA_REJECTED"

    def hand_over(self, item: HandOver) -> str:
        raise AdapterError("this kind is not taken here", code=self.code)


@dataclass
class Deaf(Office):
    """It takes no result of these."""

    deaf: tuple[str, ...] = ()

    def sent(self, unit: UnitCode, reference: str, key: EnvelopeKey) -> None:
        self._listen(reference)
        super().sent(unit, reference, key)

    def refused(self, unit: UnitCode, reference: str, code: str, message: str) -> None:
        self._listen(reference)
        super().refused(unit, reference, code, message)

    def decided(self, unit: UnitCode, reference: str, fault: YidiError | None) -> None:
        self._listen(reference)
        super().decided(unit, reference, fault)

    def _listen(self, reference: str) -> None:
        if reference in self.deaf:
            raise AdapterError("the form is locked by somebody")


def test_a_bug_in_one_units_adapter_keeps_no_document_from_anothers() -> None:
    world = World()
    receiving = world.receiving
    receiving.offices[B] = Buggy()
    world.delivered(B, C)
    receiving.officer.hand_over()
    assert [item.unit for item in receiving.office.taken] == [C]
    assert receiving.counts()["handovers_open"] == 1


def test_a_bug_in_one_units_adapter_stops_no_others_drafts() -> None:
    world = World()
    receiving = world.receiving
    receiving.offices[B] = Buggy()
    receiving.office.drafts = [a_draft(A, sender=C, reference="C-1")]
    assert receiving.officer.collect() == 1


def test_a_result_that_its_office_does_not_take_keeps_no_other_document_waiting() -> None:
    world, health = World(), OfficeHealth()
    sending = world.sending
    office = sending.offices[A] = Deaf(deaf=("A-1", "A-2"))
    officer = Officer(sending.node, sending.offices.get, sending.submitter, health)
    wrong = a_draft("无此单位", sender=A, reference="A-2")
    office.drafts = [a_draft(B, sender=A, reference="A-1"), wrong, a_draft(B, sender=A, reference="A-3")]
    officer.collect()
    assert [reference for reference, _ in office.answers] == ["A-3"]
    assert health.fault(A) == "ADAPTER_DOWN"
    office.deaf = ()
    officer.collect()
    assert [reference for reference, _ in office.answers] == ["A-3", "A-1", "A-2", "A-3"]
    assert (sending.counts()["sent"], health.fault(A)) == (2, None)


def test_an_office_that_takes_no_results_at_all_is_soon_let_alone() -> None:
    world = World()
    references = tuple(f"A-{n}" for n in range(20))
    office = world.sending.offices[A] = Deaf(deaf=references)
    office.drafts = [a_draft(B, sender=A, reference=one) for one in references]
    world.sending.officer.collect()
    assert world.sending.counts()["sent"] == 5


def test_a_decision_whose_result_the_office_does_not_take_keeps_no_other_waiting() -> None:
    world = World()
    receiving = world.receiving
    office = receiving.offices[B] = Deaf(deaf=("one",))
    keys = [world.delivered(B), world.delivered(B)]
    receiving.officer.hand_over()
    office.decided_here = [
        OfficeDecision(key=key, event=Event.SIGNED, person="李四", reference=reference)
        for key, reference in zip(keys, ("one", "two"), strict=True)
    ]
    receiving.office_decider.take()
    assert office.answers == [("two", None)]
    assert all("SIGNED" in receiving.said(B, key) for key in keys)
    office.deaf = ()
    receiving.office_decider.take()
    assert office.answers == [("two", None), ("one", None), ("two", None)]


def test_an_office_that_is_down_hides_no_receipts_from_the_others() -> None:
    world = World()
    receiving = world.receiving
    receiving.offices[B] = Down()
    _sent_and_answered(world, B)
    _sent_and_answered(world, B)
    _sent_and_answered(world, C)
    receiving.officer.tell(limit=2)
    receiving.officer.tell(limit=2)
    assert {unit for unit, _ in receiving.office.heard} == {C}


def test_an_office_that_is_down_is_left_alone_for_a_while_and_then_told_everything() -> None:
    world = World()
    receiving, down = world.receiving, Down()
    receiving.offices[B] = down
    _sent_and_answered(world, B)
    for _ in range(50):
        receiving.officer.tell()
    assert down.calls == 1
    receiving.offices[B] = receiving.office
    world.pass_time(timedelta(hours=1))
    receiving.officer.tell()
    assert {unit for unit, _ in receiving.office.heard} == {B}
    assert receiving.counts()["untold"] == 0


def test_an_office_that_answers_again_gets_at_once_what_waited_for_it() -> None:
    world = World()
    receiving = world.receiving
    receiving.offices[B] = Down()
    _sent_and_answered(world, B)
    world.delivered(B)
    for _ in range(12):
        receiving.officer.hand_over()
        receiving.officer.tell()
        world.pass_time(timedelta(minutes=30))
    receiving.officer.hand_over()
    receiving.officer.tell()
    receiving.officer.collect()
    receiving.offices[B] = receiving.office
    receiving.officer.hand_over()
    receiving.officer.tell()
    assert (receiving.office.taken, receiving.office.heard) == ([], [])
    receiving.officer.collect()
    receiving.officer.hand_over()
    receiving.officer.tell()
    assert [item.unit for item in receiving.office.taken] == [B]
    assert {unit for unit, _ in receiving.office.heard} == {B}


def test_a_document_that_the_office_will_never_take_is_not_offered_for_ever() -> None:
    world = World()
    receiving = world.receiving
    receiving.offices[B] = Refusing()
    world.delivered()
    receiving.officer.hand_over()
    assert receiving.counts()["handovers_open"] == 0
    assert "office_refused" in receiving.log.events("alarm")


@pytest.mark.parametrize(("code", "reason"), [("FILES_DIR", Reason.SIZE), ("OA_REJECTED", Reason.OA_REJECTED)])
def test_the_sender_hears_once_what_keeps_its_document_out_of_an_office_and_that_it_went_in(
    code: str, reason: Reason
) -> None:
    world = World()
    receiving = world.receiving
    receiving.offices[B] = Refusing(code=code)
    key = world.delivered(B)
    for _ in range(3):
        receiving.officer.hand_over()
        world.settle()
        world.pass_time(timedelta(hours=1))
    assert world.sending.said(A, key).count("UNDELIVERED") == 1
    state = world.sending.delivery(A, key).state
    assert (state.transport, state.failed and state.failed.reason) == (TransportState.DELIVERED, reason)
    assert state.failed is not None
    assert "已到收文单位的节点" in state.failed.text
    world.sending.officer.tell()
    assert "UNDELIVERED" in [receipt.event for _, receipt in world.sending.office.heard]
    receiving.offices[B] = receiving.office
    receiving.officer.hand_over()
    world.settle()
    assert ("IMPORTED" in world.sending.said(A, key)) is (code == "FILES_DIR")
    with receiving.store.look() as session:
        assert session.handover_faults() == {}


def test_what_keeps_documents_out_is_counted_by_fault_while_they_wait() -> None:
    world = World()
    world.receiving.offices[B] = Down()
    world.receiving.offices[C] = Refusing(code="FILES_DIR")
    world.delivered(B, C)
    world.receiving.officer.hand_over()
    with world.receiving.store.look() as session:
        assert session.handover_faults() == {"ADAPTER_DOWN": 1, "FILES_DIR": 1}
    assert world.receiving.said(B, world.delivered(B)).count("UNDELIVERED") == 0


def test_what_an_office_refused_is_counted_until_a_person_acts() -> None:
    world = World()
    world.receiving.offices[B] = Refusing(code="OA_REJECTED")
    key = world.delivered(B)
    with world.receiving.store.look() as session:
        assert session.refused_by_offices() == 0
    world.receiving.officer.hand_over()
    with world.receiving.store.look() as session:
        assert (session.refused_by_offices(), session.handover_faults()) == (1, {})
    world.receiving.decider.sign(B, key, "李四")
    with world.receiving.store.look() as session:
        assert session.refused_by_offices() == 0


def test_a_draft_whose_file_cannot_be_read_waits_and_stops_no_other() -> None:
    def unreadable() -> BinaryIO:
        raise PermissionError(13, "no")

    world = World()
    broken = a_draft(A, sender=B, reference="B-1", files=[replace(a_file(), open=unreadable)])
    good = a_draft(A, sender=C, reference="C-1")
    world.receiving.office.drafts = [broken, good]
    assert world.receiving.officer.collect() == 1
    assert [reference for reference, _ in world.receiving.office.answers] == ["C-1"]
    assert "office_draft_waits" in world.receiving.log.events("warning")


def test_a_file_that_went_bad_here_is_fetched_again_before_the_office_gets_it() -> None:
    world = World()
    key = world.delivered(files=[a_file()])
    with world.receiving.store.begin() as session:
        (document,) = session.documents(Box.INBOX, [(B, key)]).values()
    world.receiving.files.flip(document.files[0])
    world.receiving.officer.hand_over()
    assert [item.key for item in world.receiving.office.taken] == [key]


def test_a_person_can_sign_although_a_file_went_bad_here() -> None:
    world = World()
    key = world.delivered(files=[a_file()])
    with world.receiving.store.begin() as session:
        (document,) = session.documents(Box.INBOX, [(B, key)]).values()
    world.receiving.files.flip(document.files[0])
    world.receiving.decider.sign(B, key, "王五")
    assert "SIGNED" in world.receiving.said(B, key)


def _sent_and_answered(world: World, sender: UnitCode) -> EnvelopeKey:
    key = world.receiving.submitter.submit(a_draft(A, sender=sender)).key
    world.settle()
    return key
