"""S5.3: from one document's number one command exports everything that proves what happened to it; another verifies
that package off line, with no access to the system."""

import io
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from exchange.ledger.package import EvidencePackage, read, write
from exchange.model.events import BusinessState
from exchange.model.receipt import Reason
from exchange.model.unit import Unit
from exchange.ports.office import Address
from exchange.services.evidence.verify import verify
from exchange.trust.anchor import Anchor
from tests.scenarios.commands import yidi
from tests.scenarios.documents import notice, text_file
from tests.scenarios.embedded import found
from tests.scenarios.stage import Maker, wait


@pytest.fixture(scope="module")
def exported(maker: Maker, office: Unit, townships: list[Unit], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the evidence of a notice that one unit signed for, one rejected and one did nothing about, and
    with the anchor. Nothing of the exchange is beside it."""
    place = tmp_path_factory.mktemp("evidence")
    stage = maker.county(tmp_path_factory.mktemp("exchange"))
    signer, rejecter, _ = townships[:3]
    to = [Address(to=unit.code) for unit in townships[:3]]
    try:
        key = stage.submit(notice(office, to, files=(text_file("安排.txt", "三日内完成。"),)))
        wait("delivered", lambda: all(state.delivered for state in stage.view(key).values()))
        stage.sign(signer.code, key, "周敏")
        stage.reject(rejecter.code, key, "何平", Reason.NOT_READABLE, "附件打不开")
        wait("rejected", lambda: stage.view(key)[rejecter.code].business is BusinessState.REJECTED)
        wait("signed", lambda: stage.view(key)[signer.code].signed is not None)
        assert stage.broken_promises() == []  # all is sealed
        stage.export_evidence(key, place / "evidence.zip")
        (place / "anchor.json").write_bytes(stage.anchor().read_bytes())
    finally:
        stage.close()
    return place


@pytest.fixture
def package(exported: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(exported, tmp_path / "elsewhere")) / "evidence.zip"


def verified(package: Path) -> tuple[int, dict[str, bool], str]:
    done = yidi("evidence", "verify", package.name, "--anchor", "anchor.json", "--json", cwd=package.parent)
    report = json.loads(done.stdout)
    assert report["ok"] is (done.returncode == 0)
    return done.returncode, {check["name_en"]: check["ok"] for check in report["checks"]}, done.stderr


def forged(path: Path, change: Callable[[EvidencePackage], EvidencePackage]) -> None:
    """`path` rewritten by a forger who makes everything unsigned fit again."""
    package = read(path)
    files = {digest: opener().read() if opener else None for digest, opener in package.files.items()}
    kept = {digest: partial(io.BytesIO, data) if data is not None else None for digest, data in files.items()}
    write(change(replace(package, files=kept)), path)


def another_title(package: EvidencePackage) -> EvidencePackage:
    return replace(package, envelope=package.envelope.replace("门牌".encode(), "路牌".encode()))


def no_rejection(package: EvidencePackage) -> EvidencePackage:
    left = [number for number, receipt in enumerate(package.receipts) if b"NOT_READABLE" not in receipt]
    assert len(left) == len(package.receipts) - 1
    proofs = [package.proofs[0], *(package.proofs[number + 1] for number in left)]
    return replace(package, receipts=tuple(package.receipts[number] for number in left), proofs=tuple(proofs))


def another_signer(package: EvidencePackage) -> EvidencePackage:
    changed = [receipt.replace("周敏".encode(), "周敢".encode()) for receipt in package.receipts]
    assert changed != list(package.receipts)
    return replace(package, receipts=tuple(changed))


def another_report(package: EvidencePackage) -> EvidencePackage:
    return replace(package, report=package.report.replace("周敏", "周敢"))


def test_the_package_alone_proves_everything_off_line(package: Path) -> None:
    code, checks, errors = verified(package)

    assert code == 0, errors
    assert len(checks) == 14
    assert all(checks.values())


def test_it_says_who_did_what_in_a_page_that_a_person_reads(package: Path) -> None:
    page = read(package).report

    assert all(word in page for word in ("周敏", "何平", "附件打不开", "更换门牌"))


@pytest.mark.parametrize("change", [another_title, no_rejection, another_signer, another_report])
def test_whatever_a_forger_changes_shows(package: Path, change: Callable[[EvidencePackage], EvidencePackage]) -> None:
    forged(package, change)

    code, checks, errors = verified(package)

    assert code == 1
    assert not all(checks.values())
    assert "EVIDENCE" in errors


def test_a_flipped_byte_anywhere_shows(package: Path) -> None:
    whole = package.read_bytes()
    for place in range(len(whole) // 10, len(whole), len(whole) // 5):
        package.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert not verify(package, Anchor.from_json((package.parent / "anchor.json").read_text())).ok, place


def test_another_exchanges_anchor_vouches_for_none_of_it(package: Path, tmp_path: Path) -> None:
    found(tmp_path / "other")
    (package.parent / "anchor.json").write_bytes((tmp_path / "other" / "anchor.json").read_bytes())

    code, checks, _ = verified(package)

    assert code == 1
    assert not all(checks.values())
