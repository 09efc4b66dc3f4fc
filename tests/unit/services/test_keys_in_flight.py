"""Keys that begin, end or are revoked while documents and receipts are on their way."""

from dataclasses import replace
from datetime import datetime, timedelta

from exchange.directory.snapshot import Directory
from exchange.directory.update import change_unit
from exchange.model.unit import UnitCode
from tests.unit.services.hub_and_node import A, B, World

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
