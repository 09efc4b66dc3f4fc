"""The documents of the demo county: invented, unclassified, with real metadata and real files."""

import io
import random
from collections.abc import Sequence
from datetime import date

from exchange.model.document import BusinessKind, DocumentType, EmergencyDegree, Metadata
from exchange.model.envelope import FileRole, RecipientRole
from exchange.model.numbers import DocumentIdentifier, IssuedNumber
from exchange.model.unit import Unit, UnitCode
from exchange.ports.office import Address, Draft, DraftFile

__all__ = ["classified", "dispatch", "notice", "recalled_letter", "report"]

_OID = "1.2.156.520304"


def notice(sender: Unit, groups: Sequence[str], today: date) -> Draft:
    """The 通知 to the whole county, with a text, a PDF and a file of one megabyte."""
    title = "关于做好汛期值班和公文收发工作的通知"
    body = (
        f"各镇乡，区直各部门：\n\n汛期已至，请各单位安排专人值守公文交换节点，收到来文后及时签收。\n\n{sender.name}\n"
    )
    return Draft(
        sender=sender.code,
        to=tuple(Address(to=group) for group in groups),
        metadata=_metadata(
            sender, DocumentType.NOTICE, title, 12, today, ("各镇乡", "区直各部门"), EmergencyDegree.URGENT
        ),
        content="请各单位收到后于当日签收。",
        files=(
            _file(FileRole.BODY, "通知正文.txt", "text/plain", body.encode()),
            _file(FileRole.ATTACHMENT, "值班安排表.pdf", "application/pdf", _pdf("Duty roster, flood season")),
            # Fixed bytes that no compression can shrink, so that a run moves as much as the next one.
            _file(
                FileRole.ATTACHMENT,
                "水库点位图.bin",
                "application/octet-stream",
                random.Random(1).randbytes(1 << 20),  # noqa: S311  # nothing secret
            ),
        ),
        operator="李晓梅",
        declared_by="李晓梅",
        sign_within_hours=8,
        reference="demo-notice",
    )


def report(sender: Unit, to: UnitCode, number: int, in_reply_to: str, today: date) -> Draft:
    """A township's 报告 upward, in answer to the notice."""
    title = f"{sender.name}关于汛期值班落实情况的报告"
    return Draft(
        sender=sender.code,
        kind=BusinessKind.REPORT,
        to=(Address(to=to),),
        metadata=_metadata(sender, DocumentType.REPORT, title, number, today, (to,), None, signers=("王建国",)),
        content="我单位值班人员已全部到位，通讯畅通。",
        operator="收发员",
        declared_by="收发员",
        in_reply_to=in_reply_to,
        reference=f"demo-report-{sender.code}",
    )


def recalled_letter(sender: Unit, to: UnitCode, today: date) -> Draft:
    """A 函 that its sender soon wants back."""
    return Draft(
        sender=sender.code,
        kind=BusinessKind.LETTER,
        to=(Address(to=to),),
        metadata=_metadata(sender, DocumentType.LETTER, "关于商请协调会议室的函", 3, today, (to,), None),
        content="时间待定。",
        operator="收发员",
        declared_by="收发员",
        reference="demo-recalled",
    )


def classified(sender: Unit, to: UnitCode, today: date) -> Draft:
    """A document that must not leave: its text begins with a mark of classification."""
    return Draft(
        sender=sender.code,
        to=(Address(to=to),),
        metadata=_metadata(sender, DocumentType.NOTICE, "关于有关事项的通知", 13, today, (to,), None),
        content="机密★一年\n\n有关事项通知如下。",
        operator="李晓梅",
        declared_by="李晓梅",
        reference="demo-classified",
    )


def dispatch(sender: Unit, group: str, number: int, today: date) -> Draft:
    """One of the second dispatch's notices, in the middle of which the process is killed."""
    return Draft(
        sender=sender.code,
        to=(Address(to=group, role=RecipientRole.MAIN),),
        metadata=_metadata(
            sender, DocumentType.NOTICE, f"防汛工作提示（第{number}期）", 20 + number, today, ("各单位",), None
        ),
        content=f"第{number}期提示：请继续加强值守。",
        operator="李晓梅",
        declared_by="李晓梅",
        reference=f"demo-dispatch-{number}",
    )


def _metadata(
    sender: Unit,
    document_type: DocumentType,
    title: str,
    serial: int,
    today: date,
    receivers: tuple[str, ...],
    degree: EmergencyDegree | None,
    *,
    signers: tuple[str, ...] = (),
) -> Metadata:
    identifier = DocumentIdentifier(
        oid=_OID,
        organisation=sender.code.replace("-", ""),
        office="001",
        year=today.year,
        document_type=document_type.value,
        serial=serial,
    )
    return Metadata(
        document_identifier=str(identifier),
        document_type=document_type,
        title=title,
        issuer_identification=(f"{sender.name}文件",),
        issuer_signatures=(sender.name,),
        issued_date=today,
        issued_number=str(IssuedNumber(prefix="播办发", year=today.year, serial=serial)),
        emergency_degree=degree,
        signers=signers,
        main_receivers=receivers,
    )


def _file(role: FileRole, name: str, media_type: str, data: bytes) -> DraftFile:
    return DraftFile(role=role, name=name, media_type=media_type, open=lambda: io.BytesIO(data))


def _pdf(text: str) -> bytes:
    """A whole PDF of one page that shows `text` (ASCII)."""
    stream = f"BT /F1 24 Tf 72 720 Td ({text}) Tj ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources 6 0 R >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Font << /F1 5 0 R >> >>",
    ]
    out, offsets = bytearray(b"%PDF-1.4\n"), []
    for number, content in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    for offset in offsets:
        out += b"%010d 00000 n \n" % offset
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    return bytes(out)
