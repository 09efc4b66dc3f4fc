"""`yidi hub search`: documents are found without a word of SQL."""

from pathlib import Path

import pytest

from tests.unit.cli.commands import deliver, send, yidi


def test_documents_are_found_page_by_page(delivered: tuple[Path, str]) -> None:
    data, first = delivered
    third = send(data, "--type", "LETTER", "--number", "播府办函〔2026〕7号")
    deliver(data)
    second = send(data, "--title", "关于防火工作的通知")
    deliver(data)
    page = yidi("hub", "search", "--from", "甲局", "--limit", "1", "--json", data=data).json
    rest = yidi("hub", "search", "--from", "甲局", "--after", page["next"], "--json", data=data).json

    assert [one["id"] for one in page["items"] + rest["items"]] == [second, third, first]
    assert rest["next"] is None
    assert (rest["items"][1]["recipients"], rest["items"][1]["delivered"]) == (2, 2)
    assert [one["id"] for one in yidi("hub", "search", "防火", "--json", data=data).json["items"]] == [second]
    assert [one["id"] for one in yidi("hub", "search", "--to", "丙镇", "--json", data=data).json["items"]] == [first]
    for arguments in (("--type", "函"), ("--number", "〔2026〕7号"), ("--id", third[:13])):
        [one] = yidi("hub", "search", *arguments, "--json", data=data).json["items"]
        assert (one["id"], one["type"], one["number"]) == (third, "LETTER", "播府办函〔2026〕7号")
    assert len(yidi("hub", "search", "--state", "待签收", "--json", data=data).json["items"]) == 3
    assert "--after" in yidi("hub", "search", "--limit", "1", data=data).out
    assert "没有找到" in yidi("hub", "search", "--until", "2020-01-01", "--since", "2019-01-01", data=data).out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--state", "weg"), "VALUE"),
        (("--id", "z", "--state", "weg"), "VALUE"),
        (("--after", "x"), "CURSOR"),
        (("--since", "x"), "PERIOD"),
        (("--to", "无"), "UNIT"),
    ],
)
def test_what_was_asked_wrongly_is_explained(data: Path, arguments: tuple[str, ...], code: str) -> None:
    result = yidi("hub", "search", *arguments, data=data)
    assert (result.code, code in result.err) == (1, True)
