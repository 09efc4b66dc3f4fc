"""Archiving: a settled month's bytes leave the store for a file that was read back, and nothing else changes."""

import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from exchange.codec.read import read_envelope
from exchange.errors import ConflictError, PackageError, RefusedError, StorageError
from exchange.ledger.archive import open_archive
from exchange.model.envelope import EnvelopeKey
from exchange.model.events import Event
from exchange.model.receipt import Reason, ReceiptId
from exchange.ports.hub import HubSession
from exchange.ports.node import Box
from exchange.services.archive.month import Archived, Piece
from exchange.services.archive.verify import verify_archive
from exchange.services.evidence.facts import read_receipt
from exchange.storage import SqlHubStore
from exchange.testing.stores import CrashingStore, contents, memory_hub_store
from exchange.trust.sign import sign_envelope
from tests.unit.services.archived_hub import archive, archiver, grow_old, judged, settled_document
from tests.unit.services.hub_and_node import COUNTY, A, B, World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "archive"


def originals(world: World) -> int:
    with world.hub.store.begin() as session:
        return session.originals_between(world.clock.now() - timedelta(days=4000), world.clock.now())


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_a_settled_month_goes_into_one_file_and_only_what_is_asked_for_stays(world: World, folder: Path) -> None:
    keys = [settled_document(world) for _ in range(3)]
    grow_old(world)
    before = judged(world)
    records, postponed = archive(world, folder)

    assert before.ok
    assert not postponed
    assert names(folder) == [record.file for record in records] == ["hub.520304-2026-03.archive.zip"]
    assert originals(world) == 0
    with world.hub.store.begin() as session:
        assert all(record.document == b"" for record in session.documents(keys).values())
        held = [one for key in keys for one in session.receipts_of(key) if one.document]
        assert session.archives() == records
    assert {one.event for one in held} == {Event.ACCEPTED}
    assert len(held) == 3
    report = verify_archive(folder / records[0].file, COUNTY.anchor)
    assert (report.manifest.documents, report.manifest.receipts) == (3, records[0].receipts)
    assert report.manifest.receipts >= 9  # ACCEPTED, DELIVERED, SIGNED of each


def test_the_audit_judges_archived_bytes_where_the_file_is_and_says_where_else_they_are(
    world: World, folder: Path
) -> None:
    settled_document(world)
    grow_old(world)
    before = judged(world)
    (record,), _ = archive(world, folder)

    with_file, without = judged(world, folder), judged(world)
    assert with_file.lines() == without.lines() == []
    assert [(one.check, one.examined) for one in with_file.results] == [
        (one.check, one.examined) for one in before.results
    ]
    assert (with_file.away, list(without.away)) == ({}, [record.file])


def test_a_damaged_file_is_a_finding_of_the_audit(world: World, folder: Path) -> None:
    settled_document(world)
    grow_old(world)
    (record,), _ = archive(world, folder)
    path = folder / record.file
    content = bytearray(path.read_bytes())
    content[content.index(b"<Envelope") + 40] ^= 1
    path.write_bytes(content)
    assert any(record.file in line for line in judged(world, folder).lines())


def test_a_duplicate_of_an_archived_document_gets_the_original_receipt_and_other_bytes_are_a_conflict(
    world: World, folder: Path
) -> None:
    key = settled_document(world)
    with world.hub.store.begin() as session:
        document = session.documents([key])[key].document
        accepted = session.accepted_receipts([key])[key].document
    grow_old(world)
    archive(world, folder)

    world.put(document)
    world.hub.route()
    assert world.inbox(A) == [accepted]
    world.put(other_bytes(world, key))
    world.hub.route()
    assert read_receipt(world.inbox(A)[-1]).event is Event.REFUSED
    assert [code for code, _ in world.hub.quarantine()] == ["CONFLICT"]


def other_bytes(world: World, key: EnvelopeKey) -> bytes:
    """Another document of the same sender under the same id."""
    with world.sending.store.begin() as session:
        held = session.documents(Box.SENT, [(A, key)])[A, key].document
    return sign_envelope(replace(read_envelope(held), content="另一份内容"), COUNTY.signers[A])


def test_what_is_under_way_to_a_unit_stays_and_is_repeated(world: World, folder: Path) -> None:
    key = world.delivered(B)
    world.receiving.decider.sign(B, key, "赵六")
    world.receiving.relay.relay()
    world.hub.acknowledge()
    told = world.inbox(A)
    world.empty(A)  # and so A never notes them
    world.hub.sealer.seal()
    grow_old(world)
    (record,), postponed = archive(world, folder)

    assert not postponed
    assert record.originals
    world.hub.forwarder.forward()
    assert set(told) <= set(world.inbox(A))


def test_a_month_waits_for_what_is_not_settled_and_another_does_not_wait_for_it(world: World, folder: Path) -> None:
    late = world.accepted(B)
    world.empty(B)  # lost, and the clock never looks
    grow_old(world, timedelta(days=40))
    settled_document(world)
    grow_old(world)

    records, postponed = archive(world, folder)
    assert [(str(one.month), one.documents, one.unsealed) for one in postponed] == [("2026-03", (late,), 0)]
    assert [record.file for record in records] == ["hub.520304-2026-04.archive.zip"]
    assert names(folder) == [records[0].file]


