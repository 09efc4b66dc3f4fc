"""Whatever a forger does to a package, with all unsigned parts rewritten to fit: it shows, and by the right name."""

import re
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest

from exchange.errors import YidiError
from exchange.ledger.entry import LedgerEntry
from exchange.ledger.note import sign_note
from exchange.ledger.package import EvidencePackage
from exchange.ledger.proofs import Statement
from exchange.model.envelope import EnvelopeId
from exchange.model.events import Event, Speaker
from exchange.model.receipt import ReceiptId
from exchange.services.evidence.facts import Facts, read_checkpoint
from exchange.services.evidence.report import render
from exchange.services.evidence.verify import EvidenceReport, verify
from exchange.services.hub.hub import record_entry
from exchange.testing.keys import county
from exchange.trust.digest import sha256_hex
from exchange.trust.ledgerkey import LedgerSigner
from exchange.trust.sign import sign_directory, sign_envelope, sign_receipt
from tests.unit.services.evidence_world import (
    COUNTY,
    ENVELOPE,
    SECOND,
    STRANGER,
    THIRD,
    World,
    alter,
    alter_bytes,
    exported,
)

LAYOUT, DIRECTORY, CERTIFICATES, RECEIPTS, ENVELOPE_, BINDING, CHECKPOINT = range(7)
INCLUSION, COMPLETENESS, STATEMENT, CONSISTENCY, FILES, RECIPIENTS, REPORT = range(7, 14)

Change = Callable[[EvidencePackage], EvidencePackage]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return exported(tmp_path)


def failures(report: EvidenceReport) -> dict[int, str]:
    return {number: check.detail for number, check in enumerate(report.checks) if not check.ok}


def tampered(path: Path, change: Change) -> dict[int, str]:
    """What fails after `change`, when the forger has made the report anew as well."""

    def with_report(package: EvidencePackage) -> EvidencePackage:
        changed = change(package)
        try:
            return replace(changed, report=render(Facts.of(changed)))
        except YidiError:  # nothing that could be rendered
            return changed

    report = verify(alter(path, with_report), COUNTY.anchor)
    assert not report.ok
    assert len(report.checks) == 14
    return failures(report)


def swapped(items: tuple[bytes, ...], place: int, *new: bytes) -> tuple[bytes, ...]:
    return (*items[:place], *new, *items[place + 1 :])


def changed_text(data: bytes, old: str, new: str) -> bytes:
    assert old.encode() in data
    return data.replace(old.encode(), new.encode())


# -------------------------------------------------------------------------------------------- accidents


@pytest.mark.parametrize(
    "member", ["envelope.xml", "receipts/00003.xml", "directory.xml", "proofs.json", "checkpoint.txt", "report.html"]
)
def test_a_damaged_member_is_named_and_every_other_check_is_listed_as_not_made(path: Path, member: str) -> None:
    found = failures(verify(alter_bytes(path, member, lambda data: data[:-1] + b"?", manifest=False), COUNTY.anchor))
    assert found.keys() == set(range(14))
    assert found[LAYOUT] == f"{member}: differs from the manifest"
    assert all("not checked" in found[number] for number in range(1, 14))


def test_what_is_no_package_at_all_is_a_verdict_and_no_crash(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"<html>not a package</html>")
    for name in ("x.zip", "absent.zip"):
        assert failures(verify(tmp_path / name))[LAYOUT].startswith(f"{name}: ")


@pytest.mark.parametrize(
    "member", ["envelope.xml", "receipts/00003.xml", "directory.xml", "checkpoint.txt", "report.html"]
)
def test_rubbish_in_a_member_is_a_verdict_and_no_crash(path: Path, member: str) -> None:
    report = verify(alter_bytes(path, member, lambda _: b"<html>rubbish</html>", manifest=True), COUNTY.anchor)
    assert member in "".join(failures(report).values())


# ------------------------------------------------------------------------------------- documents altered


def test_an_altered_envelope_fails_its_signature(path: Path) -> None:
    found = tampered(path, lambda p: replace(p, envelope=changed_text(p.envelope, "汛期", "冬季")))
    assert "envelope.xml: SIG_DIGEST" in found[ENVELOPE_]
    assert "envelope.xml: 账本无记录" in found[COMPLETENESS]


def test_an_envelope_signed_again_by_its_sender_is_not_the_one_that_was_accepted(path: Path) -> None:
    other = replace(ENVELOPE, metadata=replace(ENVELOPE.metadata, title="另一个标题"))
    forged = sign_envelope(other, COUNTY.signers[ENVELOPE.sender])
    found = tampered(path, lambda p: replace(p, envelope=forged))
    assert "0 ACCEPTED bind it" in found[ENVELOPE_]
    assert "envelope.xml" in found[COMPLETENESS]


