"""What one office's trouble does to the others: nothing."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import BinaryIO

from exchange.errors import AdapterError
from exchange.model.envelope import EnvelopeKey
from exchange.model.unit import UnitCode
from exchange.ports.node import Box
from exchange.ports.office import HandOver
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


class Refusing(Office):
    def hand_over(self, item: HandOver) -> str:
        raise AdapterError("this kind is not taken here", code="OA_REJECTED")


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


def test_a_document_that_the_office_will_never_take_is_not_offered_for_ever() -> None:
    world = World()
    receiving = world.receiving
    receiving.offices[B] = Refusing()
    world.delivered()
    receiving.officer.hand_over()
    assert receiving.counts()["handovers_open"] == 0
    assert "office_refused" in receiving.log.events("alarm")


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
