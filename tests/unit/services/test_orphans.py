"""What nobody needs does not stay: files for which no document came, and what a death at the wrong moment left."""

from datetime import timedelta

import pytest

from exchange.services.hub.orphans import Orphans
from exchange.settings import FileKeeping
from tests.unit.services.hub_and_node import A, B, World, a_file, an_entry

DATA = b"%PDF-1.7 nobody names it"
DAYS = timedelta(days=1)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def orphans(world: World) -> Orphans:
    return Orphans(world.hub.hub, FileKeeping(unfinished_days=7, unclaimed_days=30))


def look(world: World, orphans: Orphans) -> list[str]:
    """One round of everything; returns the files that are there after it."""
    while orphans.claims(1):
        pass
    while orphans.survey(1):
        pass
    world.hub.discarder.discard()
    return list(world.hub.files.digests())


def found(world: World) -> tuple[float, float]:
    counted = world.hub.metrics.counted
    return counted("yidi_files_orphans_total", kind="unclaimed"), counted("yidi_files_deleted_total")


def test_a_file_waits_thirty_days_for_its_document_and_then_goes(world: World, orphans: Orphans) -> None:
    entry = world.upload(DATA)
    assert look(world, orphans) == [entry.sha256]
    world.pass_time(29 * DAYS)
    assert look(world, orphans) == [entry.sha256]
    assert found(world) == (0, 0)
    world.pass_time(2 * DAYS)
    assert look(world, orphans) == []
    assert found(world) == (1, 1)
    assert world.upload(DATA).sha256 == entry.sha256
    assert look(world, orphans) == [entry.sha256]


def test_a_file_that_a_document_names_stays_however_late_that_came(world: World, orphans: Orphans) -> None:
    world.upload(DATA)
    look(world, orphans)
    world.pass_time(29 * DAYS)
    world.delivered(B, files=[a_file(data=DATA)])
    for _ in range(3):
        assert look(world, orphans) == [an_entry(DATA).sha256]
        world.pass_time(400 * DAYS)
    assert orphans.claims() == 0


def test_a_file_that_another_unit_still_waits_for_stays(world: World, orphans: Orphans) -> None:
    entry = world.upload(DATA)
    look(world, orphans)
    world.pass_time(20 * DAYS)
    world.upload(DATA, B)
    look(world, orphans)
    world.pass_time(20 * DAYS)
    assert look(world, orphans) == [entry.sha256]
    with world.hub.store.begin() as session:
        assert session.claimed(A, [entry.sha256]) == set()
        assert session.claimed(B, [entry.sha256]) == {entry.sha256}


def test_what_a_process_left_that_died_before_its_claim_goes(world: World, orphans: Orphans) -> None:
    entry = an_entry(DATA)
    world.hub.files.append(A, entry.sha256, 0, DATA)
    world.hub.files.complete(A, entry.sha256, len(DATA))
    assert look(world, orphans) == []


def test_a_round_counts_files_and_bytes_and_the_next_begins_after_an_hour(world: World, orphans: Orphans) -> None:
    world.upload(DATA)
    world.upload(b"another")
    look(world, orphans)
    assert world.hub.metrics.last("yidi_hub_files") == 2
    assert world.hub.metrics.last("yidi_hub_files_bytes") == len(DATA) + 7
    world.upload(b"a third")
    assert orphans.survey() == 0
    world.pass_time(timedelta(hours=1))
    assert orphans.survey() == 3


def test_an_upload_that_nobody_goes_on_with_goes(world: World, orphans: Orphans) -> None:
    world.hub.files.append(A, an_entry(DATA).sha256, 0, DATA[:5])
    assert orphans.unfinished() == 1
    assert world.hub.files.received(A, an_entry(DATA).sha256) == 0
    assert world.hub.metrics.counted("yidi_files_orphans_total", kind="unfinished") == 1
