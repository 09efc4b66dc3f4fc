"""Receiving: verified end to end, whole or not at all, once, answered, and acknowledged last."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from exchange.errors import StorageError
from exchange.model.events import TransportState
from exchange.model.receipt import Reason
from exchange.model.unit import HubId
from exchange.settings import NodeTiming
from exchange.testing.keys import county
from exchange.trust.digest import sha256_hex
from tests.unit.services.hub_and_node import (
    HOURS,
    A,
    B,
    C,
    Died,
    World,
    a_draft,
    a_file,
    an_entry,
    an_envelope,
    next_signer,
    signed,
)

BIG = b"%PDF-1.7 " + b"0123456789" * 1000  # three chunks of the smallest size
DOCUMENT = signed(an_envelope())
KEY = an_envelope().key


@pytest.fixture
def world() -> World:
    return World()


# envelopes


def test_a_received_document_is_in_the_inbox_and_its_delivered_in_the_outbox(world: World) -> None:
    key = world.accepted(B, files=[a_file(data=BIG)])
    world.receiving.receive()
    delivery = world.receiving.delivery(B, key)
    assert delivery.state.transport is TransportState.DELIVERED
    assert world.receiving.said(B, key) == ["DELIVERED"]
    assert len(world.receiving.open_outbox(B)) == 1
    assert world.receiving.counts()["handovers_open"] == 1
    assert world.receiving.files.has(an_entry(BIG).sha256)
    assert world.inbox(B) == []
    world.receiving.log.expect_quiet()


def test_it_commits_before_it_acknowledges(world: World) -> None:
    world.accepted(B)
    world.receiving.steps.seen.clear()
    world.receiving.receive()
    watched = world.receiving.steps.of("add_documents", "add_outbox", "commit-after", "ack.before")
    assert watched[watched.index("add_documents") :] == ["add_documents", "add_outbox", "commit-after", "ack.before"]


def _for_somebody_else(world: World) -> bytes:
    return signed(an_envelope(C))


def _altered(world: World) -> bytes:
    return DOCUMENT.replace("安全检查".encode(), "安全生产".encode())


def _by_a_key_of_nobody(world: World) -> bytes:
    return signed(an_envelope(), next_signer(A, 2))


def _of_another_county(world: World) -> bytes:
    return signed(an_envelope(), county(5, seed=1).signers[A])


def _of_another_exchange(world: World) -> bytes:
    return signed(an_envelope(hub=HubId("hub.520305")))


def _nothing_of_ours(world: World) -> bytes:
    return b"\xff\xfe"


REFUSALS: list[tuple[Callable[[World], bytes], str]] = [
    (_for_somebody_else, "WRONG_UNIT"),
    (_altered, "SIG_DIGEST"),
    (_by_a_key_of_nobody, "SIG_KEY_UNKNOWN"),
    (_of_another_county, "SIG_KEY_UNKNOWN"),
    (_of_another_exchange, "WRONG_HUB"),
    (_nothing_of_ours, "SCHEMA"),
]


@pytest.mark.parametrize(("make", "code"), REFUSALS, ids=[make.__name__[1:] for make, _ in REFUSALS])
def test_what_the_hub_should_have_refused_is_kept_aside_and_never_shown(
    world: World, make: Callable[[World], bytes], code: str
) -> None:
    body = make(world)
    world.give(body)
    world.receiving.receive()
    ((kept, document),) = world.receiving.quarantine()
    assert kept == code
    assert document == body
    counts = world.receiving.counts()
    assert (counts["inbox"], counts["outbox_open"]) == (0, 0)
    assert world.receiving.log.events("alarm") == ["message_quarantined"]
    assert world.inbox(B) == []


def test_the_same_message_again_is_one_document_and_the_same_answer_again(world: World) -> None:
    world.give(DOCUMENT)
    world.receiving.receive()
    world.receiving.relay.relay()
    (answer,) = world.waiting("work.receipt")
    world.give(DOCUMENT)
    world.give(DOCUMENT)
    world.receiving.receive()
    world.receiving.relay.relay()
    assert world.waiting("work.receipt") == [answer, answer]
    counts = world.receiving.counts()
    assert (counts["inbox"], counts["handovers_open"]) == (1, 1)
    assert world.receiving.metrics.counted("yidi_node_duplicates_total") == 2


def test_twice_in_one_batch_is_once(world: World) -> None:
    world.give(DOCUMENT)
    world.give(DOCUMENT)
    world.receiving.receive()
    assert world.receiving.counts()["inbox"] == 1
    assert len(world.receiving.open_outbox(B)) == 1


def test_two_units_of_one_node_each_have_their_own(world: World) -> None:
    key = world.accepted(B, C)
    world.receiving.receive()
    assert (world.receiving.said(B, key), world.receiving.said(C, key)) == (["DELIVERED"], ["DELIVERED"])


def test_other_bytes_under_the_same_id_are_kept_aside(world: World) -> None:
    world.give(DOCUMENT)
    world.receiving.receive()
    other = signed(an_envelope(B, C))
    world.give(other)
    world.receiving.receive()
    assert world.receiving.quarantine() == [("CONFLICT", other)]
    assert world.receiving.delivery(B, KEY).digest == sha256_hex(DOCUMENT)


# files


def test_nothing_is_visible_while_a_file_is_missing_and_the_next_dispatch_completes_it(world: World) -> None:
    document = signed(an_envelope(files=(an_entry(BIG),)))
    world.give(document)
    world.receiving.receive()
    assert world.receiving.counts()["inbox"] == 0
    assert (world.receiving.quarantine(), world.inbox(B)) == ([], [])
    assert world.receiving.log.events("warning") == ["message_not_ready"]


def test_a_cut_line_costs_only_what_had_not_arrived(world: World) -> None:
    key = world.accepted(B, files=[a_file(data=BIG)])
    world.receiving.line.left = 1
    world.receiving.receive()
    assert world.receiving.counts()["inbox"] == 0
    world.receiving.line.left = None
    world.pass_time(HOURS)
    world.hub.dispatcher.dispatch()
    world.receiving.receive()
    assert "DELIVERED" in world.receiving.said(B, key)
    assert sum(world.receiving.line.moved) == len(BIG)


def test_a_file_that_is_corrupt_at_the_hub_is_told_to_the_sender_once_and_delivered_when_healed(world: World) -> None:
    key = world.accepted(B, files=[a_file(data=BIG)])
    sha256 = an_entry(BIG).sha256
    world.hub.files.flip(sha256)
    for _ in range(3):
        world.settle()
        world.pass_time(HOURS)
        world.hub.dispatcher.dispatch()
    told = world.sending.delivery(A, key).state
    assert (told.transport, told.failed and told.failed.reason) == (TransportState.UNDELIVERED, Reason.INCOMPLETE)
    assert world.receiving.said(B, key).count("UNDELIVERED") == 1
    assert "file_corrupt_at_hub" in world.receiving.log.events("alarm")
    world.hub.files.flip(sha256)
    world.settle()
    assert world.sending.delivery(A, key).state.transport is TransportState.DELIVERED


# trouble


@pytest.mark.parametrize("step", ["ack.before", "ack.after"])
def test_a_node_that_dies_after_its_commit_answers_the_same_when_the_batch_comes_again(world: World, step: str) -> None:
    world.give(DOCUMENT)
    world.receiving.steps.faults = {step: Died()}
    with pytest.raises(Died):
        world.receiving.receive()
    world.receiving.steps.faults = {}
    world.receiving.transport.close()
    world.receiving.receive()
    assert world.receiving.said(B, KEY) == ["DELIVERED"]
    assert world.receiving.counts()["inbox"] == 1


@pytest.mark.parametrize(
    "step", ["add_documents", "add_deliveries_of_units", "add_outbox", "add_handovers", "commit-before"]
)
def test_a_full_disk_stores_nothing_acknowledges_nothing_and_gives_the_batch_back(world: World, step: str) -> None:
    world.give(DOCUMENT)
    world.receiving.steps.faults = {step: StorageError("the disk is full")}
    with pytest.raises(StorageError):
        world.receiving.receive()
    world.receiving.steps.faults = {}
    assert world.inbox(B) == [DOCUMENT]
    assert (world.receiving.counts()["inbox"], world.receiving.open_outbox(B)) == (0, [])


def test_a_full_disk_under_the_files_gives_the_batch_back_too(world: World) -> None:
    world.accepted(B, files=[a_file(data=BIG)])
    world.receiving.files.capacity = 100
    with pytest.raises(StorageError):
        world.receiving.receive()
    assert len(world.inbox(B)) == 1


def test_a_message_that_we_stumble_over_is_counted_then_kept_and_its_neighbours_arrive(world: World) -> None:
    entry = world.upload(b"stumble", unit=B)
    bad = signed(an_envelope(files=(entry,), number=2))

    def stumble(step: str, sha256: str) -> None:
        if step == "complete.before" and sha256 == entry.sha256:
            raise ZeroDivisionError

    world.receiving.files.hook = stumble
    world.give(bad)
    world.give(DOCUMENT)
    for _ in range(NodeTiming().poison_attempts - 1):
        world.receiving.receive()
        assert world.inbox(B) == [bad]
    assert world.receiving.counts()["inbox"] == 1
    world.receiving.receive()
    assert (world.inbox(B), world.receiving.quarantine()) == ([], [("BUG ZeroDivisionError", bad)])


def test_delivered_speaks_of_now_and_not_of_the_batchs_beginning(world: World) -> None:
    key = world.accepted(B, files=[a_file()])

    def slow(step: str, sha256: str) -> None:
        if step == "complete.after":
            world.pass_time(timedelta(minutes=3))

    world.receiving.files.hook = slow
    started = world.clock.now()
    world.receiving.receive()
    delivered = world.receiving.delivery(B, key).state.delivered
    assert delivered is not None
    assert delivered.at == started + timedelta(minutes=3)


def test_a_document_addressed_to_the_node_of_its_sender_is_two_mailboxes(world: World) -> None:
    key = world.receiving.submitter.submit(a_draft(C, sender=B)).key
    world.settle()
    assert world.receiving.said(B, key) == ["ACCEPTED", "DELIVERED"]
    assert world.receiving.said(C, key) == ["DELIVERED"]
