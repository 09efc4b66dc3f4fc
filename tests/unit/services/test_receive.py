"""Receiving: verified end to end, whole or not at all, once, answered, and acknowledged last."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from exchange.directory.update import end_key, revoke_key
from exchange.errors import StorageError
from exchange.model.events import BusinessState, Event, Speaker, TransportState
from exchange.model.receipt import Actor, Noted, Reason, Receipt, ReceiptId
from exchange.model.unit import HubId, UnitCode
from exchange.services.evidence_facts import read_receipt
from exchange.settings import NodeTiming
from exchange.testing.keys import HUB, county
from exchange.trust.digest import sha256_hex
from exchange.trust.sign import sign_receipt
from tests.unit.services.hub_and_node import (
    COUNTY,
    HOURS,
    A,
    B,
    C,
    D,
    Died,
    World,
    a_draft,
    a_file,
    a_receipt,
    an_entry,
    an_envelope,
    next_signer,
    signed,
    with_next_key,
)

BIG = b"%PDF-1.7 " + b"0123456789" * 1000  # three chunks of the smallest size
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


# keys in flight


def test_a_key_that_is_not_known_yet_asks_for_a_newer_directory_once(world: World) -> None:
    world.change_directory(lambda directory: with_next_key(directory, A))
    world.give(signed(an_envelope(), next_signer(A, 2)))
    world.receiving.receive()
    assert world.receiving.said(B, KEY) == ["DELIVERED"]
    assert world.receiving.feed.asked == 1


@pytest.mark.parametrize("how", ["replaced", "revoked"])
def test_a_key_that_ended_in_flight_is_judged_at_the_time_the_hub_received(world: World, how: str) -> None:
    key = world.accepted(B)
    world.pass_time(HOURS)
    fingerprint, now = COUNTY.signers[A].fingerprint, world.clock.now()
    if how == "revoked":
        world.change_directory(lambda directory: revoke_key(directory, A, fingerprint, now, "stolen"))
    else:
        world.change_directory(lambda directory: end_key(directory, A, fingerprint, now))
    world.pass_time(timedelta(seconds=1))
    world.receiving.refresher.refresh()
    world.receiving.receive()
    assert world.receiving.counts()["inbox"] == 0  # nobody has told when the hub received it
    assert world.receiving.quarantine() == []
    world.pass_time(HOURS)
    world.hub.dispatcher.dispatch()
    assert world.events(B) == ["ACCEPTED", "-"]
    world.receiving.receive(1)
    world.receiving.receive()
    assert world.receiving.said(B, key) == ["ACCEPTED", "DELIVERED"]


def test_what_was_verified_for_one_unit_is_verified_again_once_the_key_is_revoked(world: World) -> None:
    document = signed(an_envelope(B, C))
    fingerprint, now = COUNTY.signers[A].fingerprint, world.clock.now()
    world.give(document, B)
    world.receiving.receive()
    world.change_directory(lambda directory: revoke_key(directory, A, fingerprint, now, "stolen"))
    world.receiving.refresher.refresh()
    world.give(document, C)
    world.receiving.receive()
    assert (world.receiving.said(B, KEY), world.receiving.said(C, KEY)) == (["DELIVERED"], [])


def test_the_hubs_word_about_other_bytes_does_not_help(world: World) -> None:
    fingerprint, now = COUNTY.signers[A].fingerprint, world.clock.now()
    world.give(a_receipt(Event.ACCEPTED, signed(an_envelope(B, C)), at=now - HOURS))
    world.change_directory(lambda directory: revoke_key(directory, A, fingerprint, now, "stolen"))
    world.receiving.refresher.refresh()
    world.give(DOCUMENT)
    world.receiving.receive()
    world.give(DOCUMENT)
    world.receiving.receive()
    assert world.receiving.counts()["inbox"] == 0


def test_nor_does_one_that_the_thief_of_the_key_signed(world: World) -> None:
    fingerprint, now = COUNTY.signers[A].fingerprint, world.clock.now()
    world.change_directory(lambda directory: revoke_key(directory, A, fingerprint, now, "stolen"))
    world.receiving.refresher.refresh()
    world.give(a_receipt(Event.ACCEPTED, DOCUMENT, signer=COUNTY.signers[A], at=now - HOURS))
    world.give(DOCUMENT)
    world.receiving.receive()
    world.give(DOCUMENT)
    world.receiving.receive()
    assert world.receiving.counts()["inbox"] == 0
    assert [code for code, _ in world.receiving.quarantine()] == ["SIG_SENDER_MISMATCH"]


def test_a_receipt_whose_key_ended_in_flight_is_judged_at_its_own_time(world: World) -> None:
    key = world.accepted(B)
    world.receiving.receive()
    world.receiving.relay.relay()
    world.hub.acknowledge()
    world.pass_time(HOURS)
    fingerprint, now = COUNTY.signers[B].fingerprint, world.clock.now()
    world.change_directory(lambda directory: revoke_key(directory, B, fingerprint, now, "stolen"))
    world.sending.refresher.refresh()
    world.sending.receive()
    assert world.sending.said(A, key) == ["ACCEPTED", "DELIVERED"]


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


# recalls


def test_a_recall_before_the_envelope_gives_it_back_on_arrival_and_the_office_never_sees_it(world: World) -> None:
    world.give(a_receipt(Event.RECALL_REQUESTED, DOCUMENT, A, speaker=Speaker.SENDER, person="张三"))
    world.receiving.receive()
    world.give(DOCUMENT)
    world.receiving.receive()
    assert world.receiving.said(B, KEY) == ["DELIVERED", "RECALLED", "RECALL_REQUESTED"]
    assert world.receiving.delivery(B, KEY).state.business is BusinessState.RECALLED
    assert world.receiving.counts()["handovers_open"] == 0


def test_a_recall_before_signing_gives_it_back_by_itself(world: World) -> None:
    world.give(DOCUMENT)
    world.receiving.receive()
    world.give(a_receipt(Event.RECALL_REQUESTED, DOCUMENT, A, speaker=Speaker.SENDER, person="张三", recipient=B))
    world.receiving.receive()
    assert world.receiving.delivery(B, KEY).state.business is BusinessState.RECALLED
    assert world.receiving.officer.hand_over() == 0
    assert world.receiving.office.taken == []


def test_after_signing_only_a_person_gives_it_back(world: World) -> None:
    world.give(DOCUMENT)
    world.receiving.receive()
    world.receiving.decider.sign(B, KEY, "赵六")
    world.give(a_receipt(Event.RECALL_REQUESTED, DOCUMENT, A, speaker=Speaker.SENDER, person="张三"))
    world.receiving.receive()
    state = world.receiving.delivery(B, KEY).state
    assert state.business is BusinessState.SIGNED
    assert state.recall_requested is not None


@pytest.mark.parametrize("first", ["envelope", "recall"])
def test_a_node_may_be_told_never_to_give_back_by_itself(first: str) -> None:
    world = World(node_timing=NodeTiming(recall_until_signed=False))
    recall = a_receipt(Event.RECALL_REQUESTED, DOCUMENT, A, speaker=Speaker.SENDER, person="张三")
    for body in (DOCUMENT, recall) if first == "envelope" else (recall, DOCUMENT):
        world.give(body)
        world.receiving.receive()
    assert world.receiving.delivery(B, KEY).state.business is BusinessState.RECALLING
    assert world.receiving.counts()["handovers_open"] == 1


@pytest.mark.parametrize("first", ["envelope", "recall"])
def test_a_recall_from_another_recipient_does_not_take_ours_away(world: World, first: str) -> None:
    document = signed(an_envelope(B, C))
    recall = a_receipt(Event.RECALL_REQUESTED, document, A, speaker=Speaker.SENDER, person="张三", recipient=C)
    for body in (document, recall) if first == "envelope" else (recall, document):
        world.give(body)
        world.receiving.receive()
    assert world.receiving.delivery(B, KEY).state.business is BusinessState.UNSIGNED
    assert world.receiving.counts()["handovers_open"] == 1


def test_a_recall_that_binds_other_bytes_is_kept_aside(world: World) -> None:
    world.give(DOCUMENT)
    world.receiving.receive()
    other = signed(an_envelope(B, C))
    world.give(a_receipt(Event.RECALL_REQUESTED, other, A, speaker=Speaker.SENDER, person="张三"))
    world.receiving.receive()
    assert [code for code, _ in world.receiving.quarantine()] == ["RECEIPT_INVALID"]
    assert world.receiving.delivery(B, KEY).state.business is BusinessState.UNSIGNED


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
