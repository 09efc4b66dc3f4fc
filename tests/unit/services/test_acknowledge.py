"""Recording receipts: who may say what about which document, once, forwarded to whom it concerns."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from exchange.directory.update import change_unit, revoke_key
from exchange.errors import StorageError
from exchange.model.events import BusinessState, Event, Speaker, TransportState
from exchange.model.receipt import Reason
from exchange.model.unit import HubId, UnitCode
from exchange.ports.transport import Delivered
from exchange.services.evidence.facts import read_receipt
from exchange.settings import HubTiming
from exchange.testing.broker import Faults
from exchange.topology import Lane
from exchange.trust.digest import sha256_hex
from tests.unit.services.hub_and_node import (
    COUNTY,
    HOURS,
    A,
    B,
    C,
    D,
    World,
    a_receipt,
    an_envelope,
    next_signer,
    signed,
)

DOCUMENT = signed(an_envelope(B, C))
KEY = an_envelope().key
DELIVERED = a_receipt(Event.DELIVERED, DOCUMENT, B, speaker=Speaker.NODE)
SIGNED = a_receipt(Event.SIGNED, DOCUMENT, B, speaker=Speaker.PERSON, person="赵六", number=2)


@pytest.fixture
def world() -> World:
    """The hub holds one document to B and C; the inboxes are empty."""
    world = World()
    world.put(DOCUMENT)
    world.hub.route()
    for unit in (A, B, C):
        world.empty(unit)
    return world


def say(world: World, body: bytes, user: UnitCode = B) -> None:
    world.put(body, user, Lane.RECEIPT)
    world.hub.acknowledge()


def noted(world: World, unit: UnitCode) -> list[tuple[str, str | None]]:
    """What the hub's next NOTED to `unit` names: (digest, fault)."""
    world.hub.forwarder.note()
    receipts = [read_receipt(body) for body in world.inbox(unit) if body.startswith(b"<Receipt")]
    world.empty(unit)
    return [(one.digest, one.fault) for receipt in receipts for one in receipt.noted]


def test_a_recipients_receipt_is_recorded_folded_forwarded_and_confirmed(world: World) -> None:
    say(world, DELIVERED)
    delivery = world.hub.delivery(KEY)
    assert (delivery.state.transport, delivery.due) == (TransportState.DELIVERED, None)
    assert world.hub.delivery(KEY, C).state.transport is TransportState.ACCEPTED
    assert (world.inbox(A), world.inbox(C)) == ([DELIVERED], [])
    assert noted(world, B) == [(sha256_hex(DELIVERED), None)]
    assert world.hub.counts()["entries_unsealed"] == 3
    world.hub.log.expect_quiet()


def test_it_commits_then_forwards_then_acknowledges(world: World) -> None:
    world.hub.steps.seen.clear()
    say(world, DELIVERED)
    watched = world.hub.steps.of("add_receipts", "commit-after", "publish.before", "publish.after", "ack.before")
    assert watched[watched.index("add_receipts") :] == [
        "add_receipts",
        "commit-after",
        "publish.before",
        "publish.after",
        "ack.before",
    ]


def test_the_senders_word_goes_to_every_recipient_or_to_the_one_it_names(world: World) -> None:
    everybody = a_receipt(Event.RECALL_REQUESTED, DOCUMENT, A, speaker=Speaker.SENDER, person="张三")
    say(world, everybody, A)
    assert (world.inbox(B), world.inbox(C), world.inbox(A)) == ([everybody], [everybody], [])
    one = a_receipt(Event.REMINDED, DOCUMENT, A, speaker=Speaker.SENDER, recipient=C, person="张三", number=2)
    say(world, one, A)
    assert (world.inbox(B), world.inbox(C)) == ([everybody], [everybody, one])
    states = {unit: record.state.business for unit, record in world.hub.deliveries(KEY).items()}
    assert states == {B: BusinessState.RECALLING, C: BusinessState.RECALLING}


def test_signing_ends_the_reminders_and_delivery_the_dispatches(world: World) -> None:
    say(world, SIGNED)
    delivery = world.hub.delivery(KEY)
    assert delivery.remind is None
    assert delivery.due is not None  # SIGNED overtook DELIVERED, which is still awaited
    say(world, DELIVERED)
    assert world.hub.delivery(KEY).due is None


def test_receipts_in_any_order_come_to_the_same(world: World) -> None:
    say(world, SIGNED)
    say(world, DELIVERED)
    state = world.hub.delivery(KEY).state
    assert (state.transport, state.business) == (TransportState.DELIVERED, BusinessState.SIGNED)
    assert world.hub.metrics.observed("yidi_acknowledger_sign_seconds") == [0.0]


