"""Evidence from a hub that was restored: it verifies, and says so; a rewriting not declared is found as ever."""

from dataclasses import replace
from pathlib import Path

import pytest

from exchange.codec.read import read_directory
from exchange.ledger.package import EvidencePackage, read
from exchange.ledger.proofs import Statement
from exchange.model.envelope import EnvelopeKey
from exchange.services.evidence.facts import Facts, read_checkpoint
from exchange.services.evidence.gather import EvidenceExporter
from exchange.services.evidence.report import render
from exchange.services.evidence.verify import EvidenceReport, verify
from exchange.trust.digest import sha256_hex
from exchange.trust.sign import sign_directory
from tests.unit.services.evidence_world import alter
from tests.unit.services.hub_and_node import COUNTY, B, World, a_file
from tests.unit.services.restored_hub import back_up, restore, rounds

CONSISTENCY = 10


def exporter(world: World) -> EvidenceExporter:
    return EvidenceExporter(world.hub.store, world.hub.files, world.clock, COUNTY.ledger.note, COUNTY.anchor)


@pytest.fixture
def world() -> World:
    """A hub that has sealed a little, and some more after its backup."""
    world = World()
    world.delivered(B)
    world.hub.sealer.seal()
    return world


def lost_and_back(world: World) -> EnvelopeKey:
    backup = back_up(world)
    keys = [_signed_and_sealed(world) for _ in range(3)]
    restore(world, backup)
    rounds(world)
    return keys[-1]


def _signed_and_sealed(world: World) -> EnvelopeKey:
    key = world.delivered(B, files=[a_file()])
    world.receiving.decider.sign(B, key, "赵六")
    world.settle()
    world.hub.sealer.seal()
    return key


def failed(report: EvidenceReport) -> list[int]:
    return [number for number, check in enumerate(report.checks) if not check.ok]


def test_what_came_back_is_proved_and_the_restoring_is_told(world: World, tmp_path: Path) -> None:
    key = lost_and_back(world)
    report = exporter(world).export(key, tmp_path / "one.zip")

    assert failed(report) == []
    assert "1 void since a declared restoring" in report.checks[CONSISTENCY].detail
    page = read(tmp_path / "one.zip").report
    assert "磁盘损坏" in page
    assert "Exchange restored" in page


def without_the_declaration(package: EvidencePackage) -> EvidencePackage:
    """As a hub would make it that holds all keys and hides that it was restored."""
    directory = sign_directory(replace(read_directory(package.directory), restorings=()), COUNTY.directory_signer)
    latest = read_checkpoint(package.checkpoint)
    entries = (proof.entry for proof in package.proofs)
    statement = Statement.over(Statement.of(latest).at, entries, sha256_hex(directory))
    note = COUNTY.ledger.note(replace(latest, extensions=(statement.line(),)).body())
    package = replace(package, directory=directory, checkpoint=note)
    return replace(package, report=render(Facts.of(package)))


def test_without_the_declaration_the_same_is_a_rewriting(world: World, tmp_path: Path) -> None:
    key = lost_and_back(world)
    path = tmp_path / "one.zip"
    exporter(world).export(key, path)
    report = verify(alter(path, without_the_declaration), COUNTY.anchor)

    assert failed(report) == [CONSISTENCY]
    assert "no consistency proof" in report.checks[CONSISTENCY].detail


def test_a_document_from_before_the_backup_is_proved_as_ever(world: World, tmp_path: Path) -> None:
    with world.hub.store.begin() as session:
        (old,) = session.documents_after(None, 10)
    lost_and_back(world)
    report = exporter(world).export(old.key, tmp_path / "one.zip")

    assert failed(report) == []
    assert "void" not in report.checks[CONSISTENCY].detail
