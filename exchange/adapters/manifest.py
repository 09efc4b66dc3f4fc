"""`manifest.json`: what a clerk or a program writes beside the files to send, and what we write beside those received.

Not here: where manifests lie (`folder`, `staging`), reading JSON (`json_fields`).
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import BinaryIO

from exchange.adapters.json_fields import Fields, choice, parse, refuse
from exchange.adapters.share import faults_as_adapter_errors
from exchange.adapters.times import county_time
from exchange.adapters.waiting import MANIFEST, Parcel
from exchange.model.document import BusinessKind, DocumentType, EmergencyDegree, Metadata
from exchange.model.envelope import FileRole, RecipientRole, check_file_name
from exchange.model.notice import Notice
from exchange.model.receipt import Receipt
from exchange.model.unit import UnitCode
from exchange.ports.office import Address, Draft, DraftFile, HandOver

__all__ = [
    "ELEMENTS",
    "MANY",
    "TOP",
    "Manifest",
    "describe",
    "describe_receipt",
    "described",
    "notice_text",
    "read_manifest",
]

MAX_BYTES = 1 << 20

# Key of a manifest -> its Chinese name.
TOP = {
    "id": "编号",
    "kind": "业务类型",
    "to": "主送",
    "copy": "抄送",
    "metadata": "元数据",
    "content": "内容",
    "files": "文件",
    "operator": "经办人",
    "declared_by": "不涉密声明人",
    "reviewed_by": "复核人",
    "sign_within_hours": "签收时限小时",
    "handle_within_hours": "办理时限小时",
    "reply_required": "需要反馈",
    "in_reply_to": "答复",
    "supersedes": "替代",
}
_ADDRESS = {"to": "单位", "print_quota": "打印份数", "paper": "另送纸质"}
_FILE = {
    "name": "文件名",
    "role": "类别",
    "media_type": "媒体类型",
    "pages": "页数",
    "size": "大小",
    "sha256": "摘要",
}
# Field of `Metadata` -> element of the standard, its Chinese name.
ELEMENTS = {
    "document_identifier": ("DocumentIdentifier", "公文标识"),
    "document_type": ("DocumentType", "文种"),
    "serial_number_of_copies": ("SerialNumberOfCopies", "份号"),
    "security_class": ("SecurityClass", "密级"),
    "secrecy_period": ("SecrecyPeriod", "保密期限"),
    "emergency_degree": ("EmergencyDegree", "紧急程度"),
    "issuer_identification": ("IssuerIdentification", "发文机关标志"),
    "issued_number": ("IssuedNumber", "发文字号"),
    "signers": ("Signer", "签发人"),
    "title": ("Title", "标题"),
    "main_receivers": ("MainReceivers", "主送机关"),
    "attachment_notes": ("AttachmentNotes", "附件说明"),
    "issuer_signatures": ("IssuerSignatures", "发文机关署名"),
    "issued_date": ("IssuedDate", "成文日期"),
    "annotation": ("Annotation", "附注"),
    "copy_receivers": ("CopyReceivers", "抄送机关"),
    "printing_department": ("PrintingDepartment", "印发机关"),
    "printing_date": ("PrintingDate", "印发日期"),
    "release_level": ("ReleaseLevel", "发布层次"),
}
MANY = frozenset(f.name for f in fields(Metadata) if f.type == tuple[str, ...])
_REQUIRED = ("document_type", "title", "issuer_identification", "issuer_signatures", "issued_date")
_MEDIA_TYPES = {
    "pdf": "application/pdf",
    "ofd": "application/ofd",
    "txt": "text/plain",
    "xml": "application/xml",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "wps": "application/vnd.ms-works",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "zip": "application/zip",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """`id`: the office's own id for the document, if it gives one. `draft` has no reference yet."""

    id: str | None
    draft: Draft