def test_late_is_not_never_delivered_overtakes_expired(world: World) -> None:
    for wait in (73 * HOURS, timedelta(seconds=61)):  # the first look comes late and gives it one more chance
        world.pass_time(wait)
        world.hub.dispatcher.dispatch()
    assert world.hub.delivery(KEY).state.transport is TransportState.EXPIRED
    world.empty(A)
    say(world, DELIVERED)
    assert world.hub.delivery(KEY).state.transport is TransportState.DELIVERED
    assert world.inbox(A) == [DELIVERED]


def test_how_long_delivery_took_is_measured_once_by_the_hubs_clock(world: World) -> None:
    world.pass_time(timedelta(minutes=2))
    say(world, DELIVERED)
    say(world, a_receipt(Event.DELIVERED, DOCUMENT, B, speaker=Speaker.NODE, number=7))
    assert world.hub.metrics.observed("yidi_acknowledger_deliver_seconds") == [120.0]


# what is not believed


def _by_another_account() -> tuple[bytes, UnitCode]:
    return DELIVERED, C


def _by_another_units_key() -> tuple[bytes, UnitCode]:
    return a_receipt(Event.DELIVERED, DOCUMENT, B, speaker=Speaker.NODE, signer=COUNTY.signers[C]), B


def _by_no_recipient() -> tuple[bytes, UnitCode]:
    return a_receipt(Event.DELIVERED, DOCUMENT, D, speaker=Speaker.NODE), D


def _as_the_hub() -> tuple[bytes, UnitCode]:
    return a_receipt(Event.EXPIRED, DOCUMENT, recipient=B, reason=Reason.TTL), B


def _as_the_hub_with_its_own_key() -> tuple[bytes, UnitCode]:
    signer = COUNTY.signers[B]
    return a_receipt(Event.EXPIRED, DOCUMENT, recipient=B, reason=Reason.TTL, signer=signer), B


def _about_other_bytes() -> tuple[bytes, UnitCode]:
    return a_receipt(Event.DELIVERED, DOCUMENT, B, speaker=Speaker.NODE, digest="0" * 64), B


def _altered() -> tuple[bytes, UnitCode]:
    return SIGNED.replace("赵六".encode(), "钱七".encode()), B


def _of_another_exchange() -> tuple[bytes, UnitCode]:
    return a_receipt(Event.DELIVERED, DOCUMENT, B, speaker=Speaker.NODE, hub=HubId("hub.520305")), B


def _by_a_key_of_nobody() -> tuple[bytes, UnitCode]:
    return a_receipt(Event.DELIVERED, DOCUMENT, B, speaker=Speaker.NODE, signer=next_signer(B, 2)), B


LIES: list[tuple[Callable[[], tuple[bytes, UnitCode]], str]] = [
    (_by_another_account, "RECEIPT_INVALID"),
    (_by_another_units_key, "SIG_SENDER_MISMATCH"),
    (_by_no_recipient, "RECEIPT_INVALID"),
    (_as_the_hub, "RECEIPT_INVALID"),
    (_as_the_hub_with_its_own_key, "SIG_SENDER_MISMATCH"),
    (_about_other_bytes, "RECEIPT_INVALID"),
    (_altered, "SIG_DIGEST"),
    (_of_another_exchange, "WRONG_HUB"),
    (_by_a_key_of_nobody, "SIG_KEY_UNKNOWN"),
]


@pytest.mark.parametrize(("make", "code"), LIES, ids=[make.__name__[1:] for make, _ in LIES])
def test_a_false_receipt_moves_nothing_is_kept_and_its_sender_is_told_once_for_all(
    world: World, make: Callable[[], tuple[bytes, UnitCode]], code: str
) -> None:
    before = world.hub.deliveries(KEY)
    body, user = make()
    say(world, body, user)
    assert world.hub.deliveries(KEY) == before
    assert world.hub.said(KEY) == ["ACCEPTED"]
    assert world.hub.quarantine() == [(code, body)]
    assert world.inbox(A) == []
    assert noted(world, user) == [(sha256_hex(body), code)]
    assert world.hub.log.events("alarm") == ["receipt_invalid"]
    assert world.waiting("work.receipt") == []


@pytest.mark.parametrize("how", ["revoked", "gone"])
def test_a_revoked_key_or_a_unit_that_is_gone_says_nothing_more(world: World, how: str) -> None:
    fingerprint, now = COUNTY.signers[B].fingerprint, world.clock.now()
    if how == "revoked":
        world.change_directory(lambda directory: revoke_key(directory, B, fingerprint, now, "stolen"))
    else:
        world.change_directory(lambda directory: change_unit(directory, B, active=False))
    say(world, DELIVERED)
    assert world.hub.said(KEY) == ["ACCEPTED"]


def test_one_id_is_one_receipt(world: World) -> None:
    say(world, DELIVERED)
    other = a_receipt(Event.SIGNED, DOCUMENT, B, speaker=Speaker.PERSON, person="赵六", number=1)
    say(world, other)
    assert world.hub.quarantine() == [("CONFLICT", other)]
    assert world.hub.delivery(KEY).state.business is BusinessState.UNSIGNED
    assert "receipt_conflict" in world.hub.log.events("alarm")


