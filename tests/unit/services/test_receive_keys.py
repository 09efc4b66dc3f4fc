"""Keys that changed while a document was on its way."""

from datetime import timedelta

import pytest

from exchange.directory.update import end_key, revoke_key
from exchange.model.events import Event
from tests.unit.services.hub_and_node import (
    COUNTY,
    HOURS,
    A,
    B,
    C,
    World,
    a_receipt,
    an_envelope,
    next_signer,
    signed,
    with_next_key,
)

DOCUMENT = signed(an_envelope())
KEY = an_envelope().key


@pytest.fixture
def world() -> World:
    return World()


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