def read_manifest(unit: UnitCode, parcel: Parcel, digests: Mapping[str, str]) -> Manifest:
    """The draft in `parcel`, sent by `unit`. Raises InputError (FORMAT, INCOMPLETE), InvalidValueError."""
    top = Fields(_load(parcel), TOP, "清单")
    own_id = top.text("id")
    stem = parcel.name[: -len(".zip")] if parcel.name.lower().endswith(".zip") else parcel.name
    addresses = [
        *_addresses(top.items("to"), "主送", RecipientRole.MAIN),
        *_addresses(top.items("copy"), "抄送", RecipientRole.COPY),
    ]
    if not addresses:
        refuse("主送 to: 至少要有一个单位或分组")
    draft = Draft(
        sender=unit,
        kind=choice("业务类型 kind", top.text("kind") or "DOCUMENT", BusinessKind),
        to=tuple(addresses),
        metadata=_metadata(top.value("metadata"), f"{unit}-{own_id or stem}"),
        content=top.text("content"),
        files=_files(top.items("files"), parcel, digests),
        operator=top.required("operator"),
        declared_by=top.required("declared_by"),
        reviewed_by=top.text("reviewed_by"),
        sign_within_hours=top.number("sign_within_hours"),
        handle_within_hours=top.number("handle_within_hours"),
        reply_required=top.flag("reply_required"),
        in_reply_to=_related(top.text("in_reply_to")),
        supersedes=_related(top.text("supersedes")),
    )
    return Manifest(id=own_id, draft=draft)


def _related(text: str | None) -> str | None:
    """A document's id, alone or in the name that offices know it by: 520304-001_6f1c1f6e-..."""
    return text.strip().rpartition("_")[2] if text else None


def _load(parcel: Parcel) -> object:
    if MANIFEST not in parcel.files:
        refuse(f"缺少 {MANIFEST}", "INCOMPLETE")
    if parcel.files[MANIFEST] > MAX_BYTES:
        refuse(f"{MANIFEST} 超过 1 MiB", "SIZE")
    with parcel.open(MANIFEST) as file:
        return parse(file.read(MAX_BYTES), MANIFEST)


def _addresses(items: list[object], label: str, role: RecipientRole) -> Iterable[Address]:
    for item in items:
        if isinstance(item, str):
            yield Address(to=item, role=role)
            continue
        one = Fields(item, _ADDRESS, label)
        quota = one.number("print_quota")
        yield Address(
            to=one.required("to"), role=role, print_quota=1 if quota is None else quota, paper=one.flag("paper")
        )


def _metadata(raw: object, identifier: str) -> Metadata:
    given = Fields(raw, dict(ELEMENTS.values()), "元数据")
    values: dict[str, object] = {}
    for field, (standard, chinese) in ELEMENTS.items():
        value: object = given.texts(standard) if field in MANY else given.text(standard)
        if value is None or value == ():
            if field in _REQUIRED:
                refuse(f"元数据 {chinese} {standard}: 必须填写")
            continue
        values[field] = _converted(field, f"元数据 {chinese} {standard}", value)
    values.setdefault("document_identifier", identifier)
    return Metadata(**values)  # type: ignore[arg-type]  # built field by field from the table above


def _converted(field: str, label: str, value: object) -> object:
    if not isinstance(value, str):
        return value
    match field:
        case "document_type":
            return choice(label, value, DocumentType)
        case "emergency_degree":
            return choice(label, value, EmergencyDegree)
        case "issued_date" | "printing_date":
            try:
                return date.fromisoformat(value)
            except ValueError:
                refuse(f"{label}: 应为日期，如 2026-11-03")
        case _:
            return value


def _files(items: list[object], parcel: Parcel, digests: Mapping[str, str]) -> tuple[DraftFile, ...]:
    files = [_file(item, parcel, digests) for item in items]
    listed = {file.name for file in files}
    if len(listed) != len(files):
        refuse("文件 files: 同一文件列了两次")
    if left := sorted(set(parcel.files) - listed - {MANIFEST}):
        refuse(f"清单中没有列出文件：{'、'.join(left[:5])}")
    return tuple(files)