def test_a_receipt_about_a_document_that_is_not_here_yet_is_repeated_by_its_author(world: World) -> None:
    document = signed(an_envelope(number=9))
    recall = a_receipt(Event.RECALL_REQUESTED, document, A, speaker=Speaker.SENDER, person="张三")
    say(world, recall, A)
    assert noted(world, A) == []
    assert world.hub.quarantine() == []
    world.put(document)
    world.hub.route()
    say(world, recall, A)
    assert noted(world, A) == [(sha256_hex(recall), None)]


def test_a_receipt_about_a_refused_document_ends(world: World) -> None:
    document = signed(an_envelope(type(B)("999999-001"), number=9))
    world.put(document)
    world.hub.route()
    world.empty(A)
    say(world, a_receipt(Event.RECALL_REQUESTED, document, A, speaker=Speaker.SENDER, person="张三"), A)
    assert [fault for _, fault in noted(world, A)] == ["RECEIPT_INVALID"]


def test_garbage_is_kept_and_answered_to_nobody(world: World) -> None:
    say(world, b"<Receipt>")
    assert [body for _, body in world.hub.quarantine()] == [b"<Receipt>"]
    assert world.hub.forwarder.note() == 0


# duplicates, NOTED


def test_a_receipt_again_changes_nothing_and_is_confirmed_again(world: World) -> None:
    say(world, DELIVERED)
    assert len(noted(world, B)) == 1
    world.empty(A)
    say(world, DELIVERED)
    assert len(noted(world, B)) == 1
    assert world.inbox(A) == []
    assert world.hub.counts()["entries_unsealed"] == 3


def test_twice_in_one_batch_is_once(world: World) -> None:
    world.put(DELIVERED, B, Lane.RECEIPT)
    say(world, DELIVERED)
    assert world.inbox(A) == [DELIVERED]
    assert noted(world, B) == [(sha256_hex(DELIVERED), None)]


# trouble


@pytest.mark.parametrize("step", ["publish.before", "publish.after", "ack.before"])
def test_an_acknowledger_that_dies_after_its_commit_records_nothing_twice(world: World, step: str) -> None:
    world.put(DELIVERED, B, Lane.RECEIPT)
    world.kill_hub(step, world.hub.acknowledge)
    world.hub.acknowledge()
    assert world.hub.said(KEY) == ["ACCEPTED", "DELIVERED"]
    assert world.hub.counts()["entries_unsealed"] == 3
    world.pass_time(HOURS)
    world.hub.forwarder.forward()
    assert DELIVERED in world.inbox(A)


@pytest.mark.parametrize("step", ["begin", "lock_deliveries", "owe", "add_receipts", "add_forwards", "commit-before"])
def test_a_store_that_cannot_take_the_batch_gets_it_given_back_whole(world: World, step: str) -> None:
    world.put(DELIVERED, B, Lane.RECEIPT)
    world.put(SIGNED, B, Lane.RECEIPT)
    world.hub.steps.faults = {step: StorageError("the disk is full")}
    with pytest.raises(StorageError):
        world.hub.acknowledge()
    world.hub.steps.faults = {}
    assert world.waiting("work.receipt") == [DELIVERED, SIGNED]
    assert world.hub.said(KEY) == ["ACCEPTED"]
    assert world.inbox(A) == []


def test_a_forward_that_the_broker_did_not_confirm_is_due_soon(world: World) -> None:
    world.put(DELIVERED, B, Lane.RECEIPT)
    world.broker.faults = Faults(unknown_lost=1)
    world.hub.acknowledge()
    world.broker.faults = Faults()
    assert world.inbox(A) == []
    world.pass_time(timedelta(seconds=1))
    assert world.hub.forwarder.forward() == 1
    assert world.inbox(A) == [DELIVERED]


class Cursed(str):
    """A user's name that whoever compares it stumbles over: a bug that no type forbids."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        raise ZeroDivisionError

    __ne__ = __eq__


def test_a_message_that_we_stumble_over_is_counted_then_kept_and_its_neighbours_pass(world: World) -> None:
    bad = Delivered(tag=901, queue="work.receipt", body=SIGNED, user=Cursed(B))
    good = Delivered(tag=902, queue="work.receipt", body=DELIVERED, user=B)
    consumer = world.hub.transport.consumer([])
    attempts = HubTiming().poison_attempts
    assert world.hub.acknowledger.acknowledge([bad, good], consumer) == 1
    for _ in range(attempts - 2):
        world.hub.acknowledger.acknowledge([bad], consumer)
    assert world.hub.quarantine() == []
    world.hub.acknowledger.acknowledge([bad], consumer)
    assert world.hub.quarantine() == [("BUG ZeroDivisionError", SIGNED)]
    assert world.hub.log.events("alarm") == ["message_quarantined"]
