"""Documents and receipts that travel on a disk: both ways, together with the line, twice, late, and not at all."""

from datetime import timedelta
from pathlib import Path

import pytest

from exchange.directory.update import change_unit, revoke_key
from exchange.errors import YidiError
from exchange.model.events import BusinessState, TransportState
from exchange.model.unit import UnitCode
from exchange.ports.node import Box
from exchange.trust.digest import sha256_hex
from tests.unit.services.carried_world import Disk
from tests.unit.services.hub_and_node import (
    A,
    B,
    C,
    World,
    a_file,
)

BODY = b"%PDF-1.7 " + b"x" * 9000


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def disk(world: World, tmp_path: Path) -> Disk:
    return Disk(world, tmp_path)


def rounds(disk: Disk, *units: UnitCode) -> None:
    """Each unit's people carry the disk to the hub and back."""
    for unit in units:
        disk.up(unit)
        disk.down(unit)


def nothing_open(world: World) -> bool:
    hub = world.hub.counts()
    outboxes = [world.sending.open_outbox(A), world.receiving.open_outbox(B), world.receiving.open_outbox(C)]
    return not hub["forwards_open"] and not any(outboxes)


def test_a_document_its_files_and_every_receipt_go_both_ways_without_a_line(world: World, disk: Disk) -> None:
    key = world.submit(B, files=[a_file(data=BODY)])

    sent = disk.up(A)
    assert (sent.documents, sent.new, sent.refused, sent.not_taken) == (1, 1, 0, 0)
    assert world.hub.said(key) == ["ACCEPTED"]
    disk.down(A)
    assert world.sending.open_outbox(A) == []

    came = disk.down(B)
    assert (came.documents, came.new, came.not_taken) == (1, 1, 0)
    with world.receiving.files.open(sha256_hex(BODY)) as file:
        assert file.read() == BODY
    world.receiving.decider.sign(B, key, "王五")
    back = disk.up(B)
    assert back.receipts == 2
    assert world.hub.said(key) == ["ACCEPTED", "DELIVERED", "SIGNED"]
    disk.down(B)
    assert world.receiving.open_outbox(B) == []

    disk.down(A)
    seen = world.sending.delivery(A, key).state
    assert (seen.transport, seen.business) == (TransportState.DELIVERED, BusinessState.SIGNED)
    assert seen.signed is not None
    assert seen.signed.person == "王五"
    disk.up(A)  # what confirms the hub's receipts
    disk.up(B)
    assert nothing_open(world)
    assert world.broker.transport("look").consumer(["work.normal", "work.receipt"]).receive(10, 0) == []


def test_packing_leaves_everything_as_it_was(world: World, disk: Disk) -> None:
    key = world.submit(B, files=[a_file(data=BODY)])
    before = world.sending.counts()
    first, second = disk.from_node(A), disk.from_node(A)
    assert world.sending.counts() == before
    assert disk.manifest(first).parts == disk.manifest(second).parts

    world.sending.relay.relay()
    world.hub.route()
    at_hub = world.hub.counts()
    disk.from_hub(B)
    assert world.hub.counts() == at_hub
    world.settle()
    assert world.sending.delivery(A, key).state.transport is TransportState.DELIVERED


@pytest.mark.parametrize("line_first", [True, False])
def test_a_package_and_the_line_are_one_document(world: World, disk: Disk, line_first: bool) -> None:
    key = world.submit(B, files=[a_file(data=BODY)])
    path = disk.from_node(A)
    if line_first:
        world.settle()
        again = disk.to_hub(path)
    else:
        again = disk.to_hub(path)
        assert again.new == 1
        world.settle()
    assert again.documents == 1
    down = disk.from_hub(B)
    world.settle()
    disk.to_node(down)
    world.settle()

    assert world.hub.said(key) == ["ACCEPTED", "DELIVERED"]
    with world.receiving.store.begin() as session:
        assert len(session.listing(B, Box.INBOX)) == 1
    world.receiving.officer.hand_over()
    assert len(world.receiving.office.taken) == 1


def test_the_same_package_twice_changes_nothing_more(world: World, disk: Disk) -> None:
    key = world.submit(B, files=[a_file(data=BODY)])
    up = disk.from_node(A)
    disk.to_hub(up)
    said = world.hub.said(key)
    again = disk.to_hub(up)
    assert (again.documents, again.new) == (1, 0)
    assert world.hub.said(key) == said

    down = disk.from_hub(B)
    disk.to_node(down)
    said = world.receiving.said(B, key)
    twice = disk.to_node(down)
    assert (twice.documents, twice.new) == (1, 0)
    assert world.receiving.said(B, key) == said


def test_an_older_package_after_a_newer_one_does_no_harm(world: World, disk: Disk) -> None:
    first = world.submit(B)
    old = disk.from_node(A)
    world.pass_time(timedelta(hours=1))
    second = world.submit(B)
    new = disk.from_node(A)
    disk.to_hub(new)
    assert disk.to_hub(old).new == 0
    assert world.hub.said(first) == world.hub.said(second) == ["ACCEPTED"]

    old = disk.from_hub(B)
    world.pass_time(timedelta(hours=1))
    third = world.submit(B)
    disk.up(A)
    disk.down(B)
    assert disk.to_node(old).new == 0
    for key in (first, second, third):
        assert world.receiving.said(B, key).count("DELIVERED") == 1
    rounds(disk, B, A, B, A)
    assert nothing_open(world)