def test_an_altered_receipt_is_named_and_so_is_its_ledger_entry(path: Path) -> None:
    found = tampered(
        path, lambda p: replace(p, receipts=swapped(p.receipts, 4, changed_text(p.receipts[4], "赵六", "钱七")))
    )
    assert "receipts/00005.xml: SIG_DIGEST" in found[RECEIPTS]
    assert "receipts/00005.xml: 账本无记录" in found[COMPLETENESS]
    assert "receipts/00001.xml" not in found[RECEIPTS]
    assert "receipts/00005.xml" in found[RECIPIENTS]


def test_a_receipt_taken_out_is_missed_by_its_ledger_entry(path: Path) -> None:
    found = tampered(path, lambda p: replace(p, receipts=swapped(p.receipts, 4)))
    assert found.keys() == {COMPLETENESS}
    assert "is missing" in found[COMPLETENESS]
    assert "RECEIPT 0b6e2f0e-0d7c-4a57-8c43-000000000005" in found[COMPLETENESS]


def test_a_receipt_taken_out_together_with_its_proof_is_missed_by_the_exchanges_statement(path: Path) -> None:
    found = tampered(
        path,
        lambda p: replace(p, receipts=p.receipts[:-1], proofs=p.proofs[:-1]),
    )
    assert found.keys() == {STATEMENT}
    assert "checkpoint.txt" in found[STATEMENT]


def test_a_receipt_that_another_unit_forged_is_not_its_alleged_authors(path: Path, tmp_path: Path) -> None:
    world = World(tmp_path)
    signed = world.receipt(Event.SIGNED, SECOND, speaker=Speaker.PERSON, person="赵六")
    forged = sign_receipt(signed, COUNTY.signers[THIRD])
    found = tampered(path, lambda p: replace(p, receipts=swapped(p.receipts, 4, forged)))
    assert "receipts/00005.xml: SIG_SENDER_MISMATCH" in found[RECEIPTS]


def test_a_unit_that_is_no_recipient_has_no_say(path: Path, tmp_path: Path) -> None:
    receipt = World(tmp_path).receipt(Event.SIGNED, STRANGER, speaker=Speaker.PERSON, person="外人")
    receipt = replace(receipt, id=ReceiptId(receipt.id.replace("0b6e", "0b6f")))
    added = sign_receipt(receipt, COUNTY.signers[STRANGER])
    found = tampered(
        path,
        lambda p: replace(
            p,
            receipts=(*p.receipts, added),
            certificates={**p.certificates, COUNTY.signers[STRANGER].fingerprint: COUNTY.signers[STRANGER].certificate},
        ),
    )
    assert f"receipts/00012.xml: {STRANGER} 不是接收单位" in found[BINDING]
    assert "receipts/00012.xml: 账本无记录" in found[COMPLETENESS]


def test_a_good_receipt_about_another_document_binds_that_one(path: Path, tmp_path: Path) -> None:
    other = World(tmp_path, envelope=replace(ENVELOPE, id=EnvelopeId("7f1c1f6e-53a5-4c61-9f0e-0a3f5f9f1d11")))
    receipt = other.receipt(Event.SIGNED, SECOND, speaker=Speaker.PERSON, person="赵六")
    foreign = sign_receipt(receipt, COUNTY.signers[SECOND])
    found = tampered(path, lambda p: replace(p, receipts=swapped(p.receipts, 4, foreign)))
    assert "receipts/00005.xml: 针对另一公文" in found[BINDING]


def test_a_good_receipt_about_other_bytes_under_the_same_id_binds_those(path: Path, tmp_path: Path) -> None:
    other = World(tmp_path, envelope=replace(ENVELOPE, operator="别人"))
    foreign = sign_receipt(
        other.receipt(Event.SIGNED, SECOND, speaker=Speaker.PERSON, person="赵六"), COUNTY.signers[SECOND]
    )
    found = tampered(path, lambda p: replace(p, receipts=swapped(p.receipts, 4, foreign)))
    assert "receipts/00005.xml: 摘要与信封不符" in found[BINDING]


def test_a_receipt_put_in_twice_or_out_of_order_is_seen(path: Path) -> None:
    found = tampered(path, lambda p: replace(p, receipts=(*p.receipts, p.receipts[-1])))
    assert "twice" in found[BINDING]
    assert "twice" in found[COMPLETENESS]
    found = tampered(
        exported(path.parent), lambda p: replace(p, receipts=(p.receipts[1], p.receipts[0], *p.receipts[2:]))
    )
    assert "another order" in found[COMPLETENESS]


# ------------------------------------------------------------------------------------------------ ledger


