"""Routing: what enters, what is refused and how it is said, and that nothing is acknowledged before it is stored."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from exchange.directory.update import change_unit, revoke_key
from exchange.errors import ConflictError, DirectoryError, StorageError
from exchange.model.document import DocumentType
from exchange.model.envelope import Declaration
from exchange.model.events import Event, TransportState
from exchange.model.receipt import Reason
from exchange.model.unit import HubId
from exchange.services.evidence.facts import read_receipt
from exchange.services.hub.hub import Hub
from exchange.services.hub.route import Router
from exchange.settings import HubTiming
from exchange.testing.broker import Faults
from exchange.testing.stores import memory_hub_store
from exchange.trust.digest import sha256_hex
from tests.unit.services.hub_and_node import (
    COUNTY,
    HOURS,
    NOTICE,
    A,
    B,
    C,
    D,
    E,
    Shortest,
    Texts,
    World,
    a_file,
    an_entry,
    an_envelope,
    next_signer,
    signed,
    with_next_key,
)

SECRET = replace(NOTICE, title="机密★关于开展安全检查的通知")
HELD = replace(NOTICE, serial_number_of_copies="000012")


@pytest.fixture
def world() -> World:
    return World()


def test_an_accepted_envelope_goes_to_every_recipient_and_its_sender_is_told(world: World) -> None:
    document = signed(an_envelope(B, C))
    world.put(document)
    assert world.hub.route() == 1
    assert world.inbox(B) == world.inbox(C) == [document]
    (answer,) = world.inbox(A)
    receipt = read_receipt(answer)
    assert receipt.event is Event.ACCEPTED
    assert receipt.subject is not None
    assert receipt.subject.digest == sha256_hex(document)
    assert set(world.hub.deliveries(an_envelope().key)) == {B, C}
    assert world.hub.counts()["entries_unsealed"] == 2  # the envelope and its ACCEPTED
    assert world.hub.metrics.counted("yidi_router_envelopes_total", outcome="accepted") == 1
    world.hub.log.expect_quiet()


def test_it_commits_then_publishes_then_acknowledges(world: World) -> None:
    world.put(signed(an_envelope()))
    world.hub.steps.seen.clear()
    world.hub.route()
    watched = world.hub.steps.of("add_documents", "commit-after", "publish.before", "publish.after", "ack.before")
    assert watched[watched.index("add_documents") :] == [
        "add_documents",
        "commit-after",
        "publish.before",
        "publish.after",
        "ack.before",
    ]


def test_every_recipient_but_the_gone_one_is_not_enough(world: World) -> None:
    world.change_directory(lambda directory: change_unit(directory, C, active=False))
    world.put(signed(an_envelope(B, C)))
    world.hub.route()
    assert world.inbox(B) == []
    assert world.hub.deliveries(an_envelope().key) == {}


def _by_another_account(world: World) -> None:
    world.put(signed(an_envelope()), user=D)


def _to_a_unit_that_is_gone(world: World) -> None:
    world.change_directory(lambda directory: change_unit(directory, C, active=False))
    world.put(signed(an_envelope(B, C)))


def _with_a_mark_in_the_title(world: World) -> None:
    world.put(signed(an_envelope(metadata=SECRET)))


def _with_a_copy_number(world: World) -> None:
    world.put(signed(an_envelope(metadata=HELD)))


def _altered(world: World) -> None:
    world.put(signed(an_envelope()).replace("安全检查".encode(), "安全生产".encode()))


def _with_a_key_of_nobody(world: World) -> None:
    world.put(signed(an_envelope(), next_signer(A, 2)))


def _with_a_key_of_another(world: World) -> None:
    world.put(signed(an_envelope(), COUNTY.signers[D]))


def _with_a_revoked_key(world: World) -> None:
    fingerprint, now = COUNTY.signers[A].fingerprint, world.clock.now()
    world.change_directory(lambda directory: revoke_key(directory, A, fingerprint, now, "stolen"))
    world.put(signed(an_envelope()))


def _of_another_exchange(world: World) -> None:
    world.put(signed(an_envelope(hub=HubId("hub.520305"))))


def _of_a_unit_that_is_gone(world: World) -> None:
    world.change_directory(lambda directory: change_unit(directory, A, active=False))
    world.put(signed(an_envelope()))


def _of_a_newer_version(world: World) -> None:
    world.put(signed(an_envelope()).replace(b'version="1"', b'version="2"', 1))


def _whose_file_is_not_as_signed(world: World) -> None:
    entry = world.upload(b"%PDF-1.7 x", sm3="0" * 64)
    world.put(signed(an_envelope(files=(entry,))))


REFUSALS: list[tuple[Callable[[World], None], str, Reason]] = [
    (_by_another_account, "NOT_AUTHORISED", Reason.NOT_AUTHORISED),
    (_to_a_unit_that_is_gone, "UNKNOWN_RECIPIENT", Reason.UNKNOWN_RECIPIENT),
    (_with_a_mark_in_the_title, "SECRECY", Reason.SECRECY),
    (_with_a_copy_number, "SECRECY_HOLD", Reason.SECRECY),
    (_altered, "SIG_DIGEST", Reason.SIGNATURE),
    (_with_a_key_of_nobody, "SIG_KEY_UNKNOWN", Reason.SIGNATURE),
    (_with_a_key_of_another, "SIG_SENDER_MISMATCH", Reason.SIGNATURE),
    (_with_a_revoked_key, "CERT_REVOKED", Reason.CERT_REVOKED),
    (_of_another_exchange, "WRONG_HUB", Reason.NOT_AUTHORISED),
    (_of_a_unit_that_is_gone, "NOT_AUTHORISED", Reason.NOT_AUTHORISED),
    (_of_a_newer_version, "VERSION", Reason.VERSION),
    (_whose_file_is_not_as_signed, "FILE_CORRUPT", Reason.INCOMPLETE),
]


@pytest.mark.parametrize(("send", "code", "reason"), REFUSALS, ids=[send.__name__[1:] for send, _, _ in REFUSALS])
def test_an_envelope_is_refused_with_its_code_and_nothing_enters(
    world: World, send: Callable[[World], None], code: str, reason: Reason
) -> None:
    send(world)
    (sent,) = (step for step in world.broker.history if step.client == "anybody")
    assert world.hub.route() == 1
    counts = world.hub.counts()
    assert counts["documents"] == 0
    assert world.inbox(B) == world.inbox(C) == []
    (answer,) = world.inbox(A) + world.inbox(D)
    receipt = read_receipt(answer)
    assert (receipt.event, receipt.reason) == (Event.REFUSED, reason)
    assert receipt.text is not None
    assert receipt.text.startswith(f"{code}: ")
    assert receipt.subject is not None
    assert receipt.subject.digest == sha256_hex(sent.body)
    ((kept, body),) = world.hub.quarantine()
    assert kept == code
    assert body == (None if code.startswith("SECRECY") else sent.body)
    assert world.waiting("work.normal") == []
    assert world.hub.metrics.counted("yidi_router_refusals_total", code=code) == 1


def test_who_sends_anothers_document_is_answered_alone_and_cannot_touch_the_others(world: World) -> None:
    document = signed(an_envelope())
    world.put(document, user=D)
    world.hub.route()
    assert (len(world.inbox(D)), world.inbox(A)) == (1, [])
    world.put(document)
    assert world.hub.route() == 1
    assert world.events(A) == ["ACCEPTED"]


def test_a_message_of_an_account_that_the_directory_does_not_know_is_kept_and_not_answered(world: World) -> None:
    stranger = type(A)("999999-001")
    world.broker.declare([stranger])
    world.put(signed(an_envelope()), user=stranger)
    world.hub.route()
    assert [code for code, _ in world.hub.quarantine()] == ["NOT_AUTHORISED"]
    assert world.inbox(stranger) == []
    assert world.waiting("work.normal") == []


def test_bytes_that_name_no_document_are_kept_and_not_answered(world: World) -> None:
    world.put(b"\x00 nothing of ours")
    world.hub.route()
    assert world.hub.quarantine() == [("XML_ENCODING", b"\x00 nothing of ours")]
    assert world.inbox(A) == []


def test_what_a_fault_quotes_cannot_keep_the_hub_from_answering_and_going_on(world: World) -> None:
    """The schema's message holds the value, here one that no receipt may carry."""
    document = signed(an_envelope())
    world.put(document.replace(b"<DocumentType>08", "<DocumentType>\u202e".encode()))
    world.put(signed(an_envelope(C, number=2)))
    assert world.hub.route() == 2
    assert sorted(world.events(A)) == ["ACCEPTED", "REFUSED"]
    refusal = next(read_receipt(body) for body in world.inbox(A) if read_receipt(body).event is Event.REFUSED)
    assert refusal.text is not None
    assert "\N{REPLACEMENT CHARACTER}" in refusal.text


