"""Keys that begin, end or are revoked while documents and receipts are on their way."""

from dataclasses import replace
from datetime import datetime, timedelta

from exchange.directory.snapshot import Directory
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


def _valid_from(directory: Directory, unit: UnitCode, at: datetime) -> Directory:
    entry = directory.by_code[unit]
    later = replace(entry, keys=tuple(replace(key, valid_from=at) for key in entry.keys))
    return replace(directory, units=tuple(later if one is entry else one for one in directory.units))