def test_a_delivered_document_waits_for_its_reminders_and_for_the_answer_to_a_recall(
    world: World, folder: Path
) -> None:
    unsigned = settled_document(world, lambda _key: None)
    asked = settled_document(world)
    world.sending.recaller.recall(asked, "李四", "附件有误")
    world.sending.relay.relay()
    world.hub.acknowledge()
    world.empty(B)  # so that nobody answers it
    grow_old(world)
    _, postponed = archive(world, folder)
    assert set(postponed[0].documents) == {unsigned, asked}


def test_what_is_not_sealed_is_waited_for(world: World, folder: Path) -> None:
    world.delivered(B)
    world.pass_time(timedelta(days=200))
    _, postponed = archive(world, folder)
    assert postponed[0].unsealed > 0


def test_young_months_stay(world: World, folder: Path) -> None:
    settled_document(world)
    grow_old(world, timedelta(days=122))  # the second of July: March has four whole months behind it from August on
    assert archive(world, folder) == ([], [])
    grow_old(world, timedelta(days=31))
    assert len(archive(world, folder)[0]) == 1


def test_it_may_die_at_any_step_and_the_next_run_goes_on(world: World, folder: Path) -> None:
    key = settled_document(world)
    grow_old(world)
    assert isinstance(world.hub.store.inner, SqlHubStore)
    prepared, step, dies = contents(world.hub.store.inner), 0, True
    while dies:
        world.hub.store.inner = memory_hub_store(prepared)
        place = folder / str(step)
        dies = dies_at(world, place, step)
        look = judged(world, place)
        assert (look.lines(), look.away) == ([], {}), step
        archive(world, place)
        with world.hub.store.begin() as session:
            (record,) = session.archives()
            assert record.removed
            assert session.documents([key])[key].archived == (record.file,)
        assert originals(world) == 0
        assert names(place) == [record.file], step
        assert judged(world, place).lines() == []
        step += 1
    assert step > 30


class Died(BaseException):
    pass


def dies_at(world: World, folder: Path, step: int) -> bool:
    """Whether archiving came to its `step`-th act upon the store, and died there."""
    left = step

    def hook(_name: str) -> None:
        nonlocal left
        left -= 1
        if left == -1:
            raise Died

    store = CrashingStore[HubSession](world.hub.store.inner, hook)
    try:
        for _ in archiver(store, world.clock, folder).run(take_over=True):
            pass
    except Died:
        return True
    return False


def test_a_good_file_that_is_there_is_taken_as_it_is(world: World, folder: Path) -> None:
    settled_document(world)
    grow_old(world)
    died_before_recording(world, folder)
    (name,) = names(folder)
    before = (folder / name).read_bytes()
    (record,), _ = archive(world, folder)
    assert (record.file, names(folder), (folder / name).read_bytes()) == (name, [name], before)


def test_a_file_that_lacks_something_or_is_damaged_is_left_alone_and_another_written(
    world: World, folder: Path
) -> None:
    settled_document(world)
    grow_old(world)
    died_before_recording(world, folder)
    (name,) = names(folder)
    spoilt = (folder / name).read_bytes()[:-1]
    (folder / name).write_bytes(spoilt)
    (record,), _ = archive(world, folder)
    assert record.file == "hub.520304-2026-03-2.archive.zip"
    assert (folder / name).read_bytes() == spoilt
    assert [line.event for line in world.hub.log.lines if line.level == "warning"] == ["archive_unusable"]
    assert judged(world, folder).lines() == []


def test_a_good_file_that_lacks_a_document_is_left_alone_and_another_written(world: World, folder: Path) -> None:
    settled_document(world)
    assert isinstance(world.hub.store.inner, SqlHubStore)
    with_one = contents(world.hub.store.inner)
    settled_document(world)
    with_two = contents(world.hub.store.inner)
    world.pass_time(timedelta(days=200))
    world.hub.store.inner = memory_hub_store(with_one)
    died_before_recording(world, folder)
    (name,) = names(folder)
    before = (folder / name).read_bytes()
    world.hub.store.inner = memory_hub_store(with_two)
    (record,), _ = archive(world, folder)
    assert (record.file, record.documents) == ("hub.520304-2026-03-2.archive.zip", 2)
    assert (folder / name).read_bytes() == before


def test_a_file_that_appears_meanwhile_is_not_written_over(world: World, folder: Path) -> None:
    settled_document(world)
    grow_old(world)
    run = archiver(world.hub.store, world.clock, folder).run()
    next(run)
    (folder / "hub.520304-2026-03.archive.zip").write_text("somebody else's")
    with pytest.raises(PackageError) as caught:
        list(run)
    assert caught.value.code == "ARCHIVE_WRITE"
    assert (folder / "hub.520304-2026-03.archive.zip").read_text() == "somebody else's"


