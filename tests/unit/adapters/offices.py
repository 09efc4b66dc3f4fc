"""Builders for the tests of the folder adapter: a unit's folders, manifests, received documents."""

import hashlib
import io
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from exchange.adapters.folder import FolderAdapter
from exchange.model.document import BusinessKind, DocumentType, Metadata
from exchange.model.envelope import Declaration, Envelope, EnvelopeId, FileEntry, FileRole, Recipient
from exchange.model.unit import HubId, UnitCode
from exchange.ports.office import HandOver

UNIT = UnitCode("520304-030")
SENDER = UnitCode("520304-001")
NOW = datetime(2026, 11, 3, 8, 30, tzinfo=UTC)

MANIFEST: dict[str, Any] = {
    "主送": ["各镇乡", {"单位": "520304-001", "打印份数": 2, "另送纸质": True}],
    "抄送": ["520304-002"],
    "元数据": {
        "文种": "通知",
        "标题": "关于做好秋季森林防火工作的通知",
        "发文机关标志": "播州区人民政府办公室",
        "发文机关署名": "播州区人民政府办公室",
        "发文字号": "播府办发〔2026〕12号",
        "紧急程度": "加急",
        "成文日期": "2026-11-03",
    },
    "文件": [{"文件名": "通知.pdf", "类别": "正文", "页数": 2}, {"文件名": "名单.xlsx"}],
    "经办人": "王芳",
    "不涉密声明人": "王芳",
    "签收时限小时": 8,
}
FILES = {"通知.pdf": b"%PDF-1.7 notice", "名单.xlsx": b"PK list"}


@dataclass
class Office:
    """One unit's folders, and a clock that moves when told."""

    root: Path
    seconds: float = 0.0
    adapter: FolderAdapter = field(init=False)

    def __post_init__(self) -> None:
        self.restart()
        assert not list(self.adapter.collect(UNIT))  # makes the folders

    def restart(self) -> None:
        self.adapter = FolderAdapter(self.root, unit_name=unit_name, monotonic=lambda: self.seconds)

    @property
    def home(self) -> Path:
        return self.root / UNIT

    @property
    def outbox(self) -> Path:
        return self.home / "outbox"

    def put(
        self, name: str, manifest: object = None, *, files: dict[str, bytes] | None = None, ready: bool = True
    ) -> Path:
        folder = self.outbox / name
        folder.mkdir()
        for file, data in (FILES if files is None else files).items():
            (folder / file).write_bytes(data)
        text = json.dumps(MANIFEST if manifest is None else manifest, ensure_ascii=False)
        (folder / "manifest.json").write_text(text, encoding="utf-8")
        if ready:
            (folder / "READY").touch()
        return folder

    def reason(self, name: str) -> str:
        return (self.home / "error" / name / "reason.txt").read_text(encoding="utf-8-sig")

    def inbox(self) -> list[str]:
        return sorted(path.name for path in (self.home / "inbox").iterdir())


def refusals(office: Office) -> Iterator[str]:
    assert list(office.adapter.collect(UNIT)) == []
    yield from (path.name for path in (office.home / "error").iterdir())


def file_entry(data: bytes, name: str = "通知.pdf") -> FileEntry:
    return FileEntry(
        role=FileRole.BODY,
        name=name,
        media_type="application/pdf",
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        sm3="0" * 64,
        pages=2,
    )


def unit_name(unit: UnitCode) -> str:
    return "区政府办" if unit == SENDER else ""


def received(*blobs: tuple[str, bytes], document: bytes = b"<Envelope/>", number: int = 1) -> HandOver:
    envelope = Envelope(
        id=EnvelopeId(str(uuid.UUID(int=number))),
        hub=HubId("hub.520304"),
        kind=BusinessKind.DOCUMENT,
        sender=SENDER,
        recipients=(Recipient(unit=UNIT, print_quota=3),),
        directory_version=1,
        created=NOW,
        declaration=Declaration(name="王芳", at=NOW),
        operator="王芳",
        metadata=Metadata(
            document_identifier="1.2.3-001",
            document_type=DocumentType.NOTICE,
            title="关于做好秋季森林防火工作的通知",
            issuer_identification=("区政府办",),
            issuer_signatures=("区政府办",),
            issued_date=date(2026, 11, 3),
        ),
        files=tuple(file_entry(data, name) for name, data in blobs),
    )
    held = {hashlib.sha256(data).hexdigest(): data for _, data in blobs}
    return HandOver(
        unit=UNIT,
        key=envelope.key,
        envelope=envelope,
        document=document,
        open_file=lambda sha256: io.BytesIO(held[sha256]),
    )


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)