def test_a_held_document_passes_once_a_named_person_has_looked(world: World) -> None:
    declaration = Declaration(name="张三", at=world.clock.now(), reviewed_by="王五")
    world.put(signed(an_envelope(metadata=HELD, declaration=declaration)))
    assert world.hub.route() == 1
    assert world.events(A) == ["ACCEPTED"]


# files


def test_files_of_refused_classified_material_do_not_stay(world: World) -> None:
    entry = world.upload(b"%PDF-1.7 secret")
    world.put(signed(an_envelope(metadata=SECRET, files=(entry,))))
    world.hub.route()
    world.hub.discarder.discard()
    assert not world.hub.files.has(entry.sha256)


def test_a_refused_file_stays_when_another_document_is_made_of_it(world: World) -> None:
    entry = world.upload(b"%PDF-1.7 form")
    world.put(signed(an_envelope(files=(entry,))))
    world.hub.route()
    world.put(signed(an_envelope(metadata=SECRET, files=(entry,), number=2)))
    world.hub.route()
    assert world.hub.files.has(entry.sha256)


def test_an_envelope_before_its_files_gets_no_answer_and_is_accepted_when_it_comes_again(world: World) -> None:
    document = signed(an_envelope(files=(an_entry(b"%PDF-1.7 x"),)))
    world.put(document)
    world.hub.route()
    assert (world.inbox(A), world.hub.quarantine(), world.waiting("work.normal")) == ([], [], [])
    assert world.hub.log.events("warning") == ["envelope_not_ready"]
    world.upload(b"%PDF-1.7 x")
    world.put(document)
    world.hub.route()
    assert world.events(A) == ["ACCEPTED"]


