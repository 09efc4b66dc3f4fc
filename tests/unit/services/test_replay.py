"""What was set aside is judged once more, under the account that it came from, or settled; dead letters come there."""

from datetime import timedelta

import pytest

from exchange.model.envelope import EnvelopeKey
from exchange.model.events import Event, Speaker
from exchange.ports.acts import Operator
from exchange.ports.records import QuarantineRecord
from exchange.services.hub.dead_letters import DeadLetters
from exchange.services.hub.replay import Hindrance, Outcome, Replayer
from exchange.testing.metrics import RecordingLog
from exchange.topology import DEAD, Lane, inbox_queue, work_queue
from exchange.trust.digest import sha256_hex
from tests.unit.services.hub_and_node import A, B, World, a_receipt, an_envelope, signed
from tests.unit.services.test_poison import Stumbling

WHY = Operator(account="root", name="王芳", reason="已升级")
NORMAL = work_queue(Lane.NORMAL)


def replayer(world: World) -> Replayer:
    return Replayer(world.hub.hub, world.hub.router, world.hub.acknowledger)


def aside(world: World) -> list[QuarantineRecord]:
    with world.hub.store.begin() as session:
        return [record for _, record in session.open_quarantine(None, 0, 100)]


def acts(world: World) -> list[tuple[str, str, str]]:
    with world.hub.store.begin() as session:
        return [(act.verb, act.target, act.outcome) for _, act in session.acts(None, 100)]


def stumbled_over(world: World) -> EnvelopeKey:
    """A document that a bug set aside, and its sender has no answer."""
    key = world.submit()
    world.sending.relay.relay()
    world.hub.hub.log = Stumbling(key)
    for _ in range(world.hub.hub.timing.poison_attempts):
        world.hub.route()
    return key


def test_when_the_bug_is_mended_its_document_goes_its_whole_way() -> None:
    world = World()
    key = stumbled_over(world)
    [record] = aside(world)
    assert replayer(world).hindrance(record) is None
    world.hub.hub.log = world.hub.log
    assert replayer(world).replay(record, WHY) is Outcome.TAKEN
    world.settle()
    assert world.hub.delivery(key).state.delivered is not None
    assert aside(world) == []
    assert world.hub.counts()["quarantined"] == 0
    assert acts(world) == [("quarantine replay", record.digest, "taken")]


def test_while_the_bug_is_there_it_stays_open_and_the_attempt_is_recorded() -> None:
    world = World()
    stumbled_over(world)
    [record] = aside(world)
    assert replayer(world).replay(record, WHY) is Outcome.OPEN
    assert aside(world) == [record]
    assert acts(world) == [("quarantine replay", record.digest, "open")]


def test_it_is_judged_under_the_account_that_it_came_from() -> None:
    """B's account may not bring in A's document by having it replayed."""
    world = World()
    document = signed(an_envelope())
    with world.hub.store.begin() as session:
        record = QuarantineRecord(
            digest=sha256_hex(document), document=document, queue=NORMAL, user=B, code="BUG KeyError", detail="",
            at=world.clock.now(),
        )  # fmt: skip
        session.quarantine([record])
    assert replayer(world).replay(record, WHY) is Outcome.REFUSED
    assert world.hub.counts()["documents"] == 0
    assert [act for _, _, act in acts(world)] == ["refused"]


def test_what_was_refused_with_a_signature_is_not_tried_again() -> None:
    world = World()
    world.put(signed(an_envelope(number=3)), user=B)
    world.hub.route()
    [record] = aside(world)
    assert replayer(world).hindrance(record) is Hindrance.ANSWERED


def test_a_receipt_that_was_judged_wrongly_is_recorded_at_last() -> None:
    world = World()
    key = world.accepted()
    with world.hub.store.begin() as session:
        document = session.documents([key])[key].document
    delivered = a_receipt(Event.DELIVERED, document, B, speaker=Speaker.NODE)
    record = QuarantineRecord(
        digest=sha256_hex(delivered), document=delivered, queue="dead", user=B, code="DEAD", detail="",
        at=world.clock.now(),
    )  # fmt: skip
    with world.hub.store.begin() as session:
        session.quarantine([record])
    assert replayer(world).hindrance(record) is None
    assert replayer(world).replay(record, WHY) is Outcome.TAKEN
    assert world.hub.delivery(key).state.delivered is not None


@pytest.mark.parametrize(
    ("document", "user", "queue", "why"),
    [
        (None, A, NORMAL, Hindrance.SECRET),
        (b"<Envelope xmlns='urn:yidi:envelope:1' Id='e-x'/>", "", NORMAL, Hindrance.OURS),
        (b"<Envelope xmlns='urn:yidi:envelope:1' Id='e-x'/>", A, inbox_queue(A), Hindrance.OURS),
        (b"<Receipt/>", A, work_queue(Lane.RECEIPT), Hindrance.UNREADABLE),
        (b"junk", A, NORMAL, Hindrance.UNREADABLE),
    ],
)
def test_what_replaying_cannot_help_is_named(document: bytes | None, user: str, queue: str, why: Hindrance) -> None:
    world = World()
    record = QuarantineRecord(
        digest="0" * 64, document=document, queue=queue, user=user, code="X", detail="", at=world.clock.now()
    )
    assert replayer(world).hindrance(record) is why


def test_settling_closes_it_keeps_its_bytes_and_says_who_and_why() -> None:
    world = World()
    stumbled_over(world)
    [record] = aside(world)
    replayer(world).settle(record, WHY)
    with world.hub.store.begin() as session:
        [(_, act)] = session.acts(None, 9)
        [kept] = session.quarantined(9)
    assert (act.account, act.operator, act.reason, act.outcome) == ("root", "王芳", "已升级", "closed")
    assert (kept.document, kept.settlement) == (record.document, "closed")
    assert world.hub.counts()["quarantined"] == 0


def test_the_same_bytes_set_aside_again_are_open_again() -> None:
    world = World()
    stumbled_over(world)
    [record] = aside(world)
    replayer(world).settle(record, WHY)
    with world.hub.store.begin() as session:
        session.quarantine([record])
    assert aside(world) == [record]
    assert world.hub.counts()["quarantined"] == 1


def test_dead_letters_are_set_aside_under_the_queue_that_gave_them_up() -> None:
    world = World()
    world.hub.hub.log = RecordingLog()
    key = world.submit()
    world.sending.relay.relay()
    consumer = world.hub.transport.consumer([NORMAL])
    [message] = consumer.receive(1, 0)
    consumer.reject([message.tag], requeue=False)
    dead = world.hub.transport.consumer([DEAD])
    DeadLetters(world.hub.hub).collect(dead.receive(10, 0), dead)
    [record] = aside(world)
    assert (record.code, record.queue, record.user) == ("DEAD", NORMAL, A)
    assert dead.receive(10, 0) == []
    assert replayer(world).replay(record, WHY) is Outcome.TAKEN
    world.pass_time(timedelta(hours=1))
    world.settle()
    assert world.hub.delivery(key).state.delivered is not None