def test_what_was_lost_on_the_way_is_packed_again(world: World, disk: Disk) -> None:
    key = world.submit(B)
    disk.from_node(A).unlink()
    disk.up(A)
    disk.from_hub(A).unlink()
    disk.from_hub(B).unlink()
    disk.down(B)
    disk.from_node(B).unlink()
    rounds(disk, B, A)
    disk.up(A)
    disk.up(B)
    assert world.hub.said(key) == ["ACCEPTED", "DELIVERED"]
    assert nothing_open(world)


def test_confirmations_that_a_dead_line_swallowed_go_with_the_next_package(world: World, disk: Disk) -> None:
    key = world.submit(B)
    disk.up(A)
    world.hub.forwarder.note()  # the running hub and nodes believe in their line
    world.empty(A)
    disk.down(A)
    assert world.sending.open_outbox(A) == []
    world.sending.relay.note()

    disk.down(B)
    disk.up(B)
    world.hub.forwarder.note()
    world.empty(B)
    disk.down(B)
    assert world.receiving.open_outbox(B) == []
    assert world.hub.said(key) == ["ACCEPTED", "DELIVERED"]


def test_confirmations_are_forgotten_once_they_arrived(world: World, disk: Disk) -> None:
    world.submit(B)
    disk.up(A)
    disk.down(A)
    with world.sending.store.begin() as session:
        assert len(session.carried(A)) == 1  # ACCEPTED
    world.pass_time(timedelta(hours=1))
    disk.up(A)
    world.pass_time(timedelta(hours=1))
    disk.down(A)
    with world.sending.store.begin() as session:
        assert session.carried(A) == []

    disk.down(B)
    disk.up(B)
    with world.hub.store.begin() as session:
        assert len(session.carried(B)) == 1  # DELIVERED
    disk.down(B)
    world.pass_time(timedelta(hours=1))
    disk.up(B)
    with world.hub.store.begin() as session:
        assert session.carried(B) == []


def test_a_refusal_comes_back_signed_and_is_the_end_of_it(world: World, disk: Disk) -> None:
    key = world.submit(B)
    world.change_directory(lambda directory: change_unit(directory, B, active=False))
    up = disk.up(A)
    assert (up.documents, up.refused, up.not_taken) == (0, 1, 0)
    disk.down(A)

    assert world.sending.delivery(A, key).state.transport is TransportState.REFUSED
    assert world.sending.open_outbox(A) == []
    disk.up(A)
    assert world.hub.counts()["forwards_open"] == 0


def test_an_answer_that_the_unit_has_confirmed_and_lost_comes_again(world: World, disk: Disk) -> None:
    key = world.delivered(B)
    with world.sending.store.begin() as session:
        session.reopen_envelopes(A, [key], world.clock.now())  # as after a restoring
    assert world.hub.counts()["forwards_open"] == 0
    disk.up(A)
    disk.down(A)
    assert world.sending.open_outbox(A) == []


def test_a_package_too_small_for_everything_takes_the_rest_next_time(world: World, disk: Disk) -> None:
    disk.max_bytes = 8 * 1024 * 1024 + 30_000
    keys = [
        world.submit(B, files=[a_file(data=bytes([n]) * 20_000, media_type="image/png", name="图.png")]) for n in (1, 2)
    ]
    first = disk.up(A)
    assert (disk.packed.no_room, disk.packed.carry.whole, first.new) == (1, False, 1)
    disk.down(A)
    second = disk.up(A)
    assert (disk.packed.no_room, disk.packed.carry.whole, second.new) == (0, True, 1)
    assert [world.hub.said(key) for key in keys] == [["ACCEPTED"]] * 2


def test_a_file_that_went_bad_here_stays_behind_with_its_document(world: World, disk: Disk) -> None:
    spoilt, sound = world.submit(B, files=[a_file(data=BODY)]), world.submit(B)
    world.sending.files.flip(sha256_hex(BODY))
    result = disk.up(A)
    assert (disk.packed.spoilt, disk.packed.carry.whole, result.new) == (1, False, 1)
    assert world.hub.said(spoilt) == []
    assert world.hub.said(sound) == ["ACCEPTED"]
    assert "file_corrupt" in [line.event for line in world.sending.log.lines]


def test_a_revoked_key_packs_nothing_that_the_hub_takes(world: World, disk: Disk) -> None:
    world.submit(B)
    path = disk.from_node(A)
    world.change_directory(lambda d: revoke_key(d, A, d.by_code[A].keys[0].fingerprint, world.clock.now(), "lost"))
    with pytest.raises(YidiError) as refused:
        disk.to_hub(path)
    assert refused.value.code == "CERT_REVOKED"
    assert world.hub.counts()["documents"] == 0

    disk.down(A)  # the directory comes with it
    with pytest.raises(YidiError) as told:
        disk.from_node(A)
    assert told.value.code == "CERT_REVOKED"


def test_a_package_for_another_unit_is_not_opened(world: World, disk: Disk) -> None:
    world.accepted(B)
    path = disk.from_hub(B)
    with pytest.raises(YidiError) as wrong:
        disk.to_node(path, world.sending)
    assert wrong.value.code == "WRONG_UNIT"
    with pytest.raises(YidiError) as not_hosted:
        disk.from_node(B, world.sending)
    assert not_hosted.value.code == "WRONG_UNIT"
    with pytest.raises(YidiError) as way:
        disk.to_hub(path)
    assert way.value.code == "CARRY_WAY"
    up = disk.from_node(B)
    with pytest.raises(YidiError) as other_way:
        disk.to_node(up)
    assert other_way.value.code in {"CARRY_WAY", "PACKAGE"}
    assert world.receiving.counts()["inbox"] == 0
