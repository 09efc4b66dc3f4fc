"""Administering: every change is the next signed version, and a quiet county's directory does not run out."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from exchange.directory.snapshot import Directory
from exchange.directory.update import change_unit
from exchange.errors import DirectoryError, InvalidValueError
from exchange.ledger.merkle import EMPTY_ROOT
from exchange.services.hub.administer import Administrator
from exchange.testing.clock import FakeClock
from exchange.testing.keys import HUB
from exchange.testing.metrics import RecordingLog
from exchange.testing.stores import memory_hub_store
from exchange.trust.anchor import verify_directory
from exchange.trust.certificates import key_entry
from tests.unit.services.hub_and_node import COUNTY, B, World, directory_record


@pytest.fixture
def world() -> World:
    return World()


def unestablished() -> Administrator:
    return Administrator(memory_hub_store(), COUNTY.directory_signer, FakeClock(), RecordingLog(), valid_days=10)


def test_the_first_version_is_a_hub_and_nobody_else_and_is_made_once() -> None:
    administrator = unestablished()
    ledger_key = str(COUNTY.ledger.verifier)
    first = administrator.establish(HUB, key_entry(COUNTY.hub.certificate), ledger_key)
    assert (first.version, first.units, first.previous) == (1, (), None)
    assert administrator.current() == first
    assert first.expires - first.issued == timedelta(days=10)
    with pytest.raises(DirectoryError, match="DIRECTORY_EXISTS"):
        administrator.establish(HUB, key_entry(COUNTY.hub.certificate), ledger_key)


def test_before_that_there_is_nothing_to_change_and_nothing_to_renew() -> None:
    administrator = unestablished()
    with pytest.raises(DirectoryError, match="DIRECTORY_MISSING"):
        administrator.change(lambda directory: directory)
    with pytest.raises(DirectoryError, match="DIRECTORY_MISSING"):
        administrator.current()
    assert not administrator.renew()


def test_a_change_is_the_next_version_signed_and_chained(world: World) -> None:
    changed = world.change_directory(lambda directory: change_unit(directory, B, active=False))
    with world.hub.store.begin() as session:
        first, second = session.directories()
    assert (changed.version, changed.previous) == (2, first.digest)
    taken, digest = verify_directory(second.document, COUNTY.anchor, world.clock.now(), first)
    assert (taken, digest) == (changed, second.digest)


def test_what_changes_nothing_makes_no_version(world: World) -> None:
    assert world.change_directory(lambda directory: directory).version == 1
    assert world.hub.log.lines == []


def test_a_change_that_fails_makes_no_version(world: World) -> None:
    def fail(directory: Directory) -> Directory:
        raise InvalidValueError("no")

    with pytest.raises(InvalidValueError):
        world.change_directory(fail)
    assert world.hub.administrator.current().version == 1


def test_a_change_cannot_choose_its_own_version_or_dates(world: World) -> None:
    changed = world.change_directory(lambda directory: replace(directory, version=77, previous="0" * 64))
    assert changed.version == 2
    assert changed.issued == world.clock.now()


def test_half_way_through_its_life_the_same_contents_are_signed_again(world: World) -> None:
    now = world.change_directory(lambda directory: change_unit(directory, B, active=False))
    world.pass_time(timedelta(days=15) - timedelta(milliseconds=1))
    assert not world.hub.administrator.renew()
    world.pass_time(timedelta(milliseconds=1))
    assert world.hub.administrator.renew()
    assert not world.hub.administrator.renew()
    renewed = world.hub.administrator.current()
    assert (renewed.version, renewed.units) == (now.version + 1, now.units)
    assert renewed.expires == world.clock.now() + timedelta(days=30)
    world.refresh()
    assert world.sending.node.verifier().directory.version == 3
    with world.hub.store.begin() as session:
        ((_, act),) = session.acts(None, 10)
    assert (act.account, act.verb, act.outcome) == ("clock", "directory renew", "directory-3")


def test_a_directory_that_has_run_out_can_be_renewed(world: World) -> None:
    world.change_directory(lambda directory: change_unit(directory, B, active=False))
    world.pass_time(timedelta(days=31))
    assert world.hub.administrator.renew()
    world.refresh()
    assert world.sending.node.verifier().directory.expires > world.clock.now()


def test_a_restored_hub_says_so_beyond_every_version_that_a_node_may_hold() -> None:
    """The same backup is restored twice, each time after changes that it does not know."""
    clock, held, told = FakeClock(), directory_record(), []
    for _ in range(2):
        clock.advance(timedelta(hours=1))
        backup = memory_hub_store()
        with backup.begin() as session:
            session.add_directory(directory_record())
        administrator = Administrator(backup, COUNTY.directory_signer, clock, RecordingLog())
        told.append(administrator.declare_restored(clock.now() - timedelta(hours=2), "磁盘损坏").restorings)
        for active in (False, True, False):
            administrator.change(partial(change_unit, code=B, active=active))
            with backup.begin() as session:
                record = session.directory()
            assert record is not None
            verify_directory(record.document, COUNTY.anchor, clock.now(), held)
            held = record
    now = clock.now()
    assert [[one.at for one in restorings] for restorings in told] == [[now - timedelta(hours=1)], [now]]
    (last,) = told[1]
    assert (last.backup, last.size, last.root, last.reason) == (now - timedelta(hours=2), 0, EMPTY_ROOT, "磁盘损坏")


def test_what_was_restored_is_never_forgotten_again(world: World) -> None:
    administrator = world.hub.administrator
    first = administrator.declare_restored(world.clock.now(), "磁盘损坏").restorings
    assert world.change_directory(lambda directory: change_unit(directory, B, active=False)).restorings == first
    world.pass_time(timedelta(days=1))
    assert administrator.declare_restored(world.clock.now(), "又坏了").restorings[:1] == first