def test_a_file_that_another_unit_uploaded_is_not_the_senders(world: World) -> None:
    entry = world.upload(b"%PDF-1.7 x", unit=D)
    world.put(signed(an_envelope(files=(entry,))))
    world.hub.route()
    assert world.inbox(B) == world.inbox(A) == []


def test_a_file_that_the_hubs_own_disk_spoilt_is_asked_for_again(world: World) -> None:
    key = world.submit(B, files=[a_file()])
    world.sending.relay.relay()
    (sha256,) = world.hub.files.digests()
    world.hub.files.flip(sha256)
    world.hub.route()
    assert world.hub.log.events("alarm") == ["file_corrupt_at_hub"]
    assert world.inbox(A) == []
    world.pass_time(2 * HOURS)
    world.settle()
    assert world.receiving.said(B, key) == ["DELIVERED"]


# duplicates


def test_the_same_bytes_get_the_first_receipt_byte_for_byte_and_go_nowhere_else(world: World) -> None:
    document = signed(an_envelope())
    world.put(document)
    world.hub.route()
    (first,) = world.inbox(A)
    world.empty(B)
    world.pass_time(24 * 400 * HOURS)
    world.put(document)
    world.hub.route()
    assert world.inbox(A) == [first, first]
    assert world.inbox(B) == []
    assert world.hub.metrics.counted("yidi_router_duplicates_total") == 1


