"""Relaying: again and again until a signed receipt closes the row; nothing spoilt leaves."""

from dataclasses import replace
from datetime import timedelta

import pytest

from exchange.errors import AllowanceError, StorageError
from exchange.model.receipt import MAX_NOTED, Noted, ReceiptId
from exchange.services.evidence.facts import read_receipt
from exchange.testing.broker import Faults
from tests.unit.services.hub_and_node import A, B, C, Died, World, a_file, an_entry, an_envelope

BIG = b"%PDF-1.7 " + b"0123456789" * 1000
WAIT = timedelta(seconds=61)


@pytest.fixture
def world() -> World:
    return World()


def due(world: World) -> timedelta:
    """How long until the one open row is tried again."""
    with world.sending.store.begin() as session:
        (row,) = session.due_outbox(world.clock.now() + timedelta(days=9), 10)
    return row.due - world.clock.now()


def test_files_go_before_the_envelope(world: World) -> None:
    world.submit(B, files=[a_file(data=BIG)])
    world.sending.steps.faults = {"publish.before": Died()}
    with pytest.raises(Died):
        world.sending.relay.relay()
    assert world.hub.files.has(an_entry(BIG).sha256)
    assert world.sending.line.moved == [4096, 4096, len(BIG) - 8192]
    world.sending.steps.faults = {}
    assert world.sending.relay.relay() == 1
    assert len(world.waiting("work.normal")) == 1


def test_what_keeps_files_from_leaving_is_told_until_it_passes(world: World) -> None:
    def used_up(_step: str, _sha256: str) -> None:
        raise AllowanceError("a unit may upload 1 byte in a day", until=world.clock.now() + timedelta(hours=1))

    def faults() -> dict[str, int]:
        with world.sending.store.begin() as session:
            return session.outbox_faults()

    world.submit(B, files=[a_file(data=BIG)])
    world.submit(B)
    world.hub.files.hook = used_up
    assert world.sending.relay.relay() == 1
    assert faults() == {"UPLOAD_QUOTA": 1}
    world.hub.files.hook = None
    world.pass_time(WAIT)
    world.settle()
    assert faults() == {}
    assert world.sending.open_outbox(A) == []


def test_a_confirm_closes_nothing_and_the_row_is_published_again(world: World) -> None:
    key = world.submit(B)
    world.sending.relay.relay()
    assert world.sending.open_outbox(A) == [key.id]
    assert due(world) == WAIT
    assert world.sending.relay.relay() == 0
    world.pass_time(WAIT)
    assert world.sending.relay.relay() == 1
    first, second = world.waiting("work.normal")
    assert first == second


@pytest.mark.parametrize("fault", ["refuse", "unknown_lost", "unknown_stored"])
def test_without_a_confirm_the_next_try_is_soon(world: World, fault: str) -> None:
    world.submit(B)
    world.broker.faults = Faults(**{fault: 1})
    world.sending.relay.relay()
    assert due(world) == timedelta(seconds=1)
    assert world.sending.metrics.counted("yidi_transport_publish_failures_total") == 1


def test_while_the_line_is_down_nothing_counts_as_tried(world: World) -> None:
    key = world.submit(B)
    world.broker.down = True
    for _ in range(20):
        assert world.sending.relay.relay() == 0
        world.pass_time(due(world))
    with world.sending.store.look() as session:
        (row,) = session.due_outbox(world.clock.now(), 10)
    assert row.attempts == 0
    assert world.sending.metrics.counted("yidi_node_published_total") == 0
    assert world.sending.log.events("info").count("envelope_relayed") == 0
    world.broker.down = False
    world.settle()
    assert world.receiving.said(B, key) == ["DELIVERED"]


@pytest.mark.parametrize("code", ["HUB_UNREACHABLE", "HUB_CUT"])
def test_while_the_line_for_files_is_down_nothing_counts_as_tried(world: World, code: str) -> None:
    world.submit(B, files=[a_file(data=BIG)])
    world.sending.line.left, world.sending.line.code = 0, code
    for _ in range(20):
        assert world.sending.relay.relay() == 0
        world.pass_time(due(world))
    with world.sending.store.look() as session:
        (row,) = session.due_outbox(world.clock.now(), 10)
        assert session.outbox_faults() == {code: 1}
    assert row.attempts == 0


