"""An archive file judged off line: whatever is altered in it is found and named."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from exchange.errors import PackageError
from exchange.ledger.archive import ArchiveWriter, Original, Part, Snapshot, open_archive
from exchange.ledger.container import open_writer
from exchange.model.envelope import EnvelopeKey
from exchange.model.events import Event, Speaker
from exchange.model.receipt import ReceiptId
from exchange.services.archive.month import Archived, Archiver
from exchange.services.archive.verify import verify_archive
from exchange.services.evidence.facts import read_checkpoint
from exchange.services.hub.hub import record_entry
from exchange.testing.keys import county
from exchange.testing.metrics import RecordingLog
from exchange.trust.digest import sha256_hex
from exchange.trust.sign import sign_receipt
from tests.unit.services.evidence_world import COUNTY, SECOND, THIRD, World


def archived(world: World, folder: Path) -> Path:
    world.seal()
    world.clock.advance(timedelta(days=400))
    archiver = Archiver(
        world.store, world.clock, COUNTY.ledger.note, COUNTY.anchor, folder, 12, RecordingLog(), holder="x"
    )
    record = next(step.record for step in archiver.run() if isinstance(step, Archived))
    return folder / record.file


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("archived")
    world = World(folder)
    world.history()
    world.other_entries(300)
    return archived(world, folder)


def test_it_verifies_with_the_anchor_alone_and_without_names_the_fingerprint_to_compare(original: Path) -> None:
    report = verify_archive(original, COUNTY.anchor)
    assert (report.manifest.documents, report.fingerprint) == (1, None)
    assert report.checkpoint.size > 300
    assert verify_archive(original).fingerprint == COUNTY.directory_signer.fingerprint


@pytest.mark.parametrize("place", [0.02, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.99])
def test_a_flipped_bit_is_found_wherever_it_is(original: Path, tmp_path: Path, place: float) -> None:
    content = bytearray(original.read_bytes())
    content[int(len(content) * place)] ^= 1
    (tmp_path / "spoilt.zip").write_bytes(content)
    with pytest.raises(PackageError):
        verify_archive(tmp_path / "spoilt.zip", COUNTY.anchor)


def test_another_exchanges_anchor_refuses_it(original: Path) -> None:
    with pytest.raises(PackageError, match="directories/: version 1 DIRECTORY_SIGNATURE"):
        verify_archive(original, county(2, seed=7).anchor)


def forged(
    original: Path,
    target: Path,
    *,
    change: Callable[[Original], Original] = lambda one: one,
    parts: Callable[[Sequence[Part]], Sequence[Part]] = lambda parts: parts,
    snapshot: Callable[[Snapshot], Snapshot] = lambda one: one,
    note: Callable[[str], str] = COUNTY.ledger.note,
    months: int = 0,
    more: int = 0,
) -> Path:
    """The archive written again with a change, the manifest fitting it, signed by the ledger's own key."""
    with open_archive(original) as archive, target.open("wb") as file, open_writer(file) as container:
        writer = ArchiveWriter(container)
        read = [archive.part(number) for number in range(1, len(archive) + 1)]
        changed = [replace(part, originals=tuple(map(change, part.originals))) for part in read]
        for part in parts(changed):
            writer.add_part(part)
        for one in archive.snapshots():
            writer.add_directory(snapshot(one))
        manifest, checkpoint = archive.manifest, read_checkpoint(archive.checkpoint)
        writer.receipts += more
        later = timedelta(days=31 * months)
        writer.finish(
            manifest.hub,
            manifest.start + later,
            manifest.end + later,
            lambda lines: note(replace(checkpoint, extensions=lines).body()),
        )
    return target


def test_written_again_without_a_change_it_is_the_same_file(original: Path, tmp_path: Path) -> None:
    assert forged(original, tmp_path / "same.zip").read_bytes() == original.read_bytes()


