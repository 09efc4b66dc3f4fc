"""`yidi hub units pause`, `release`, `paused`."""

from pathlib import Path

import pytest

from tests.unit.cli.commands import deliver, send, yidi


def test_a_unit_is_paused_and_released_and_nothing_is_lost(data: Path) -> None:
    arguments = ("--reason", "机房搬迁", "--until", "2099-01-01 08:00", "--operator", "王芳")
    assert "已暂停 520304-001 至 2099-01-01 08:00" in yidi("hub", "units", "pause", "甲局", *arguments, data=data).out
    document = send(data)
    deliver(data)
    assert yidi("inbox", "--unit", "乙镇", "--json", data=data).json == []
    assert "暂停" in yidi("node", "status", data=data).err
    [listed] = yidi("hub", "units", "paused", "--json", data=data).json
    assert (listed["name"], listed["reason"]) == ("甲局", "机房搬迁")

    assert yidi("hub", "units", "release", "甲局", "--reason", "完成", data=data).code == 0
    deliver(data)
    assert [one["id"] for one in yidi("inbox", "--unit", "乙镇", "--json", data=data).json] == [document]
    assert yidi("node", "status", data=data).err.strip() == "【恢复收发】本单位的公文收发已恢复。"
    assert "没有被暂停的单位" in yidi("hub", "units", "paused", data=data).out
    acts = yidi("hub", "acts", "--json", data=data).json
    assert [one["verb"] for one in acts[:2]] == ["units release", "units pause"]


def test_a_pause_without_an_end_shows_no_day_on_which_it_would_end(data: Path) -> None:
    assert yidi("hub", "units", "pause", "甲局", "--reason", "机房搬迁", data=data).out.strip() == "已暂停 520304-001"
    [row] = yidi("hub", "units", "paused", data=data).out.splitlines()[1:]
    assert row.split("\t")[3] == "恢复时"
    deliver(data)
    [notice] = yidi("node", "status", data=data).err.splitlines()
    assert notice.endswith("理由：机房搬迁")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("release", "甲局", "--reason", "x"), "STATE"),
        (("pause", "无", "--reason", "x"), "UNIT"),
        (("pause", "甲局", "--reason", "x", "--until", "2020-01-01"), "VALUE"),
    ],
)
def test_what_was_asked_wrongly_is_explained(data: Path, arguments: tuple[str, ...], code: str) -> None:
    result = yidi("hub", "units", *arguments, data=data)
    assert (result.code, code in result.err) == (1, True)
