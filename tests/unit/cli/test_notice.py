"""`yidi hub notice`, and what a node shows of it."""

from pathlib import Path

import pytest

from tests.unit.cli.commands import deliver, yidi


def test_units_are_told_and_their_node_shows_it(data: Path) -> None:
    told = yidi("hub", "notice", "今日停机", "--to", "乙镇", "--until", "2099-01-01 08:00", "--json", data=data)
    assert told.code == 0, told.err
    assert [(one["kind"], one["units"], one["confirmed"]) for one in told.json] == [("outage", 1, 0)]
    deliver(data)

    assert "【停机通知】今日停机 至 2099-01-01 08:00" in yidi("node", "status", data=data).err
    assert "今日停机" in yidi("inbox", "--unit", "乙镇", data=data).err
    assert "今日停机" not in yidi("inbox", "--unit", "丙镇", data=data).err
    [shown] = yidi("node", "status", "--json", data=data).json["notices"]
    assert (shown["unit"], shown["text"], shown["kind_zh"]) == ("520304-002", "今日停机", "停机通知")
    [listed] = yidi("hub", "notice", "--json", data=data).json
    assert (listed["confirmed"], listed["until"]) == (1, "2099-01-01T08:00:00.000+08:00")
    assert yidi("hub", "acts", "--json", data=data).json[0]["verb"] == "notice outage"


def test_nothing_told_is_said_and_everybody_is_the_usual_choice(data: Path) -> None:
    assert "没有发布过通知" in yidi("hub", "notice", data=data).out
    assert yidi("hub", "notice", "已恢复", "--kind", "resumed", "--json", data=data).json[0]["units"] == 4


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--kind", "party"), "VALUE"),
        (("--until", "morgen"), "VALUE"),
        (("--until", "2020-01-01"), "VALUE"),
        (("--to", "无此单位"), "UNKNOWN_RECIPIENT"),
    ],
)
def test_what_was_asked_wrongly_is_explained(data: Path, arguments: tuple[str, ...], code: str) -> None:
    result = yidi("hub", "notice", "x", *arguments, data=data)
    assert (result.code, code in result.err) == (1, True)