def test_they_do_even_when_the_key_is_revoked_the_unit_gone_and_the_file_lost(world: World) -> None:
    entry = world.upload(b"%PDF-1.7 x")
    document = signed(an_envelope(files=(entry,)))
    world.put(document)
    world.hub.route()
    fingerprint, now = COUNTY.signers[A].fingerprint, world.clock.now()
    world.change_directory(lambda d: change_unit(revoke_key(d, A, fingerprint, now, "stolen"), A, active=False))
    world.hub.files.lose(entry.sha256)
    world.put(document)
    world.hub.route()
    first, second = world.inbox(A)
    assert first == second
    assert world.hub.quarantine() == []


def test_the_same_bytes_twice_in_one_batch_are_one_document(world: World) -> None:
    document = signed(an_envelope())
    world.put(document)
    world.put(document)
    assert world.hub.route() == 2
    assert (world.events(A), world.inbox(B)) == (["ACCEPTED"], [document])


def test_the_same_refused_bytes_get_the_same_refusal(world: World) -> None:
    document = signed(an_envelope(metadata=SECRET))
    world.put(document)
    world.put(document)
    world.hub.route()
    world.put(document)
    world.hub.route()
    assert len(world.inbox(A)) == 3
    assert len(set(world.inbox(A))) == 1
    assert len(world.hub.quarantine()) == 1


def test_a_refusal_stands_even_when_what_was_wrong_is_right_now(world: World) -> None:
    document = signed(an_envelope(), next_signer(A, 2))
    world.put(document)
    world.hub.route()
    world.pass_time(HOURS)
    world.change_directory(lambda directory: with_next_key(directory, A))
    world.put(document)
    world.hub.route()
    first, second = world.inbox(A)
    assert first == second


@pytest.mark.parametrize("apart", [True, False], ids=["in two batches", "in one batch"])
def test_other_bytes_under_the_same_id_are_a_conflict_and_the_first_stand(world: World, apart: bool) -> None:
    world.put(signed(an_envelope(B)))
    if apart:
        world.hub.route()
    world.put(signed(an_envelope(C)))
    world.hub.route()
    assert (len(world.inbox(B)), len(world.inbox(C))) == (1, 0)
    assert set(world.hub.deliveries(an_envelope().key)) == {B}
    assert sorted(world.events(A)) == ["ACCEPTED", "REFUSED"]
    assert world.hub.log.events("alarm") == ["envelope_conflict"]


def test_the_same_id_of_two_senders_names_two_documents(world: World) -> None:
    world.put(signed(an_envelope(B)))
    world.put(signed(an_envelope(B, sender=D)), user=D)
    assert world.hub.route() == 2
    assert world.hub.counts()["documents"] == 2


# trouble


@pytest.mark.parametrize("step", ["publish.before", "publish.each", "publish.after", "ack.before", "ack.after"])
def test_a_router_that_dies_after_its_commit_finds_the_batch_again_as_duplicates(world: World, step: str) -> None:
    world.put(signed(an_envelope()))
    world.kill_hub(step, world.hub.route)
    world.hub.route()
    assert world.hub.counts()["documents"] == 1
    answers = set(world.inbox(A))
    assert len(answers) == 1
    world.pass_time(HOURS)
    world.hub.dispatcher.dispatch()
    assert signed(an_envelope()) in world.inbox(B)


@pytest.mark.parametrize("step", ["begin", "add_documents", "add_deliveries", "add_entries", "commit-before"])
def test_a_store_that_cannot_take_the_batch_gets_it_given_back_whole(world: World, step: str) -> None:
    world.put(signed(an_envelope()))
    world.put(signed(an_envelope(number=2)))
    world.hub.steps.faults = {step: StorageError("the disk is full")}
    with pytest.raises(StorageError):
        world.hub.route()
    world.hub.steps.faults = {}
    assert len(world.waiting("work.normal")) == 2
    assert (world.inbox(A), world.inbox(B), world.hub.counts()["documents"]) == ([], [], 0)
    assert world.hub.route() == 2
    assert world.events(A) == ["ACCEPTED", "ACCEPTED"]


