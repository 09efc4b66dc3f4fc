"""`yidi hub report`: a story of one day in figures."""

import csv
from pathlib import Path

import pytest
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from tests.unit.cli.commands import deliver, yidi


def _sheet(path: Path) -> list[tuple[object, ...]]:
    sheet = load_workbook(path).active
    assert isinstance(sheet, Worksheet)
    return list(sheet.values)


def test_a_day_in_figures(delivered: tuple[Path, str]) -> None:
    data, document = delivered
    assert yidi("sign", document, "--unit", "乙镇", "--person", "李四", data=data).code == 0
    deliver(data)
    found = yidi("hub", "report", "--json", data=data).json

    of = {one["name"]: one for one in found["units"]}
    assert found["from"] == found["to"]
    assert (of["甲局"]["sent"], of["甲局"]["addressed"]) == (1, 0)
    assert (of["乙镇"]["received"], of["乙镇"]["signed"], of["乙镇"]["signed_share"]) == (1, 1, 1.0)
    assert (of["丙镇"]["received"], of["丙镇"]["signed"], of["丙镇"]["median_hours_to_sign"]) == (1, 0, None)
    assert of["丁办"]["received"] == 0
    total = found["all"]
    assert (total["sent"], total["addressed"], total["received"], total["signed"]) == (1, 2, 2, 1)
    assert total["signed_share"] == 0.5


@pytest.mark.parametrize("name", ["日报.csv", "月报.xlsx"])
def test_it_is_saved_as_a_spreadsheet_with_chinese_headings(
    delivered: tuple[Path, str], tmp_path: Path, name: str
) -> None:
    out = tmp_path / name
    result = yidi("hub", "report", "--out", out, data=delivered[0])
    assert result.code == 0, result.err
    if out.suffix == ".csv":
        rows = list(csv.reader(out.read_text("utf-8-sig").splitlines()))
    else:
        rows = [["" if cell is None else str(cell) for cell in row] for row in _sheet(out)]
    assert rows[0][:6] == ["代码", "单位", "发文", "应收", "送达", "签收"]
    assert [row[1] for row in rows[1:]] == ["甲局", "乙镇", "丙镇", "丁办", "合计"]
    assert [row[4] for row in rows[1:]] == ["0", "1", "1", "0", "2"]


@pytest.mark.parametrize(
    "arguments",
    [("--day", "2026-11-26", "--month", "2026-11"), ("--day", "gestern"), ("--month", "2026"), ("--out", "x.pdf")],
)
def test_no_period_and_no_spreadsheet_are_explained(data: Path, arguments: tuple[str, ...]) -> None:
    result = yidi("hub", "report", *arguments, data=data)
    assert (result.code, "PERIOD" in result.err) == (1, True)
