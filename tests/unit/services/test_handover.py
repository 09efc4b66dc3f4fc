"""Handing over: once into the office in effect, its id stored before IMPORTED says so. Offices in trouble:
`test_office_faults`."""

from datetime import timedelta

import pytest

from exchange.errors import AdapterError, StorageError
from exchange.model.events import Event
from exchange.ports.office import HandOver
from tests.unit.services.hub_and_node import A, B, C, Died, Office, World, a_draft, a_file

DATA = b"%PDF-1.7 body"


@pytest.fixture
def world() -> World:
    return World()


def test_the_office_gets_the_document_with_its_files_and_imported_says_so(world: World) -> None:
    key = world.delivered(B, files=[a_file(data=DATA)])
    assert world.receiving.officer.hand_over() == 1
    (item,) = world.receiving.office.taken
    assert (item.unit, item.key, item.envelope.key) == (B, key, key)
    assert item.open_file(item.envelope.files[0].sha256).read() == DATA
    assert "IMPORTED" in world.receiving.said(B, key)
    with world.receiving.store.begin() as session:
        record = session.handover(B, key)
    assert record is not None
    assert (record.due, record.external_id) == (None, "OA-1")
    assert world.receiving.officer.hand_over() == 0


def test_the_sender_learns_that_it_is_in_the_office(world: World) -> None:
    key = world.delivered(B)
    world.receiving.officer.hand_over()
    world.settle()
    assert world.sending.delivery(A, key).state.imported is not None


def test_one_that_dies_behind_the_office_hands_over_again_under_the_same_key(world: World) -> None:
    key = world.delivered(B)
    world.receiving.steps.faults = {"add_receipts": Died()}
    with pytest.raises(Died):
        world.receiving.officer.hand_over()
    assert "IMPORTED" not in world.receiving.said(B, key)
    world.receiving.steps.faults = {}
    world.receiving.officer.hand_over()
    assert [item.key for item in world.receiving.office.taken] == [key, key]
    assert world.receiving.said(B, key).count("IMPORTED") == 1


def test_an_office_that_is_down_gets_it_later_and_nothing_else_waits(world: World) -> None:
    key = world.delivered(B, C)
    world.receiving.office.fault = AdapterError("no answer")
    assert world.receiving.officer.hand_over() == 0
    assert world.receiving.officer.hand_over() == 0
    assert world.receiving.metrics.counted("yidi_node_handover_failures_total", code="ADAPTER_DOWN") == 2
    world.receiving.decider.sign(B, key, "赵六")  # people need not wait for it
    world.receiving.office.fault = None
    world.pass_time(timedelta(seconds=1))
    assert world.receiving.officer.hand_over() == 2


def test_a_unit_without_an_office_reads_its_inbox_here(world: World) -> None:
    world.receiving.offices[B] = None
    world.delivered(B)
    assert world.receiving.officer.hand_over() == 0
    assert world.receiving.counts()["handovers_open"] == 0


def test_what_was_recalled_meanwhile_is_not_handed_over(world: World) -> None:
    key = world.delivered(B)
    world.sending.recaller.recall(key, "张三", "发错了")
    world.settle()
    assert world.receiving.officer.hand_over() == 0
    assert world.receiving.office.taken == []
    assert world.receiving.counts()["handovers_open"] == 0


def test_what_the_office_may_have_from_before_a_crash_is_handed_over_again_also_after_a_recall(world: World) -> None:
    class TakesAndKills(Office):
        def hand_over(self, item: HandOver) -> str:
            super().hand_over(item)
            raise Died

    key = world.delivered(B)
    world.receiving.offices[B] = TakesAndKills()
    with pytest.raises(Died):
        world.receiving.officer.hand_over()
    world.receiving.offices[B] = world.receiving.office
    world.sending.recaller.recall(key, "张三", "发错了")
    world.settle()
    assert world.receiving.officer.hand_over() == 1
    assert "IMPORTED" in world.receiving.said(B, key)


def test_the_office_hears_that_a_document_it_holds_was_taken_back(world: World) -> None:
    key = world.delivered(B)
    world.receiving.officer.hand_over()
    world.sending.recaller.recall(key, "张三", "发错了")
    world.settle()
    world.receiving.officer.tell()
    heard = {receipt.event for unit, receipt in world.receiving.office.heard if unit == B}
    assert heard == {Event.RECALL_REQUESTED, Event.RECALLED}


def test_the_office_hears_every_receipt_about_what_it_sent_once(world: World) -> None:
    key = world.delivered(B)
    world.receiving.decider.sign(B, key, "赵六")
    world.settle()
    assert world.sending.officer.tell() == 3
    assert world.sending.officer.tell() == 0
    assert {receipt.event for _, receipt in world.sending.office.heard} == {
        Event.ACCEPTED,
        Event.DELIVERED,
        Event.SIGNED,
    }


def test_who_has_no_office_is_told_nothing_for_ever(world: World) -> None:
    world.sending.offices[A] = None
    world.delivered(B)
    world.sending.officer.tell()
    assert world.sending.counts()["untold"] == 0
    assert world.sending.office.heard == []


def test_what_the_office_puts_out_is_sent_and_the_office_told(world: World) -> None:
    world.sending.office.drafts = [a_draft(B, reference="OA-7")]
    assert world.sending.officer.collect() == 1
    ((reference, key),) = world.sending.office.answers
    assert reference == "OA-7"
    world.settle()
    assert world.receiving.said(B, key) == ["DELIVERED"]  # type: ignore[arg-type]


def test_collecting_the_same_draft_again_is_one_document(world: World) -> None:
    world.sending.office.drafts = [a_draft(B, reference="OA-7")]
    world.sending.officer.collect()
    world.sending.officer.collect()
    first, second = world.sending.office.answers
    assert first == second
    assert world.sending.counts()["sent"] == 1


def test_a_draft_that_can_never_go_is_refused_to_the_office_and_its_neighbour_goes(world: World) -> None:
    world.sending.office.drafts = [a_draft("不存在的单位", reference="OA-7"), a_draft(B, reference="OA-8")]
    assert world.sending.officer.collect() == 1
    assert world.sending.office.answers[0] == ("OA-7", "UNKNOWN_RECIPIENT")
    assert world.sending.log.events("warning") == ["office_draft_refused"]


def test_a_draft_that_may_go_later_stays_where_it_waits(world: World) -> None:
    world.sending.office.drafts = [a_draft(B, reference="OA-7", files=[a_file()])]
    world.sending.files.capacity = 1
    assert world.sending.officer.collect() == 0
    assert world.sending.office.answers == []
    world.sending.files.capacity = None
    assert world.sending.officer.collect() == 1


def test_a_store_that_fails_leaves_the_hand_over_open(world: World) -> None:
    key = world.delivered(B)
    world.receiving.steps.faults = {"commit-before": StorageError("gone")}
    with pytest.raises(StorageError):
        world.receiving.officer.hand_over()
    world.receiving.steps.faults = {}
    assert world.receiving.officer.hand_over() == 1
    assert "IMPORTED" in world.receiving.said(B, key)