def test_nothing_is_recorded_of_a_month_into_which_something_came_since_it_was_read_back(
    world: World, folder: Path
) -> None:
    key = settled_document(world)
    grow_old(world)
    with world.hub.store.begin() as session:
        old = session.documents([key])[key]
    late = replace(old, key=replace(key, sender=B), digest="1" * 64)
    run = archiver(world.hub.store, world.clock, folder).run()
    assert any(isinstance(step, Piece) and step.doing == "check" for step in run)
    with world.hub.store.begin() as session:
        session.add_documents([late])
    with pytest.raises(ConflictError):
        list(run)
    with world.hub.store.begin() as session:
        assert session.archives() == []
        assert session.documents([key, late.key]).keys() == {key, late.key}


def died_before_recording(world: World, folder: Path) -> None:
    for step in archiver(world.hub.store, world.clock, folder).run(take_over=True):
        if isinstance(step, Piece) and step.doing == "check":
            return


def test_bytes_that_went_bad_in_the_store_stay_there_and_no_file_is_left(world: World, folder: Path) -> None:
    key = settled_document(world)
    grow_old(world)
    assert isinstance(world.hub.store.inner, SqlHubStore)
    with world.hub.store.begin() as session:
        held = session.documents([key])[key]
    spoil(world.hub.store.inner, held.digest)
    with pytest.raises(PackageError, match=f"ENVELOPE {key.id}: has not the digest of its entry"):
        archive(world, folder)
    assert names(folder) == []
    assert originals(world) > 0


def spoil(store: SqlHubStore, digest: str) -> None:
    with store._engine.begin() as connection:  # noqa: SLF001  # no store gives a way to spoil what it holds
        connection.execute(text("UPDATE originals SET document = x'00' WHERE digest = :digest"), {"digest": digest})


def test_bytes_without_an_entry_are_never_removed(world: World, folder: Path) -> None:
    key = settled_document(world)
    with world.hub.store.begin() as session:
        session.add_receipts([replace(session.receipts_of(key)[0], id=ReceiptId("f" * 36), digest="0" * 64)])
    grow_old(world)
    with pytest.raises(StorageError, match="1 of the month's"):
        archive(world, folder)
    assert names(folder) == []


def test_a_second_one_stands_back_and_who_takes_over_ends_the_first(world: World, folder: Path) -> None:
    settled_document(world)
    grow_old(world)
    first = archiver(world.hub.store, world.clock, folder).run()
    assert isinstance(next(first), Piece)
    assert list(archiver(world.hub.store, world.clock, folder, holder="second").run()) == []
    done = list(archiver(world.hub.store, world.clock, folder, holder="third").run(take_over=True))
    assert isinstance(done[-1], Archived)
    with pytest.raises((RefusedError, ConflictError)):
        list(first)
    assert names(folder) == [done[-1].record.file]
    assert judged(world, folder).lines() == []


def test_a_lease_of_who_died_runs_out(world: World, folder: Path) -> None:
    settled_document(world)
    grow_old(world)
    died_before_recording(world, folder)
    world.pass_time(timedelta(minutes=2))
    assert isinstance(list(archiver(world.hub.store, world.clock, folder, holder="next").run())[-1], Archived)


def test_a_file_that_was_taken_away_before_all_was_removed_is_asked_for(world: World, folder: Path) -> None:
    settled_document(world)
    grow_old(world)
    for step in archiver(world.hub.store, world.clock, folder).run():
        if isinstance(step, Piece) and step.doing == "remove":
            break
    with world.hub.store.begin() as session:
        (record,) = session.archives()
    assert record.removed is None
    shutil.move(folder / record.file, folder / "elsewhere")
    with pytest.raises(RefusedError, match="不见了") as caught:
        archive(world, folder)
    assert caught.value.code == "ARCHIVE_MISSING"
    shutil.move(folder / "elsewhere", folder / record.file)
    assert archive(world, folder)[0][0].removed


def test_what_comes_into_a_month_while_it_is_archived_stays(world: World, folder: Path) -> None:
    key = settled_document(world)
    grow_old(world)
    with world.hub.store.begin() as session:
        old = session.documents([key])[key]
    late = replace(old, key=replace(key, sender=B), digest="1" * 64)
    for step in archiver(world.hub.store, world.clock, folder).run():
        if isinstance(step, Piece) and step.doing == "remove":
            with world.hub.store.begin() as session:
                session.add_documents([late])
    assert originals(world) == 1
    with world.hub.store.begin() as session:
        assert session.documents([late.key])[late.key].document == old.document


def test_what_is_said_later_of_an_archived_document_is_recorded_and_archived_in_its_own_month(
    world: World, folder: Path
) -> None:
    key = settled_document(world)
    grow_old(world)
    archive(world, folder)
    world.receiving.decider.send_back(B, key, "赵六", Reason.WRONG_UNIT, "不属本单位职责")
    world.settle()
    world.hub.sealer.seal()
    assert "RETURNED" in world.hub.said(key)
    assert judged(world, folder).lines() == []
    grow_old(world)
    (record,), _ = archive(world, folder)
    with open_archive(folder / record.file) as file:
        assert file.manifest.documents == 0
    assert len(names(folder)) == 2
    assert judged(world, folder).lines() == []