def test_an_altered_audit_path_leads_elsewhere(path: Path) -> None:
    def change(package: EvidencePackage) -> EvidencePackage:
        first = package.proofs[3]
        return replace(
            package,
            proofs=(*package.proofs[:3], replace(first, path=(b"\0" * 32, *first.path[1:])), *package.proofs[4:]),
        )

    found = tampered(path, change)
    assert found.keys() == {INCLUSION}
    assert found[INCLUSION].startswith("proofs.json: 第 14 条 entry 14 ")


def test_an_entry_with_another_time_is_not_the_ledgers(path: Path) -> None:
    def change(package: EvidencePackage) -> EvidencePackage:
        proof = package.proofs[5]
        entry = replace(proof.entry, recorded=proof.entry.recorded.replace(hour=2))
        return replace(package, proofs=(*package.proofs[:5], replace(proof, entry=entry), *package.proofs[6:]))

    assert tampered(path, change).keys() == {INCLUSION, STATEMENT}


def test_an_altered_checkpoint_is_not_signed(path: Path) -> None:
    found = tampered(path, lambda p: replace(p, checkpoint=p.checkpoint.replace("\n43\n", "\n44\n")))
    assert "checkpoint.txt: NOTE" in found[CHECKPOINT]
    assert all("not checked" in found[number] for number in (INCLUSION, STATEMENT, CONSISTENCY))


def test_a_checkpoint_of_another_ledger_key_is_refused(path: Path) -> None:
    stranger = LedgerSigner.insecure_from_seed(COUNTY.ledger.verifier.name, "stranger")

    def change(package: EvidencePackage) -> EvidencePackage:
        body = read_checkpoint(package.checkpoint).body()
        key = stranger.verifier
        return replace(package, checkpoint=sign_note(body, key.name, key.public_key, stranger.sign))

    assert CHECKPOINT in tampered(path, change)


def test_a_checkpoint_that_states_nothing_about_the_package_is_not_enough(path: Path) -> None:
    def change(package: EvidencePackage) -> EvidencePackage:
        bare = replace(read_checkpoint(package.checkpoint), extensions=())
        return replace(package, checkpoint=COUNTY.ledger.note(bare.body()))

    assert "does not state" in tampered(path, change)[STATEMENT]


def test_a_statement_made_for_another_directory_is_refused(path: Path) -> None:
    def change(package: EvidencePackage) -> EvidencePackage:
        older = replace(COUNTY.directory, version=2)
        return replace(package, directory=sign_directory(older, COUNTY.directory_signer))

    assert tampered(path, change).keys() == {STATEMENT}


def test_a_ledger_rewritten_since_the_day_of_acceptance_is_found_out(tmp_path: Path) -> None:
    """The hub itself, with all its keys, makes a new ledger; only the checkpoint it gave away remembers the old one."""
    world, rewritten = World(tmp_path), World(tmp_path)
    world.history()
    with world.store.begin() as session:
        receipts = session.receipts_of(world.key)
    rewritten.document, rewritten.digest = world.document, world.digest
    rewritten.other_entries(10)  # one of the eleven is gone
    rewritten.hold()
    with rewritten.store.begin() as session:
        session.add_receipts(receipts)
        session.add_entries([record_entry(record) for record in receipts])
    rewritten.seal()
    found = failures(rewritten.exporter.export(world.key, tmp_path / "rewritten.zip"))
    assert found.keys() == {CONSISTENCY}
    assert found[CONSISTENCY].startswith("receipts/00001.xml, proofs.json: PROOF")


def test_an_altered_consistency_proof_is_refused(path: Path) -> None:
    def change(package: EvidencePackage) -> EvidencePackage:
        (proof,) = package.consistency
        return replace(package, consistency=(replace(proof, path=(b"\0" * 32, *proof.path[1:])),))

    assert tampered(path, change).keys() == {CONSISTENCY}


def test_a_consistency_proof_left_out_or_added_is_missed(path: Path) -> None:
    found = tampered(path, lambda p: replace(p, consistency=()))
    assert "no consistency proof from 11 entries" in found[CONSISTENCY]
    path = exported(path.parent)
    found = tampered(path, lambda p: replace(p, consistency=(*p.consistency, replace(p.consistency[0], size=12))))
    assert "no receipt asks for" in found[CONSISTENCY]


def test_an_entry_that_misnames_its_document_is_seen(path: Path) -> None:
    def change(package: EvidencePackage) -> EvidencePackage:
        proof = package.proofs[1]
        entry: LedgerEntry = replace(proof.entry, kind="ENVELOPE")
        return replace(package, proofs=(package.proofs[0], replace(proof, entry=entry), *package.proofs[2:]))

    assert "receipts/00001.xml: 与账本记录不符" in tampered(path, change)[COMPLETENESS]


# ----------------------------------------------------------------------------------------- files and trust


