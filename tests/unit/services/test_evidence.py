"""Exporting evidence: everything about one document, nothing about another, and only what the ledger has."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from exchange.codec.signed import DocumentKind, parse_signed
from exchange.errors import FileMissingError, RefusedError
from exchange.ledger.package import read
from exchange.model.envelope import EnvelopeId, EnvelopeKey
from exchange.model.events import BusinessState, Event, Speaker, TransportState
from exchange.model.receipt import Reason, Subject
from exchange.services.evidence.facts import read_receipt
from exchange.services.evidence.gather import gather
from exchange.services.evidence.verify import examine, verify
from exchange.trust.sign import sign_receipt
from tests.unit.services.evidence_world import (
    ATTACHMENT,
    BODY,
    COUNTY,
    FOURTH,
    SECOND,
    SENDER,
    THIRD,
    World,
    exported,
)


def test_an_exported_package_holds_the_whole_history_and_verifies_with_the_anchor_alone(tmp_path: Path) -> None:
    report = verify(exported(tmp_path), COUNTY.anchor)
    assert [check for check in report.checks if not check.ok] == []
    assert len(report.checks) == 14
    assert report.warnings == ()
    assert report.facts is not None
    states = {unit: (state.transport, state.business) for unit, state in report.facts.states.items()}
    assert states == {
        SECOND: (TransportState.DELIVERED, BusinessState.ANSWERED),
        THIRD: (TransportState.DELIVERED, BusinessState.RETURNED),
        FOURTH: (TransportState.EXPIRED, BusinessState.RECALLING),
    }


def test_without_an_anchor_it_verifies_but_says_in_both_languages_which_fingerprint_to_compare(tmp_path: Path) -> None:
    report = verify(exported(tmp_path))
    assert report.ok
    assert len(report.warnings) == 2
    assert all(COUNTY.directory_signer.fingerprint in warning for warning in report.warnings)
    assert "核对" in report.warnings[0]
    assert "compared" in report.warnings[1]


def test_the_documents_in_the_package_are_the_very_bytes_that_were_signed(tmp_path: Path) -> None:
    world = World(tmp_path)
    package = read(exported(tmp_path, world=world))
    assert package.envelope == world.document
    assert package.directory == world.directory
    assert [read_receipt(data).event for data in package.receipts][:3] == [
        Event.ACCEPTED,
        Event.DELIVERED,
        Event.DELIVERED,
    ]
    contents = {package.open_file(file.sha256).read() for file in world.envelope.files}
    assert contents == {BODY, ATTACHMENT}


def test_without_files_their_digests_stay_and_the_rest_verifies(tmp_path: Path) -> None:
    path = exported(tmp_path, with_files=False)
    assert all(opener is None for opener in read(path).files.values())
    report = verify(path, COUNTY.anchor)
    assert report.ok
    assert "2 by digest only" in report.checks[11].detail


def test_the_export_says_what_its_own_verification_says(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.history()
    assert world.exporter.export(world.key, tmp_path / "one.zip").ok


def test_a_document_that_was_never_accepted_has_no_evidence(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.history()
    for key in (replace_id(world.key, "0"), EnvelopeKey(SECOND, world.key.id)):
        with pytest.raises(RefusedError) as caught:
            world.exporter.export(key, tmp_path / "none.zip")
        assert caught.value.code == "NOT_FOUND"
    assert not (tmp_path / "none.zip").exists()


def replace_id(key: EnvelopeKey, digit: str) -> EnvelopeKey:
    return EnvelopeKey(key.sender, EnvelopeId(digit + key.id[1:]))


def test_records_that_are_not_sealed_yet_are_counted_and_waited_for(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.accept()
    for sealed, waiting in ((False, 2), (True, 1)):
        if sealed:
            world.seal()
            world.say(Event.DELIVERED, SECOND, speaker=Speaker.NODE)
        with pytest.raises(RefusedError, match=f"还有 {waiting} 条记录尚未封存") as caught:
            world.exporter.export(world.key, tmp_path / "early.zip")
        assert caught.value.code == "NOT_SEALED"
    world.seal()
    assert world.exporter.export(world.key, tmp_path / "early.zip").ok


def test_the_first_document_of_a_ledger_was_given_no_checkpoint_and_verifies(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.accept()
    world.seal()
    assert world.exporter.export(world.key, tmp_path / "first.zip").ok
    assert read(tmp_path / "first.zip").consistency == ()


def test_a_refusal_of_other_bytes_under_the_same_id_is_no_part_of_the_history(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.accept()
    other = replace(
        world.receipt(Event.REFUSED, reason=Reason.CONFLICT),
        subject=Subject(envelope=world.key, digest="00" * 32),
    )
    world.record(other, sign_receipt(other, COUNTY.hub))
    world.seal()
    package = gather(world.store, world.files, world.key, COUNTY.ledger.note, world.clock.now())
    assert [read_receipt(data).event for data in package.receipts] == [Event.ACCEPTED]
    assert examine(package, COUNTY.anchor).ok


def test_a_file_that_the_store_has_lost_stops_the_export(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.history()
    world.files.lose(world.envelope.files[0].sha256)
    with pytest.raises(FileMissingError):
        world.exporter.export(world.key, tmp_path / "lost.zip")
    assert not (tmp_path / "lost.zip").exists()


def test_a_file_damaged_in_the_store_is_never_exported_as_good(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.history()
    world.files.flip(world.envelope.files[0].sha256)
    with pytest.raises(Exception, match="has not the digest that is its name"):
        world.exporter.export(world.key, tmp_path / "flipped.zip")


def test_a_unit_that_is_no_longer_active_still_has_its_evidence(tmp_path: Path) -> None:
    units = tuple(
        replace(entry, unit=replace(entry.unit, active=entry.unit.code != SENDER)) for entry in COUNTY.directory.units
    )
    gone = replace(COUNTY, directory=replace(COUNTY.directory, units=units))
    assert verify(exported(tmp_path, world=World(tmp_path, county=gone)), COUNTY.anchor).ok


@pytest.mark.parametrize(("after", "good"), [(timedelta(minutes=-1), False), (timedelta(seconds=1), True)])
def test_a_key_revoked_later_leaves_evidence_standing_and_one_revoked_before_does_not(
    tmp_path: Path, after: timedelta, good: bool
) -> None:
    world = World(tmp_path)
    units = tuple(
        replace(entry, keys=(replace(entry.keys[0], revoked=world.clock.now() + after, revocation_reason="lost"),))
        if entry.unit.code == SENDER
        else entry
        for entry in COUNTY.directory.units
    )
    world = World(tmp_path, county=replace(COUNTY, directory=replace(COUNTY.directory, units=units)))
    world.accept()
    world.seal()
    report = world.exporter.export(world.key, tmp_path / "revoked.zip")
    assert report.ok is good
    assert ("CERT_REVOKED" in report.checks[4].detail) is not good


def test_certificates_in_the_package_are_those_that_signed_and_the_directorys(tmp_path: Path) -> None:
    package = read(exported(tmp_path))
    signers = [COUNTY.signers[unit] for unit in (SENDER, SECOND, THIRD)]
    expected = {signer.fingerprint for signer in (*signers, COUNTY.hub, COUNTY.directory_signer)}
    assert package.certificates.keys() == expected
    (own,) = parse_signed(package.directory, DocumentKind.DIRECTORY).certificates
    assert package.certificates[COUNTY.directory_signer.fingerprint] == own
