"""`python -m tests.vectors.examples`: write the signed examples of `schemas/examples/` again.

Their keys follow from a seed, so they come out the same each time and are worth nothing to anybody.
"""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from exchange.model.carry import ENVELOPES, Carry, CarryId, Part, Way, file_part, numbered_part
from exchange.model.document import EmergencyDegree
from exchange.model.envelope import FileEntry, FileRole, Recipient, RecipientRole
from exchange.model.events import Event, Speaker
from exchange.model.receipt import Actor, Receipt, ReceiptId, Subject
from exchange.model.unit import UnitCode
from exchange.testing.keys import HUB, unit_code
from exchange.trust.digest import sha256_hex
from exchange.trust.sign import sign_carry, sign_directory, sign_envelope, sign_receipt
from tests.vectors.base import COUNTY, ENVELOPE, NOW

__all__ = ["FOLDER", "examples"]

FOLDER = Path(__file__).resolve().parents[2] / "schemas" / "examples"
RECIPIENT: UnitCode = unit_code(2)


def examples() -> dict[str, bytes]:
    """File name -> document."""
    envelope = replace(
        ENVELOPE,
        recipients=(
            Recipient(unit=RECIPIENT, print_quota=3, paper=True),
            Recipient(unit=unit_code(3)),
            Recipient(unit=unit_code(4), role=RecipientRole.COPY, print_quota=0),
        ),
        groups=("townships",),
        sign_by=NOW + timedelta(hours=4),
        handle_by=NOW + timedelta(days=3),
        reply_required=True,
        metadata=replace(
            ENVELOPE.metadata,
            emergency_degree=EmergencyDegree.URGENT,
            issued_number="测府办发〔2026〕12号",
            main_receivers=("各镇人民政府，县政府有关部门",),
            attachment_notes=("防汛物资清单",),
            annotation="此件公开发布",
            copy_receivers=("县委办公室",),
            printing_department="测试县人民政府办公室",
            printing_date=date(2026, 11, 23),
        ),
        files=(
            *ENVELOPE.files,
            FileEntry(
                role=FileRole.ATTACHMENT,
                name="防汛物资清单.ofd",
                media_type="application/ofd",
                size=20480,
                sha256="12" * 32,
                sm3="34" * 32,
            ),
        ),
    )
    document = sign_envelope(envelope, COUNTY.signers[envelope.sender])
    receipt = Receipt(
        id=ReceiptId("7c9e6679-7425-40de-944b-e07fc1f90ae7"),
        hub=HUB,
        event=Event.SIGNED,
        actor=Actor(speaker=Speaker.PERSON, unit=RECIPIENT, person="赵六"),
        at=NOW + timedelta(minutes=25),
        subject=Subject(envelope=envelope.key, digest=sha256_hex(document), recipient=RECIPIENT),
        text="已逐项核对",
    )
    carry = Carry(
        id=CarryId("0b9f8e57-2d0a-4c3e-9c55-6a1f0f4e7d21"),
        hub=HUB,
        unit=envelope.sender,
        way=Way.TO_HUB,
        made=NOW + timedelta(minutes=1),
        whole=True,
        parts=(
            Part(name=numbered_part(ENVELOPES, 1), size=len(document), sha256=sha256_hex(document)),
            *(Part(name=file_part(file.sha256), size=file.size, sha256=file.sha256) for file in envelope.files),
        ),
    )
    return {
        "envelope.xml": document,
        "receipt.xml": sign_receipt(receipt, COUNTY.signers[RECIPIENT]),
        "directory.xml": sign_directory(COUNTY.directory, COUNTY.directory_signer),
        "carry.xml": sign_carry(carry, COUNTY.signers[envelope.sender]),
    }


if __name__ == "__main__":
    for name, data in examples().items():
        (FOLDER / name).write_bytes(data)
