"""A hub restored from an older backup: its nodes send again what it has lost, and everything is as if it never had."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from exchange.directory.update import add_key, change_unit, revoke_key
from exchange.model.envelope import EnvelopeKey
from exchange.model.events import BusinessState, Event, TransportState
from exchange.model.receipt import Reason
from exchange.ports.node import Box
from exchange.services.audit.promises import audit
from exchange.services.audit.report import Check
from exchange.services.hub.restoring import Restoring, last_restoring
from exchange.settings import Quota
from exchange.topology import Lane
from exchange.trust.certificates import key_entry
from tests.unit.services.hub_and_node import (
    COUNTY,
    HOURS,
    A,
    B,
    C,
    D,
    E,
    World,
    a_file,
    a_receipt,
    an_envelope,
    event_of,
    next_signer,
    signed,
    with_next_key,
)
from tests.unit.services.restored_hub import back_up, judged, restore, rounds


@pytest.fixture
def world() -> World:
    return World()


def held_by_the_hub(world: World) -> dict[str, str]:
    """Digest of every document and receipt, by id."""
    with world.hub.store.begin() as session:
        found = {str(record.key): record.digest for record in session.documents_after(None, 100)}
        return found | {record.id: record.digest for record in session.receipts_after(None, 1000)}


def until_expired(world: World) -> None:
    """The clock looks all the time: a look that comes late gives up nothing."""
    for _ in range(73 * 12):
        world.pass_time(timedelta(minutes=5))
        world.hub.dispatcher.dispatch()


def signed_for(world: World, key: EnvelopeKey) -> None:
    world.receiving.decider.sign(B, key, "赵六")
    world.settle()


def test_documents_receipts_and_files_come_back_byte_for_byte_and_nothing_is_there_twice(world: World) -> None:
    before = world.delivered(B, C)
    world.hub.sealer.seal()
    backup = back_up(world)
    signed_for(world, before)
    since = world.delivered(B, C, files=[a_file()])
    signed_for(world, since)
    rounds(world, 2)
    lost, taken = held_by_the_hub(world), Counter(item.key for item in world.receiving.office.taken)

    restore(world, backup)
    assert world.hub.said(since) == []
    rounds(world)

    assert held_by_the_hub(world) == lost
    assert Counter(item.key for item in world.receiving.office.taken) == taken
    assert judged(world).lines() == []
    for key in (before, since):
        assert world.hub.delivery(key, B).state.business is BusinessState.SIGNED
        assert world.hub.delivery(key, B).state == world.sending.deliveries(A, key)[B].state
        assert world.hub.delivery(key, C).state == world.sending.deliveries(A, key)[C].state


def test_what_the_backup_has_is_answered_as_ever_and_what_was_open_goes_on(world: World) -> None:
    known = world.delivered(B)
    under_way = world.accepted(C)
    waiting = world.submit(B)
    restore(world, back_up(world))
    rounds(world)

    for key in (known, under_way, waiting):
        assert world.hub.said(key).count("ACCEPTED") == world.hub.said(key).count("DELIVERED") == 1
    assert judged(world).lines() == []


def test_a_key_that_was_revoked_since_is_judged_as_of_the_acceptance(world: World) -> None:
    backup = back_up(world)
    key = world.delivered(B)
    restore(world, backup)
    old, new = COUNTY.signers[A], next_signer(A, 2)
    now = world.clock.now()
    world.change_directory(
        lambda d: add_key(revoke_key(d, A, old.fingerprint, now, "stolen"), A, key_entry(new.certificate))
    )
    world.generation[A] = 2
    rounds(world)

    assert world.hub.said(key).count("ACCEPTED") == 1
    assert "REFUSED" not in world.hub.said(key)
    assert world.hub.delivery(key).state.transport is TransportState.DELIVERED
    assert judged(world).lines() == []


def test_other_bytes_under_the_number_of_what_was_accepted_are_a_conflict(world: World) -> None:
    backup = back_up(world)
    key = world.delivered(B)
    restore(world, backup)
    world.refresh()
    world.sending.relay.relay()
    world.hub.acknowledge()  # the ACCEPTED is back, the document is not yet
    world.put(signed(replace(an_envelope(B, content="另一份"), id=key.id)))
    world.hub.route()

    assert [line.event for line in world.hub.log.lines if line.level == "alarm"] == ["envelope_conflict"]
    rounds(world)
    assert world.hub.said(key).count("ACCEPTED") == 1
    assert world.hub.delivery(key).state.transport is TransportState.DELIVERED


def test_a_document_that_comes_before_its_acceptance_is_accepted_once_more_and_all_agree(world: World) -> None:
    backup = back_up(world)
    key = world.delivered(B)
    with world.sending.store.begin() as session:
        (document,) = session.documents(Box.SENT, [(A, key)]).values()
    restore(world, backup)
    world.put(document.document)  # a copy that was still in a queue
    world.hub.route()
    rounds(world)

    assert world.hub.said(key).count("ACCEPTED") == 2
    assert world.hub.delivery(key).state == world.sending.delivery(A, key).state
    assert judged(world).lines() == []


def test_refusals_expiry_and_reminders_come_back_too(world: World) -> None:
    backup = back_up(world)
    refused = world.submit(E)
    world.change_directory(lambda directory: change_unit(directory, E, active=False))
    world.sending.relay.relay()
    world.hub.route()
    late = world.accepted(D)
    unsigned = world.delivered(B)
    until_expired(world)
    world.hub.reminder.remind()
    rounds(world, 2)
    lost = held_by_the_hub(world)
    assert [world.hub.said(refused), world.hub.said(late)] == [["REFUSED"], ["ACCEPTED", "EXPIRED"]]
    assert "REMINDED" in world.hub.said(unsigned)
    world.hub.dispatcher.dispatch()

    restore(world, backup)
    rounds(world)

    assert held_by_the_hub(world) == lost
    assert judged(world).lines() == []


def test_after_a_restoring_nobody_is_urged_or_given_up_before_the_answers_are_back(world: World) -> None:
    backup = back_up(world)
    unsigned, far = world.delivered(B), world.accepted(D)
    world.pass_time(timedelta(days=9))
    restore(world, backup)
    world.refresh()
    world.settle()
    world.pass_time(HOURS / 12)

    assert "DELIVERED" in world.hub.said(unsigned)
    assert world.hub.reminder.remind() == 0
    world.hub.dispatcher.dispatch()
    assert world.hub.said(far) == ["ACCEPTED"]


def test_what_comes_back_costs_nothing_of_the_days_quota() -> None:
    world = World()
    backup = back_up(world)
    keys = [world.delivered(B) for _ in range(3)]
    restore(world, backup)
    world.hub.hub.quota = Quota(documents_per_day=1)
    rounds(world)

    assert [world.hub.said(key).count("ACCEPTED") for key in keys] == [1, 1, 1]
    assert judged(world).lines() == []


@pytest.mark.parametrize("change", ["not restored", "of a later time", "for another unit"])
def test_a_receipt_of_the_hubs_is_taken_back_only_from_whom_it_was_for_and_after_a_restoring(
    world: World, change: str
) -> None:
    backup = back_up(world)
    world.accepted(D)
    until_expired(world)
    (expired,) = [data for data in world.inbox(A) if event_of(data) == "EXPIRED"]
    if change != "not restored":
        restore(world, backup)
    if change == "of a later time":
        document = signed(an_envelope(B, number=9))
        world.put(document)
        world.hub.route()
        expired = a_receipt(Event.EXPIRED, document, recipient=B, at=world.clock.now(), reason=Reason.TTL)
    world.put(expired, user=C if change == "for another unit" else A, lane=Lane.RECEIPT)
    world.hub.acknowledge()

    assert [code for code, _ in world.hub.quarantine()] == ["RECEIPT_INVALID"]


def test_a_hub_that_goes_back_without_a_word_is_an_alarm_at_its_nodes(world: World) -> None:
    world.delivered(B)
    world.hub.sealer.seal()
    backup = back_up(world)
    for _ in range(3):
        world.delivered(B)
        world.hub.sealer.seal()
    rounds(world, 1)
    world.change_directory(lambda directory: change_unit(directory, E, active=False))
    world.refresh()
    held = world.sending.node.verifier().directory
    restore(world, backup, declared=False)
    world.delivered(C)
    world.refresh()

    loud = [line.event for line in world.sending.log.lines if line.level == "alarm"]
    assert loud == ["ledger_contradiction"]
    assert world.sending.node.verifier().directory == held
    assert Check.CHECKPOINTS in judged(world).findings


def test_a_declared_restoring_is_told_to_people_once_and_contradicts_nothing(world: World) -> None:
    world.delivered(B)
    world.hub.sealer.seal()
    backup = back_up(world)
    for _ in range(3):
        world.delivered(B)
        world.hub.sealer.seal()
    rounds(world, 1)
    restore(world, backup)
    key = world.accepted(B)  # its ACCEPTED comes before the directory that explains it
    world.sending.receive()
    rounds(world)

    for side in world.nodes:
        assert [line.event for line in side.log.lines if line.level == "alarm"] == ["hub_restored"]
    assert world.hub.said(key).count("DELIVERED") == 1
    assert judged(world).lines() == []


def test_a_ledger_rewritten_after_the_restoring_is_found_as_ever(world: World) -> None:
    backup = back_up(world)
    world.delivered(B)
    restore(world, backup)
    rounds(world)
    again = back_up(world)
    for _ in range(2):
        world.delivered(C)
        rounds(world, 1)
    restore(world, again, declared=False)
    world.delivered(B)
    rounds(world, 2)

    assert "ledger_contradiction" in [line.event for line in world.sending.log.lines if line.level == "alarm"]
    assert Check.CHECKPOINTS in judged(world).findings


def test_the_hub_can_say_what_it_had_lost_what_is_back_and_what_is_missing(world: World) -> None:
    def now() -> Restoring | None:
        directory = world.hub.administrator.current()
        with world.hub.store.begin() as session:
            return last_restoring(session, directory)

    world.delivered(B)
    world.hub.sealer.seal()
    backup = back_up(world)
    for _ in range(3):
        world.delivered(B)
        world.hub.sealer.seal()
    assert now() is None
    with world.hub.store.begin() as session:
        second = session.checkpoints()[-2]
    restore(world, backup)

    def found() -> tuple[int | None, int, int, int]:
        one = now()
        assert one is not None
        return one.largest.size if one.largest else None, one.documents_back, one.receipts_back, one.documents_missing

    assert found() == (None, 0, 0, 0)
    world.refresh()
    world.sending.relay.relay()
    world.hub.acknowledge()
    assert found() == (second.size, 0, 3, 3)  # what the last ACCEPTED had with it
    assert len(audit(world.hub.store, COUNTY.anchor).findings[Check.LOST]) == 3
    rounds(world)
    assert found() == (second.size, 3, 6, 0)


@pytest.mark.parametrize("saved", [False, True])
def test_a_key_enrolled_since_the_backup_is_waited_for_and_known_if_a_node_saved_the_directory(
    world: World, saved: bool
) -> None:
    backup = back_up(world)
    world.change_directory(lambda directory: with_next_key(directory, A))
    world.generation[A] = 2
    world.refresh()
    newest = world.hub.administrator.current()
    key = world.delivered(B)
    restore(world, backup, declared=False)
    world.hub.administrator.declare_restored(backup[1], "磁盘损坏", newest if saved else None)
    rounds(world)

    assert "REFUSED" not in world.sending.said(A, key)
    assert world.hub.said(key).count("ACCEPTED") == 1
    if saved:
        assert world.hub.delivery(key).state.transport is TransportState.DELIVERED
        assert judged(world).lines() == []
    else:
        assert key.id in world.sending.open_outbox(A)