def test_other_bytes_than_the_entry_names(original: Path, tmp_path: Path) -> None:
    spoilt = forged(
        original,
        tmp_path / "x.zip",
        change=lambda one: replace(one, document=one.document + b" "),
    )
    with pytest.raises(PackageError, match="has not the digest of its entry"):
        verify_archive(spoilt, COUNTY.anchor)


def test_an_entry_that_the_ledger_does_not_have(original: Path, tmp_path: Path) -> None:
    def rename(one: Original) -> Original:
        return replace(one, entry=replace(one.entry, sender=THIRD))

    with pytest.raises(PackageError, match=r"parts/00001.json: its entries lead to another root"):
        verify_archive(forged(original, tmp_path / "x.zip", change=rename), COUNTY.anchor)


def test_a_part_that_comes_twice(original: Path, tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="another order than the ledger's"):
        verify_archive(forged(original, tmp_path / "x.zip", parts=lambda found: [*found, found[0]]), COUNTY.anchor)


def test_another_count_than_there_is(original: Path, tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="counts other documents and receipts"):
        verify_archive(forged(original, tmp_path / "x.zip", more=1), COUNTY.anchor)


def test_another_month_than_the_manifest_says(original: Path, tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="was not recorded in this month"):
        verify_archive(forged(original, tmp_path / "x.zip", months=1), COUNTY.anchor)


def test_a_directory_that_is_not_the_exchanges(original: Path, tmp_path: Path) -> None:
    def spoil(one: Snapshot) -> Snapshot:
        return replace(one, document=one.document.replace(b"version", b"Version", 1))

    with pytest.raises(PackageError, match=r"directories/: version 1 DIRECTORY_FORMAT"):
        verify_archive(forged(original, tmp_path / "x.zip", snapshot=spoil), COUNTY.anchor)


def test_a_checkpoint_that_another_key_signed(original: Path, tmp_path: Path) -> None:
    with pytest.raises(PackageError, match=r"checkpoint.txt"):
        verify_archive(forged(original, tmp_path / "x.zip", note=county(2, seed=7).ledger.note), COUNTY.anchor)


def test_a_manifest_that_the_checkpoint_does_not_state(original: Path, tmp_path: Path) -> None:
    with open_archive(original) as archive:
        stated = archive.checkpoint
    with pytest.raises(PackageError, match="states another manifest"):
        verify_archive(
            forged(original, tmp_path / "x.zip", note=lambda _body: stated, parts=lambda found: found[:-1] or found,
                   snapshot=lambda one: replace(one, stored=one.stored + timedelta(seconds=1))),
            COUNTY.anchor,
        )  # fmt: skip


def test_a_receipt_that_another_unit_signed_is_never_archived(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.accept()
    receipt = world.receipt(Event.DELIVERED, SECOND, speaker=Speaker.NODE)
    document = sign_receipt(receipt, COUNTY.signers[THIRD])
    world.record(receipt, document)
    world.seal()
    with pytest.raises(PackageError, match=f"RECEIPT {receipt.id}: SIG_"):
        archived(world, tmp_path)
    with world.store.begin() as session:
        held = session.receipts([receipt.id])[receipt.id]
    assert sha256_hex(held.document) == held.digest


def test_a_receipt_that_is_recorded_for_another_document_is_never_archived(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.accept()
    said = world.say(Event.DELIVERED, SECOND, speaker=Speaker.NODE)
    other = EnvelopeKey(THIRD, world.key.id)
    with world.store.begin() as session:
        held = session.receipts([said.id])[said.id]
        misplaced = replace(held, id=ReceiptId("f" * 36), envelope=other, recorded=held.recorded + timedelta(seconds=1))
        session.add_receipts([misplaced])
        session.add_entries([record_entry(misplaced)])
    world.seal()
    with pytest.raises(PackageError, match=r"RECEIPT f+: says other than its entry"):
        archived(world, tmp_path)
