"""Keys that begin, end or are revoked while documents and receipts are on their way."""

from dataclasses import replace
from datetime import datetime, timedelta

from exchange.directory.snapshot import Directory
from exchange.directory.update import change_unit, end_key, revoke_key
from exchange.model.unit import UnitCode
from tests.unit.services.hub_and_node import A, B, World, with_next_key

MINUTES = timedelta(minutes=1)


def test_a_key_that_is_not_yet_valid_is_no_reason_to_refuse_for_ever() -> None:
    world = World()
    key = world.submit()
    world.change_directory(lambda directory: _valid_from(directory, A, world.clock.now() + 5 * MINUTES))
    world.sending.relay.relay()
    world.hub.route()
    assert world.sending.open_outbox(A) == [key.id]
    world.pass_time(30 * MINUTES)
    world.sending.relay.relay()
    world.settle()
    assert world.hub.said(key) == ["ACCEPTED", "DELIVERED"]


def test_a_receipt_signed_by_a_key_not_yet_valid_is_asked_for_again() -> None:
    world = World()
    key = world.delivered()
    world.receiving.decider.sign(B, key, "王五")
    world.change_directory(lambda directory: _valid_from(directory, B, world.clock.now() + 5 * MINUTES))
    world.settle()
    assert world.hub.quarantine() == []
    world.pass_time(30 * MINUTES)
    world.settle()
    assert "SIGNED" in world.sending.said(A, key)


def test_what_a_person_signed_under_a_key_since_revoked_reaches_the_sender_under_the_next() -> None:
    world = World()
    key = world.delivered()
    world.receiving.decider.sign(B, key, "王五")
    _replace_key(world, B, revoked=True)
    world.settle()
    world.pass_time(MINUTES)
    world.settle()
    assert world.sending.said(A, key).count("SIGNED") == 1
    assert world.sending.delivery(A, key).state.signed.person == "王五"  # type: ignore[union-attr]
    assert world.receiving.open_outbox(B) == []


def test_a_delivery_whose_receipt_the_hub_refused_for_its_key_is_not_dispatched_until_it_expires() -> None:
    world = World()
    key = world.accepted()
    world.receiving.receive()
    _replace_key(world, B, revoked=True)
    world.settle()
    world.pass_time(2 * MINUTES)
    world.settle()
    assert world.hub.delivery(key).state.delivered is not None


def test_what_was_signed_under_a_revoked_key_waits_for_the_next() -> None:
    world = World()
    key = world.delivered()
    world.receiving.decider.sign(B, key, "王五")
    fingerprint = world.signer(B).fingerprint
    world.change_directory(lambda directory: revoke_key(directory, B, fingerprint, world.clock.now(), "丢失"))
    world.settle()
    assert "receipt_refused_by_hub" in world.receiving.log.events("alarm")
    world.change_directory(lambda directory: with_next_key(directory, B))
    world.generation[B] = 2
    for _ in range(3):
        world.pass_time(30 * MINUTES)
        world.settle()
    assert world.sending.said(A, key).count("SIGNED") == 1
    assert world.receiving.open_outbox(B) == []


def test_a_document_accepted_before_its_sender_left_the_county_still_arrives() -> None:
    world = World()
    key = world.accepted()
    world.empty(B)
    world.change_directory(lambda directory: change_unit(directory, A, active=False))
    world.refresh()
    for _ in range(3):
        world.pass_time(5 * MINUTES)
        world.hub.dispatcher.dispatch()
        world.settle()
    assert world.hub.delivery(key).state.delivered is not None


def test_a_signature_given_before_the_recipient_left_the_county_still_reaches_the_sender() -> None:
    world = World()
    key = world.delivered()
    world.receiving.decider.sign(B, key, "王五")
    world.receiving.relay.relay()
    world.hub.acknowledge()
    world.change_directory(lambda directory: change_unit(directory, B, active=False))
    world.refresh()
    world.settle()
    assert "SIGNED" in world.sending.said(A, key)


def _valid_from(directory: Directory, unit: UnitCode, at: datetime) -> Directory:
    entry = directory.by_code[unit]
    later = replace(entry, keys=tuple(replace(key, valid_from=at) for key in entry.keys))
    return replace(directory, units=tuple(later if one is entry else one for one in directory.units))


def _replace_key(world: World, unit: UnitCode, *, revoked: bool) -> None:
    old, now = world.signer(unit).fingerprint, world.clock.now()
    world.change_directory(lambda directory: with_next_key(directory, unit))
    world.change_directory(
        lambda directory: (
            revoke_key(directory, unit, old, now, "丢失") if revoked else end_key(directory, unit, old, now)
        )
    )
    world.generation[unit] = 2
    world.refresh()
