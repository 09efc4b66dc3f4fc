"""`yidi send`: whom it reaches, what it refuses, and that pressing twice sends once."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.unit.cli.commands import send, yidi

USUAL = ("send", "--from", "甲局", "--to", "各镇乡", "--title", "关于防汛工作的通知")


def test_a_preview_shows_whom_it_reaches_and_sends_nothing(data: Path) -> None:
    result = yidi(*USUAL, "--cc", "丁办", "--preview", "--json", data=data)

    assert result.code == 0
    assert set(result.json) == {"groups", "recipients"}
    assert result.json["recipients"] == [
        {"code": "520304-002", "name": "乙镇", "role": "main"},
        {"code": "520304-003", "name": "丙镇", "role": "main"},
        {"code": "520304-004", "name": "丁办", "role": "copy"},
    ]
    assert yidi("track", "--json", data=data).json == []


def test_sending_answers_with_the_tracking_id(data: Path) -> None:
    result = yidi(*USUAL, "--declared-by", "张三", "--json", data=data)

    assert set(result.json) == {"id", "sender", "recipients", "again"}
    assert (result.json["sender"], result.json["recipients"]) == ("520304-001", ["520304-002", "520304-003"])
    assert [one["id"] for one in yidi("track", "--json", data=data).json] == [result.json["id"]]


def test_who_sends_where_the_hub_has_not_answered_for_long_is_told_so(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert yidi(*USUAL, "--declared-by", "张三", data=data).err == ""
    monkeypatch.setattr("exchange.cli.documents.send._STUCK", timedelta(0))
    assert "未得到交换中心答复" in yidi(*USUAL, "--declared-by", "张三", data=data).err


def test_the_same_reference_is_sent_once(data: Path) -> None:
    first = yidi(*USUAL, "--declared-by", "张三", "--reference", "OA-7", "--json", data=data).json
    again = yidi(*USUAL, "--declared-by", "张三", "--reference", "OA-7", "--json", data=data).json

    assert (first["again"], again["again"], first["id"]) == (False, True, again["id"])
    assert len(yidi("track", "--json", data=data).json) == 1


def test_a_classified_title_is_refused_and_nothing_stays(data: Path) -> None:
    result = yidi("send", "--from", "甲局", "--to", "乙镇", "--title", "机密★一年", "--declared-by", "张三", data=data)

    assert result.code == 1
    assert result.err.startswith("错误 SECRECY: ")
    assert "机要" in result.err
    assert yidi("track", "--json", data=data).json == []


def test_a_classified_file_is_refused_and_its_bytes_are_not_kept(data: Path, tmp_path: Path) -> None:
    body = tmp_path / "正文.txt"
    body.write_text("机密★10年\n某某方案\n", encoding="utf-8")
    result = yidi(*USUAL, "--body", body, "--declared-by", "张三", data=data)

    assert result.code == 1
    assert result.err.startswith("错误 SECRECY: ")
    kept = [path for path in (data / "node" / "files").rglob("*") if path.is_file()]
    assert kept == []


def test_an_unknown_recipient_suggests_the_nearest(data: Path) -> None:
    result = yidi("send", "--from", "甲局", "--to", "各镇", "--title", "通知", "--declared-by", "张三", data=data)

    assert result.code == 1
    assert result.err.startswith("错误 UNKNOWN_RECIPIENT: ")
    assert "各镇乡" in result.err


def test_nothing_is_sent_without_a_named_declaration(data: Path) -> None:
    result = yidi(*USUAL, data=data)

    assert result.code == 2
    assert "--declared-by" in result.err


@pytest.mark.parametrize(
    "option", [("--type", "通各"), ("--urgency", "很急"), ("--sign-within", "0"), ("--body", "/no")]
)
def test_a_wrong_value_is_wrong_use(data: Path, option: tuple[str, str]) -> None:
    result = yidi(*USUAL, "--declared-by", "张三", *option, data=data)

    assert result.code == 2
    assert option[0] in result.err


def test_types_are_taken_by_name_or_code(data: Path) -> None:
    for kind, code in (("函", "0E"), ("0E", "0E"), ("LETTER", "0E")):
        document = send(data, "--type", kind)
        assert yidi("show", document, "--json", data=data).json["type"] == code


def test_a_report_upward_needs_its_signer(data: Path) -> None:
    refused = yidi(*USUAL, "--declared-by", "张三", "--type", "报告", data=data)

    assert refused.code == 1
    assert "签发人" in refused.err
    assert yidi(*USUAL, "--declared-by", "张三", "--type", "报告", "--signer", "王五", data=data).code == 0


def test_the_printed_receivers_are_names(data: Path) -> None:
    document = send(data, "--to", "520304-003", "--cc", "520304-004")
    shown = yidi("show", document, data=data).out

    assert "主送\t乙镇、丙镇\n" in shown
    assert "抄送\t丁办\n" in shown