def test_a_broker_that_lost_everything_costs_delay_and_no_document(world: World) -> None:
    key = world.submit(B)
    world.sending.relay.relay()
    world.broker.wipe(keep_topology=True)
    world.pass_time(WAIT)
    world.settle()
    assert world.receiving.said(B, key) == ["DELIVERED"]


def test_a_cut_line_holds_the_envelope_back_and_goes_on_where_it_stopped(world: World) -> None:
    world.submit(B, files=[a_file(data=BIG)])
    world.sending.line.left = 2
    assert world.sending.relay.relay() == 0
    assert world.waiting("work.normal") == []
    assert world.sending.log.events("warning") == ["upload_failed"]
    world.sending.line.left = None
    world.pass_time(timedelta(seconds=1))
    assert world.sending.relay.relay() == 1
    assert sum(world.sending.line.moved) == len(BIG)


def test_one_document_that_cannot_go_holds_no_other_back(world: World) -> None:
    world.submit(B, files=[a_file(data=BIG)])
    other = world.submit(C)
    world.sending.line.left = 0
    assert world.sending.relay.relay() == 1
    world.hub.route()
    assert world.hub.said(other) == ["ACCEPTED"]


def test_what_the_hub_has_from_us_is_not_sent_again(world: World) -> None:
    world.submit(B, files=[a_file(data=BIG)])
    world.submit(C, files=[a_file(data=BIG)])
    world.sending.relay.relay()
    assert sum(world.sending.line.moved) == len(BIG)


def test_an_empty_file_travels_too(world: World) -> None:
    key = world.delivered(B, files=[a_file("空.bin", b"", "application/octet-stream")])
    assert world.receiving.said(B, key) == ["DELIVERED"]


def test_a_file_that_went_bad_here_never_leaves_and_is_an_alarm(world: World) -> None:
    world.submit(B, files=[a_file(data=BIG)])
    world.sending.files.flip(an_entry(BIG).sha256)
    assert world.sending.relay.relay() == 0
    assert world.sending.log.events("alarm") == ["file_corrupt"]
    assert world.sending.line.moved == []
    assert world.waiting("work.normal") == []


def test_a_row_that_went_bad_here_never_leaves_and_is_an_alarm(world: World) -> None:
    world.submit(B)
    with world.sending.store.begin() as session:
        (row,) = session.due_outbox(world.clock.now(), 1)
        session.close_outbox(A, [(row.id, row.digest)])
        session.add_outbox([replace(row, id=an_envelope().id, document=row.document + b" ")])
    assert world.sending.relay.relay() == 0
    assert world.sending.log.events("alarm") == ["outbox_corrupt"]
    assert world.waiting("work.normal") == []
    assert due(world) == timedelta(seconds=1)


def test_a_relay_that_dies_between_publishing_and_storing_publishes_again(world: World) -> None:
    key = world.submit(B)
    world.sending.steps.faults = {"save_outbox": Died()}
    with pytest.raises(Died):
        world.sending.relay.relay()
    world.sending.steps.faults = {}
    world.sending.relay.relay()
    assert len(world.waiting("work.normal")) == 2
    world.hub.route()
    assert world.hub.said(key) == ["ACCEPTED"]


def test_no_more_than_the_limit_is_taken_at_once(world: World) -> None:
    for _ in range(3):
        world.submit(B)
    assert [world.sending.relay.relay(2) for _ in range(3)] == [2, 1, 0]


# NOTED of the node's


def test_what_was_received_is_noted_per_unit_and_at_most_five_hundred_at_once(world: World) -> None:
    def noted(count: int) -> list[Noted]:
        return [Noted(receipt=ReceiptId(f"0b6e2f0e-0d7c-4a57-8c43-{n:012}"), digest=f"{n:064}") for n in range(count)]

    with world.receiving.store.begin() as session:
        session.owe(B, noted(MAX_NOTED + 2))
        session.owe(C, noted(1))
    assert world.receiving.relay.note() == MAX_NOTED + 3
    sent = [read_receipt(body) for body in world.waiting("work.receipt")]
    assert sorted((receipt.actor.unit, len(receipt.noted)) for receipt in sent) == [(B, 2), (B, MAX_NOTED), (C, 1)]
    assert world.receiving.relay.note() == 0


def test_a_store_that_fails_notes_nothing(world: World) -> None:
    world.accepted(B)
    world.sending.receive()
    world.sending.steps.faults = {"commit-before": StorageError("gone")}
    with pytest.raises(StorageError):
        world.sending.relay.note()
    world.sending.steps.faults = {}
    assert world.sending.relay.note() == 1
