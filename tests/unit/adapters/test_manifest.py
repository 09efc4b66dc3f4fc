"""manifest.json as clerks write it."""

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from exchange.model.document import DocumentType
from tests.unit.adapters.offices import FILES, MANIFEST, UNIT, Office


def metadata(**changes: object) -> dict[str, Any]:
    return MANIFEST | {"元数据": MANIFEST["元数据"] | changes}


def test_english_keys_say_the_same_as_chinese_ones(office: Office) -> None:
    english = {
        "to": ["各镇乡", {"to": "520304-001", "print_quota": 2, "paper": True}],
        "copy": "520304-002",
        "metadata": {
            "DocumentType": "08",
            "Title": "关于做好秋季森林防火工作的通知",
            "IssuerIdentification": ["播州区人民政府办公室"],
            "IssuerSignatures": ["播州区人民政府办公室"],
            "IssuedNumber": "播府办发〔2026〕12号",
            "EmergencyDegree": "加急",
            "IssuedDate": "2026-11-03",
            "DocumentIdentifier": f"{UNIT}-a",
        },
        "files": [{"name": "通知.pdf", "role": "body", "pages": 2}, {"name": "名单.xlsx"}],
        "operator": "王芳",
        "declared_by": "王芳",
        "sign_within_hours": 8,
    }
    office.put("a", english)
    (first,) = office.adapter.collect(UNIT)
    office.adapter.refused(UNIT, str(first.reference), "X", "x")
    office.put("a")
    (second,) = office.adapter.collect(UNIT)
    assert (first.to, first.metadata, first.sign_within_hours) == (second.to, second.metadata, second.sign_within_hours)
    assert first.metadata.document_type is DocumentType.NOTICE
    assert first.metadata.issued_date == date(2026, 11, 3)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_manifest_may_be_saved_by_notepad(office: Office, encoding: str) -> None:
    folder = office.put("a")
    (folder / "manifest.json").write_bytes(json.dumps(MANIFEST, ensure_ascii=False).encode(encoding))
    assert len(list(office.adapter.collect(UNIT))) == 1


@pytest.mark.parametrize(
    ("manifest", "reason"),
    [
        ([], "清单: 应为"),
        ({}, "主送 to: 至少要有一个"),
        (MANIFEST | {"超送": "x"}, "不认识的项 超送"),
        (MANIFEST | {"to": "x"}, "以中英文各写了一次"),
        (MANIFEST | {"经办人": ""}, "经办人 operator: 必须填写"),
        (MANIFEST | {"不涉密声明人": None}, "不涉密声明人 declared_by: 必须填写"),
        (MANIFEST | {"签收时限小时": "8"}, "应为整数"),
        (MANIFEST | {"签收时限小时": True}, "应为整数"),
        (MANIFEST | {"需要反馈": "是"}, "应为 true 或 false"),
        (MANIFEST | {"业务类型": "信"}, "不在可选范围内（公文、会议通知"),
        (MANIFEST | {"元数据": None}, "元数据: 应为"),
        (metadata(文种="通知书"), "文种 DocumentType: 通知书 不在可选范围内"),
        (metadata(标题=""), "标题 Title: 必须填写"),
        (metadata(成文日期="2026年11月3日"), "应为日期，如 2026-11-03"),
        (metadata(紧急程度="火急"), "特提、特急、加急、平急"),
        (metadata(文种="请示"), "签发人"),
        (metadata(标题="一\n二"), "标题"),
        (metadata(发文机关标志=[1]), "应为文字"),
        (MANIFEST | {"文件": []}, "清单中没有列出文件：名单.xlsx、通知.pdf"),
        (MANIFEST | {"文件": [{"文件名": "通知.pdf"}, {"文件名": "通知.pdf"}]}, "列了两次"),
        (MANIFEST | {"文件": [{"文件名": "../通知.pdf"}]}, "file name"),
        (MANIFEST | {"主送": [{"单位": "520304-001", "打印份数": -1}]}, "应为整数"),
    ],
)
def test_a_faulty_manifest_is_refused_with_the_field_and_the_rule(
    office: Office, manifest: object, reason: str
) -> None:
    office.put("a", manifest)
    assert list(office.adapter.collect(UNIT)) == []
    assert reason in office.reason("a")


@pytest.mark.parametrize(
    ("raw", "reason"), [(b'{"a": 1,}', "第 1 行"), (b"\xff\xfe{", "JSON|编码"), (b'{"a":1,"a":2}', "重复")]
)
def test_what_is_no_json_is_refused(office: Office, raw: bytes, reason: str) -> None:
    (office.put("a") / "manifest.json").write_bytes(raw)
    assert list(office.adapter.collect(UNIT)) == []
    office.seconds += 5
    assert list(office.adapter.collect(UNIT)) == []
    assert re.search(reason, office.reason("a"))


def test_a_hostile_manifest_costs_nothing(office: Office) -> None:
    (office.put("deep") / "manifest.json").write_bytes(b"[" * 500_000)
    (office.put("long") / "manifest.json").write_bytes(b" " * (1 << 21))
    office.adapter.collect(UNIT)
    assert list(office.adapter.collect(UNIT)) == []
    assert "嵌套过深" in office.reason("deep")
    assert "超过 1 MiB" in office.reason("long")


def test_the_documented_example_is_sent(office: Office, repository: Path) -> None:
    text = (repository / "docs" / "adapters" / "folder.md").read_text(encoding="utf-8")
    for number, example in enumerate(re.findall(r"```json manifest\n(.*?)```", text, re.DOTALL)):
        manifest = json.loads(example)
        names = [file.get("name") or file["文件名"] for file in manifest.get("files") or manifest["文件"]]
        office.put(f"example-{number}", manifest, files=dict.fromkeys(names, FILES["通知.pdf"]))
    assert len(list(office.adapter.collect(UNIT))) == 2


@pytest.mark.parametrize(
    "answered", ["6f1c1f6e-53a5-4c61-9f0e-000000000001", "520304-001_6f1c1f6e-53a5-4c61-9f0e-000000000001"]
)
def test_a_document_that_is_answered_may_be_named_as_the_inbox_names_it(office: Office, answered: str) -> None:
    office.put("a", MANIFEST | {"答复": answered, "替代": answered})
    (draft,) = office.adapter.collect(UNIT)
    assert draft.in_reply_to == draft.supersedes == "6f1c1f6e-53a5-4c61-9f0e-000000000001"