def test_a_file_with_other_bytes_is_named(path: Path) -> None:
    digest = ENVELOPE.files[0].sha256
    found = failures(
        verify(alter_bytes(path, f"files/{digest}", lambda data: data + b"!", manifest=True), COUNTY.anchor)
    )
    assert found[LAYOUT] == f"files/{digest}: has not the digest that is its name"


def test_a_file_exchanged_for_another_is_both_missing_and_a_stranger(path: Path) -> None:
    real, other = ENVELOPE.files[0].sha256, sha256(b"other").hexdigest()

    def change(package: EvidencePackage) -> EvidencePackage:
        kept = {digest: opener for digest, opener in package.files.items() if digest != real}
        return replace(package, files={**kept, other: lambda: BytesIO(b"other")})

    found = tampered(path, change)
    assert found.keys() == {FILES}
    assert f"files/{real}: 缺失" in found[FILES]
    assert f"files/{other}: 信封未列此文件" in found[FILES]


def test_an_altered_directory_is_not_signed(path: Path) -> None:
    found = tampered(path, lambda p: replace(p, directory=changed_text(p.directory, "第2单位", "第9单位")))
    assert "directory.xml: DIRECTORY_SIGNATURE" in found[DIRECTORY]


def test_a_directory_that_brings_no_certificate_is_a_verdict_and_no_crash(path: Path) -> None:
    def bare(data: bytes) -> bytes:
        return re.sub(rb"<ds:KeyInfo>.*</ds:KeyInfo>", b"", data, flags=re.DOTALL)

    report = verify(alter_bytes(path, "directory.xml", bare, manifest=True))
    assert "directory.xml: names no certificate" in failures(report)[DIRECTORY]


def test_a_directory_that_somebody_else_signed_fails_under_the_anchor_only(path: Path) -> None:
    other = county(5, seed=3)
    forged = replace(COUNTY.directory, ledger_key=other.directory.ledger_key)
    found = tampered(path, lambda p: replace(p, directory=sign_directory(forged, other.directory_signer)))
    assert "DIRECTORY_SIGNATURE" in found[DIRECTORY]


def test_a_whole_package_of_another_exchange_fails_under_this_anchor(path: Path) -> None:
    report = verify(path, county(5, seed=3).anchor)
    assert {DIRECTORY, CHECKPOINT} <= failures(report).keys()
    assert verify(path).ok


def test_a_certificate_added_or_exchanged_is_seen(path: Path) -> None:
    stranger = county(1, seed=3).hub
    found = tampered(
        path, lambda p: replace(p, certificates={**p.certificates, stranger.fingerprint: stranger.certificate})
    )
    assert f"certificates/{stranger.fingerprint}.crt: 不在目录中" in found[CERTIFICATES]
    path, name = exported(path.parent), COUNTY.hub.fingerprint
    found = tampered(path, lambda p: replace(p, certificates={**p.certificates, name: stranger.certificate}))
    assert f"certificates/{name}.crt: 不是其名称所示的证书" in found[CERTIFICATES]


def test_a_report_that_says_something_else_is_found_out(path: Path) -> None:
    forged = alter(path, lambda p: replace(p, report=p.report.replace("赵六", "钱七")))
    found = failures(verify(forged, COUNTY.anchor))
    assert found.keys() == {REPORT}
    assert found[REPORT].startswith("report.html: ")


def test_a_forger_with_a_stolen_unit_key_cannot_add_a_signing(path: Path, tmp_path: Path) -> None:
    receipt = World(tmp_path).receipt(Event.SIGNED, THIRD, speaker=Speaker.PERSON, person="赵六")
    receipt = replace(receipt, id=ReceiptId(receipt.id.replace("0b6e", "0b6f")))
    added = sign_receipt(receipt, COUNTY.signers[THIRD])

    def change(package: EvidencePackage) -> EvidencePackage:
        entry = replace(package.proofs[-1].entry, id=receipt.id, digest=sha256_hex(added))
        return replace(
            package,
            receipts=(*package.receipts, added),
            proofs=(*package.proofs, replace(package.proofs[-1], entry=entry, index=43)),
        )

    assert tampered(path, change).keys() == {INCLUSION, STATEMENT}


def test_the_statement_binds_what_the_package_holds(path: Path) -> None:
    """A true statement about fewer entries does not fit a package with more of them."""

    def change(package: EvidencePackage) -> EvidencePackage:
        at = Statement.of(read_checkpoint(package.checkpoint)).at
        fewer = Statement.over(at, [proof.entry for proof in package.proofs[:-1]], sha256_hex(package.directory))
        body = replace(read_checkpoint(package.checkpoint), extensions=(fewer.line(),)).body()
        return replace(package, checkpoint=COUNTY.ledger.note(body))

    assert tampered(path, change).keys() == {STATEMENT}
