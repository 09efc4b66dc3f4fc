"""Evidence and history of archived documents: from the files where they are; where not, told which they are."""

from datetime import timedelta
from pathlib import Path

import pytest

from exchange.errors import PackageError, RefusedError
from exchange.ledger.package import read
from exchange.ports.hub import ArchiveRecord
from exchange.services.archive.month import Archived, Archiver
from exchange.services.archive.shelf import Shelf
from exchange.services.evidence.gather import EvidenceExporter
from exchange.services.evidence.verify import verify
from exchange.services.hub.history import Historian
from exchange.testing.metrics import RecordingLog
from tests.unit.services.archived_hub import archive, grow_old, settled_document
from tests.unit.services.evidence_world import COUNTY, World
from tests.unit.services.hub_and_node import B
from tests.unit.services.hub_and_node import World as HubAndNode


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.history()
    made.other_entries(600)
    return made


@pytest.fixture
def record(world: World, tmp_path: Path) -> ArchiveRecord:
    world.exporter.export(world.key, tmp_path / "before.zip")
    world.clock.advance(timedelta(days=400))
    archiver = Archiver(
        world.store,
        world.clock,
        COUNTY.ledger.note,
        COUNTY.anchor,
        tmp_path / "archive",
        12,
        RecordingLog(),
        holder="x",
    )
    return next(step.record for step in archiver.run() if isinstance(step, Archived))


def exporter(world: World, *places: Path) -> EvidenceExporter:
    return EvidenceExporter(world.store, world.files, world.clock, COUNTY.ledger.note, COUNTY.anchor, Shelf(*places))


def test_evidence_of_an_archived_document_is_what_it_was_before(
    world: World, record: ArchiveRecord, tmp_path: Path
) -> None:
    for place in (tmp_path / "archive", tmp_path / "archive" / record.file):
        assert exporter(world, place).export(world.key, tmp_path / "after.zip").ok
    before, after = read(tmp_path / "before.zip"), read(tmp_path / "after.zip")
    assert (after.envelope, after.receipts) == (before.envelope, before.receipts)
    assert verify(tmp_path / "after.zip", COUNTY.anchor).ok


def test_where_the_file_is_not_evidence_says_which_it_is(world: World, record: ArchiveRecord, tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match=f"签名原件已存档，在文件 {record.file} 中") as caught:
        exporter(world, tmp_path).export(world.key, tmp_path / "after.zip")
    assert caught.value.code == "ARCHIVED"
    assert not (tmp_path / "after.zip").exists()


def test_a_file_that_is_another_by_that_name_is_not_believed(
    world: World, record: ArchiveRecord, tmp_path: Path
) -> None:
    (tmp_path / record.file).write_bytes(b"PK")
    shelf = Shelf(tmp_path)
    with world.store.begin() as session:
        document = session.documents([world.key])[world.key]
    for _ in range(2):
        with pytest.raises(PackageError):
            shelf.document(document)


def test_a_restored_node_is_told_of_archived_documents_from_the_file_and_else_they_are_left_out(
    tmp_path: Path,
) -> None:
    world = HubAndNode()
    since = world.clock.now() - timedelta(hours=1)
    key, log = settled_document(world), RecordingLog()
    before = Historian(world.hub.store, world.clock, log).page(B, since, None)
    grow_old(world)
    archive(world, tmp_path)
    # As if the node's backup were as old: nobody may ask for so long ago.
    world.clock.jump(-timedelta(days=200))
    assert Historian(world.hub.store, world.clock, log, Shelf(tmp_path)).page(B, since, None) == before != []
    assert log.lines == []
    assert Historian(world.hub.store, world.clock, log).page(B, since, None) == []
    missing = [line.fields for line in log.lines if line.event == "history_archived"]
    assert {"envelope": str(key), "archive": "hub.520304-2026-03.archive.zip"} in missing
