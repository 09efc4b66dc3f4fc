"""Numbers, days and bytes beyond what anything can hold: a clear refusal, whatever the command."""

from pathlib import Path

import pytest

from tests.unit.cli.commands import send, yidi

FAR = "9999-12-31T23:59:59-14:00"


@pytest.mark.parametrize(
    "line",
    [
        f"hub units pause 甲局 --reason x --until {FAR}",
        f"hub notice x --until {FAR}",
        "hub report --month 9999-12",
        "hub report --month 0001-01",
        "hub report --day 0001-01-01",
        "hub presence --month 9999-12",
        "hub search --until 9999-12-31",
        "hub search --since 0001-01-01",
        "hub certificates --within 3000000",
        f"hub audit --limit {1 << 64}",
        f"hub quarantine list --limit {1 << 64}",
        f"inbox --limit {1 << 64}",
        f"track --limit {1 << 64}",
        "send --from 甲局 --to 乙镇 --title x --content x --declared-by x --yes --sign-within 999999999",
        "track \udcff\udcfe",
        "inbox --unit \udcff",
        "hub report --day 2026-01-01 --out /no/such/folder/report.xlsx",
    ],
)
def test_it_is_refused_in_one_line(data: Path, line: str) -> None:
    result = yidi(*line.split(), data=data)
    assert result.code in (1, 2)
    assert result.err.startswith("错误 ")
    assert "BUG" not in result.err
    assert result.err.count("\n") == 1


def test_nothing_is_paused_until_a_day_that_no_calendar_has(data: Path) -> None:
    yidi("hub", "units", "pause", "甲局", "--reason", "x", "--until", FAR, data=data)
    assert "没有被暂停的单位" in yidi("hub", "units", "paused", data=data).out


def test_json_of_a_saved_document_is_json_alone(data: Path, tmp_path: Path) -> None:
    (tmp_path / "通知.txt").write_text("正文")
    document = send(data, "--attach", str(tmp_path / "通知.txt"))
    shown = yidi("show", document, "--save", str(tmp_path / "out"), "--json", data=data)
    assert shown.json["id"] == document
    assert (tmp_path / "out" / "通知.txt").read_text() == "正文"


def test_a_backup_whose_secrets_have_no_place_leaves_nothing_behind(data: Path, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "x").touch()
    out = tmp_path / "out"
    assert yidi("hub", "backup", "--out", str(out), "--secrets", str(taken), data=data).code == 1
    assert not out.exists()