def _file(item: object, parcel: Parcel, digests: Mapping[str, str]) -> DraftFile:
    given = Fields(item, _FILE, "文件")
    name = check_file_name(given.required("name"))
    if name not in parcel.files or name == MANIFEST:
        refuse(f"缺少文件 {name}", "INCOMPLETE")
    size, sha256 = given.number("size"), given.text("sha256")
    if size not in (None, parcel.files[name]) or (sha256 is not None and sha256.lower() != digests[name]):
        refuse(f"文件 {name} 与清单所列的大小或摘要不符", "INCOMPLETE")
    return DraftFile(
        role=choice("文件 类别 role", given.text("role") or "attachment", FileRole),
        name=name,
        media_type=given.text("media_type") or _media_type(name),
        open=lambda: _open(parcel, name),
        pages=given.number("pages"),
    )


def _open(parcel: Parcel, name: str) -> BinaryIO:
    with faults_as_adapter_errors("outbox"):
        return parcel.open(name)


def _media_type(name: str) -> str:
    return _MEDIA_TYPES.get(name.rpartition(".")[2].casefold(), "application/octet-stream")


def describe(item: HandOver, stored: Mapping[str, str]) -> bytes:
    """The manifest of a received document. `stored`: file name -> its path within the folder."""
    return _json(described(item, stored))


def described(item: HandOver, stored: Mapping[str, str]) -> dict[str, object]:
    """The same as values."""
    envelope = item.envelope
    own = next(recipient for recipient in envelope.recipients if recipient.unit == item.unit)
    elements = {
        names: _plain(value)
        for field, names in ELEMENTS.items()
        if (value := getattr(envelope.metadata, field)) not in (None, ())
    }
    return {
        "id": envelope.id,
        "sender": envelope.sender,
        "sender_name": item.sender_name or None,
        "recipient": item.unit,
        "role": own.role,
        "print_quota": own.print_quota,
        "paper": own.paper,
        "kind": envelope.kind,
        "业务类型": envelope.kind.chinese,
        "created": _plain(envelope.created),
        "sign_by": _plain(envelope.sign_by),
        "handle_by": _plain(envelope.handle_by),
        "reply_required": envelope.reply_required,
        "in_reply_to": envelope.in_reply_to,
        "supersedes": envelope.supersedes,
        "operator": envelope.operator,
        "declared_by": envelope.declaration.name,
        "元数据": {chinese: value for (_, chinese), value in elements.items()},
        "metadata": {standard: value for (standard, _), value in elements.items()},
        "content": envelope.content,
        "files": [
            {
                "name": file.name,
                "path": stored[file.name],
                "role": file.role,
                "类别": file.role.chinese,
                "media_type": file.media_type,
                "size": file.size,
                "sha256": file.sha256,
                "sm3": file.sm3,
                "pages": file.pages,
            }
            for file in envelope.files
        ],
    }


def describe_receipt(receipt: Receipt, unit_name: Callable[[UnitCode], str]) -> bytes:
    """A receipt for reading; the signed document lies beside it. `unit_name`: "" for a unit that nobody knows."""
    subject = receipt.subject
    recipient = subject.recipient if subject else None
    return _json(
        {
            "receipt": receipt.id,
            "event": receipt.event,
            "事件": receipt.event.chinese,
            "envelope": subject and subject.envelope.id,
            "sender": subject and subject.envelope.sender,
            "digest": subject and subject.digest,
            "recipient": recipient,
            "recipient_name": (unit_name(recipient) or None) if recipient else None,
            "by": receipt.actor.speaker,
            "unit": receipt.actor.unit,
            "person": receipt.actor.person,
            "at": _plain(receipt.at),
            "reason": receipt.reason,
            "text": receipt.text,
            "attributes": dict(receipt.attributes),
        }
    )


def notice_text(notice: Notice, receipt: Receipt) -> str:
    """What the hub tells a unit, for its people."""
    end = f"至：{county_time(notice.until)}\n" if notice.kind.lasts else ""
    return f"{notice.kind.chinese}\n\n{receipt.text or ''}\n\n时间：{county_time(receipt.at)}\n{end}"


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date | datetime) else value


def _json(value: Mapping[str, object]) -> bytes:
    """What is not given is left out, so that readers need not know of it."""
    shown = {key: item for key, item in value.items() if item is not None}
    return (json.dumps(shown, ensure_ascii=False, indent=2) + "\n").encode()