def test_a_disk_that_fails_while_judging_gives_the_batch_back(world: World) -> None:
    entry = world.upload(b"%PDF-1.7 x")
    world.put(signed(an_envelope(files=(entry,))))

    def fail(step: str, sha256: str) -> None:
        raise StorageError("input/output error")

    world.hub.files.hook = fail
    with pytest.raises(StorageError):
        world.hub.route()
    assert len(world.waiting("work.normal")) == 1


def test_a_document_that_another_router_recorded_meanwhile_is_looked_at_again(world: World) -> None:
    world.put(signed(an_envelope()))
    faults: dict[str, BaseException] = {"add_documents": ConflictError("recorded by another")}
    world.hub.steps.faults = faults
    with pytest.raises(ConflictError):
        world.hub.route()
    assert len(world.waiting("work.normal")) == 1
    assert world.hub.steps.of("add_documents").count("add_documents") == 10


def test_a_message_that_we_stumble_over_is_counted_then_kept_and_its_neighbours_pass(world: World) -> None:
    entry = world.upload(b"x", name=Texts.stumbles_over, media_type="text/plain")
    bad = signed(an_envelope(files=(entry,), number=2))
    world.put(bad)
    world.put(signed(an_envelope()))
    attempts = HubTiming().poison_attempts
    for attempt in range(1, attempts):
        world.hub.route()
        assert world.waiting("work.normal") == [bad], attempt
        assert world.hub.quarantine() == []
    assert world.events(A) == ["ACCEPTED"]
    world.hub.route()
    assert world.waiting("work.normal") == []
    assert world.hub.quarantine() == [("BUG ZeroDivisionError", bad)]
    assert world.hub.log.events("alarm") == ["message_quarantined"]


def test_a_dispatch_that_the_broker_did_not_confirm_is_due_soon(world: World) -> None:
    key = an_envelope().key
    world.put(signed(an_envelope()))
    world.broker.faults = Faults(refuse=1)
    world.hub.route()
    world.broker.faults = Faults()
    delivery = world.hub.delivery(key)
    assert delivery.due == world.clock.now() + timedelta(seconds=1)
    world.pass_time(timedelta(seconds=1))
    world.hub.dispatcher.dispatch()
    world.hub.forwarder.forward()
    assert world.events(A) == ["ACCEPTED"]
    assert signed(an_envelope()) in world.inbox(B)
    assert world.hub.metrics.counted("yidi_transport_publish_failures_total", outcome="refused") == 2


def test_after_a_confirm_the_next_dispatch_waits_for_an_answer(world: World) -> None:
    world.put(signed(an_envelope()))
    world.hub.route()
    delivery = world.hub.delivery(an_envelope().key)
    assert delivery.due == world.clock.now() + timedelta(seconds=61)
    assert (delivery.attempts, delivery.state.transport) == (1, TransportState.ACCEPTED)
    assert delivery.expires == world.clock.now() + timedelta(hours=72)


def test_a_sender_whose_clock_is_ahead_is_not_measured_as_negative(world: World) -> None:
    envelope = replace(an_envelope(), created=world.clock.now() + timedelta(minutes=5))
    world.put(signed(envelope))
    world.hub.route()
    assert world.hub.metrics.observed("yidi_router_accept_seconds") == [0.0]


def test_a_hub_without_a_directory_says_so(world: World) -> None:
    hub = Hub(
        id=world.hub.hub.id,
        store=memory_hub_store(),
        files=world.hub.files,
        publisher=world.hub.hub.publisher,
        signer=COUNTY.hub,
        clock=world.clock,
        ids=world.ids,
        chance=Shortest(),
        metrics=world.hub.metrics,
        log=world.hub.log,
    )
    world.put(signed(an_envelope()))
    with pytest.raises(DirectoryError, match="DIRECTORY_MISSING"):
        Router(hub, Texts()).route(world.empty(E), world.hub.transport.consumer([]))


def test_an_upward_request_reaches_its_one_main_receiver(world: World) -> None:
    metadata = replace(NOTICE, document_type=DocumentType.REQUEST, signers=("张三",))
    world.put(signed(an_envelope(metadata=metadata)))
    world.hub.route()
    assert len(world.inbox(B)) == 1
