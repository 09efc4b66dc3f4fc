"""Units from spreadsheets as people fill them in, and tables written for people."""

import csv
import io
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from exchange.adapters import sheet
from exchange.adapters.sheet import SheetError, read_units, write_xlsx
from exchange.adapters.unit_rows import MAX_ROWS
from exchange.model.unit import Level, UnitKind

CHINESE = ["序号", "单位代码*", "单位名称（必填）", "类 别", "层级", "联系人", "统一社会信用代码", "上级单位代码"]
Table = Sequence[Sequence[object]]
Write = Callable[[Table], Path]


@pytest.fixture(params=["csv", "gb18030", "bom", "xlsx"])
def write(request: pytest.FixtureRequest, tmp_path: Path) -> Write:
    """The same table in every form that people send."""

    def to_csv(table: Table) -> Path:
        encoding = {"csv": "utf-8", "gb18030": "gb18030", "bom": "utf-8-sig"}[request.param]
        text = io.StringIO()
        csv.writer(text).writerows(table)
        path = tmp_path / "units.csv"
        path.write_bytes(text.getvalue().encode(encoding))
        return path

    return (lambda table: to_xlsx(tmp_path, table)) if request.param == "xlsx" else to_csv


def to_xlsx(folder: Path, table: Table, change: Callable[[Workbook], None] = lambda book: None) -> Path:
    book = Workbook()
    assert book.active is not None
    for row in table:
        book.active.append(list(row))
    change(book)
    path = folder / "units.xlsx"
    book.save(path)
    return path


def row(
    code: str = "520304-001", name: str = "区委办", kind: str = "党群部门", level: str = "县", **more: str
) -> list[str]:
    return ["1", code, name, kind, level, "王芳", more.get("credit", ""), more.get("parent", "")]


def faults(path: Path) -> list[tuple[int, str]]:
    with pytest.raises(SheetError) as caught:
        read_units(path)
    assert caught.value.faults
    assert all(str(fault) in caught.value.message for fault in caught.value.faults)
    return [(fault.line, fault.column.split()[1]) for fault in caught.value.faults]


# -------------------------------------------------------------------------------------------- the example


def test_the_128_units_of_the_example_are_read(repository: Path) -> None:
    units = read_units(repository / "examples" / "bozhou" / "units.csv")
    assert len(units) == len({unit.code for unit in units}) == 128
    counts = {kind: sum(unit.kind is kind for unit in units) for kind in UnitKind}
    assert counts == {
        UnitKind.PARTY: 23,
        UnitKind.CONGRESS_COURTS: 4,
        UnitKind.GOVERNMENT: 29,
        UnitKind.RESIDENT: 28,
        UnitKind.OTHER: 24,
        UnitKind.TOWNSHIP: 20,
    }


def test_the_same_units_come_from_xlsx(repository: Path, tmp_path: Path) -> None:
    source = repository / "examples" / "bozhou" / "units.csv"
    with source.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    write_xlsx(tmp_path / "units.xlsx", header, rows)
    assert read_units(tmp_path / "units.xlsx") == read_units(source)


# --------------------------------------------------------------------------------------------- right rows


def test_chinese_headers_below_title_rows_are_understood(write: Write) -> None:
    (first, second) = read_units(
        write(
            [
                ["播州区单位人员信息采集表"],
                ["填表单位：", "", "日期："],
                CHINESE,
                row(credit="91350100M000100Y43"),
                [],
                row("520304109-001", "鸭溪镇金钟村", "镇乡", "村", parent="520304-109"),
            ]
        )
    )
    assert (first.code, first.name, first.kind, first.level) == ("520304-001", "区委办", UnitKind.PARTY, Level.COUNTY)
    assert first.credit_code == "91350100M000100Y43"
    assert (second.level, second.parent, second.credit_code) == (Level.VILLAGE, "520304-109", None)


def test_a_merged_title_above_the_header_is_no_fault(tmp_path: Path) -> None:
    def merge(book: Workbook) -> None:
        assert book.active is not None
        book.active.merge_cells("A1:H1")

    assert len(read_units(to_xlsx(tmp_path, [["采集表"], CHINESE, row()], merge))) == 1


def test_the_name_of_a_file_says_nothing_about_it(tmp_path: Path) -> None:
    path = to_xlsx(tmp_path, [CHINESE, row()])
    assert len(read_units(path.rename(tmp_path / "units.csv"))) == 1


def test_a_sheet_formatted_to_its_end_is_read_to_its_last_row(tmp_path: Path) -> None:
    def format_far_below(book: Workbook) -> None:
        assert book.active is not None
        book.active.cell(1_000_000, 1).number_format = "@"

    assert len(read_units(to_xlsx(tmp_path, [CHINESE, row()], format_far_below))) == 1


# -------------------------------------------------------------------------------------------- wrong rows


def test_all_faults_of_all_rows_are_told_at_once_and_nothing_is_imported(write: Write) -> None:
    path = write(
        [
            CHINESE,
            row(),
            row("５２０３０４-002", "全角"),
            row("520304-00З", "西里尔"),  # the last letter is Cyrillic
            row("520304", "短码"),
            row("520304-001", "重码"),
            row("520304-006", "区委办"),
            row("520304-007", "", "部门", "地"),
            row("520304-008", "错码", credit="91350100M000100Y44"),
            row("520304-009", "自上", parent="520304-009"),
            row("", "无码"),
        ]
    )
    assert faults(path) == [
        (3, "code"),
        (4, "code"),
        (5, "code"),
        (6, "code"),
        (7, "name"),
        (8, "name"),
        (8, "category_name"),
        (8, "level"),
        (9, "credit_code"),
        (10, "name"),
        (11, "code"),
    ]


def test_a_fault_says_what_to_do(tmp_path: Path) -> None:
    path = to_xlsx(tmp_path, [CHINESE, row("５２０３０４-002"), row("520304-003", "区委办", "机关")])
    with pytest.raises(SheetError) as caught:
        read_units(path)
    assert "第2行 单位代码 code '５２０３０４-002'：含全角字符，应为 520304-002" in caught.value.message
    assert "与第2行重复" in caught.value.message
    assert "党群部门、人大、政协及两院" in caught.value.message


def test_a_category_that_contradicts_its_code_is_a_fault(write: Write) -> None:
    header = ["code", "name", "category", "category_name", "level"]
    path = write([header, ["520304-001", "区委办", "party", "政府部门", "county"]])
    assert faults(path) == [(2, "category_name")]


def test_formulas_numbers_dates_and_merged_cells_are_faults(tmp_path: Path) -> None:
    table: Table = [
        CHINESE,
        [1, "520304-001", '=HYPERLINK("http://x","区委办")', "党群部门", "县"],
        [2, 520304001, "区纪委", "党群部门", "县"],
        [3, "520304-003", datetime(2026, 11, 3), "党群部门", "县"],  # noqa: DTZ001 - as a sheet holds it
        [4, "520304-004", "区委宣传部", "党群部门", "县", "", 913501000001000143],
        [5, "520304-005", "区委政法委", "党群部门", "县"],
        [6, "520304-006", "区委统战部", "", "县"],
    ]

    def merge(book: Workbook) -> None:
        assert book.active is not None
        book.active.merge_cells("D6:D7")

    assert faults(to_xlsx(tmp_path, table, merge)) == [
        (2, "name"),
        (3, "code"),
        (4, "name"),
        (5, "credit_code"),
        (6, "category_name"),
        (7, "category_name"),
    ]


def test_a_formula_in_csv_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("code,name,category,level\n520304-001,=cmd|' /C calc'!A0,party,county\n", encoding="utf-8")
    assert faults(path) == [(2, "name")]


def test_too_many_rows_are_refused(tmp_path: Path) -> None:
    table = [CHINESE, *(row(f"520304-{n:06}", f"单位{n}") for n in range(MAX_ROWS + 1))]
    text = io.StringIO()
    csv.writer(text).writerows(table)
    (tmp_path / "a.csv").write_text(text.getvalue(), encoding="utf-8")
    with pytest.raises(SheetError, match="too many rows"):
        read_units(tmp_path / "a.csv")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ([["a", "b"], ["c", "d"]], "没有表头"),
        ([], "没有表头"),
        ([["单位代码", "单位名称"]], "表头缺少：层级、类别"),
        ([["单位代码", "单位名称", "类别", "层级", "code"]], "两列“单位代码”"),
        ([CHINESE], "没有单位"),
        ([*[["x"]] * 25, CHINESE, row()], "没有表头"),
    ],
)
def test_a_table_without_the_columns_is_refused(write: Write, table: Table, message: str) -> None:
    with pytest.raises(SheetError, match=message):
        read_units(write(table))


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"\xd0\xcf\x11\xe0 old", "另存为 .xlsx"),
        (b"PK\x03\x04 broken", "不是正确的 XLSX"),
        (b"\x00\x01\x02", "不是表格文件"),
        (b"\xff\xff\xff", "不是表格文件"),
        (b"%PDF-1.7\n", "没有表头"),
        (b'code,name,category,level\n"a', "不是正确的 CSV"),
        (b"", "没有表头"),
    ],
)
def test_what_is_no_spreadsheet_is_refused(tmp_path: Path, raw: bytes, message: str) -> None:
    (tmp_path / "a.xlsx").write_bytes(raw)
    with pytest.raises(SheetError, match=message):
        read_units(tmp_path / "a.xlsx")


def test_a_zip_that_is_no_workbook_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr("readme.txt", "x")
    with pytest.raises(SheetError, match="不是正确的 XLSX"):
        read_units(tmp_path / "a.xlsx")


def test_a_workbook_that_unpacks_to_too_much_is_refused_unopened(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", bytes(sheet.MAX_UNPACKED + 1))
    with pytest.raises(SheetError, match="展开后超过"):
        read_units(tmp_path / "a.xlsx")


def tampered(folder: Path, change: Callable[[str], str], encoding: str = "utf-8") -> Path:
    """A right workbook whose sheet was changed as text."""
    path = to_xlsx(folder, [CHINESE, row(name="区委办")])
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["xl/worksheets/sheet1.xml"] = change(parts["xl/worksheets/sheet1.xml"].decode()).encode(encoding)
    with zipfile.ZipFile(path, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return path


@pytest.mark.parametrize("entity", ['a SYSTEM "file:///etc/hostname"', 'a "x"'])
@pytest.mark.parametrize(("encoding", "message"), [("utf-8", "DTD"), ("utf-16", "UTF-8"), ("utf-16-be", "UTF-8")])
def test_a_workbook_that_defines_entities_is_refused(tmp_path: Path, entity: str, encoding: str, message: str) -> None:
    path = tampered(tmp_path, lambda xml: f"<!DOCTYPE x [<!ENTITY {entity}>]>{xml.replace('区委办', '&a;')}", encoding)
    with pytest.raises(SheetError, match=message):
        read_units(path)


def test_a_merged_area_without_end_is_refused(tmp_path: Path) -> None:
    merge = '</sheetData><mergeCells count="1"><mergeCell ref="A1:XFD1048576"/></mergeCells>'
    with pytest.raises(SheetError, match="合并单元格过多"):
        read_units(tampered(tmp_path, lambda xml: xml.replace("</sheetData>", merge)))


def test_a_missing_file_is_told_plainly(tmp_path: Path) -> None:
    with pytest.raises(SheetError, match="无法读取"):
        read_units(tmp_path / "gone.csv")


@given(st.binary(max_size=200))
def test_any_bytes_at_all_end_in_units_or_a_sheet_error(raw: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.csv")
        path.write_bytes(raw)
        with pytest.raises(SheetError):
            read_units(path)


# ------------------------------------------------------------------------------------------------ writing


def test_a_table_is_written_with_its_types(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    write_xlsx(path, ["单位", "签收率"], [["区委办", 0.98], ["区纪委", None], ["日", date(2026, 11, 3)]])
    active = load_workbook(path).active
    assert active is not None
    values = [[cell.value for cell in cells] for cells in active.iter_rows()]
    assert values == [["单位", "签收率"], ["区委办", 0.98], ["区纪委", None], ["日", datetime(2026, 11, 3)]]  # noqa: DTZ001
    assert active["A1"].font.bold
    assert active.freeze_panes == "A2"
    assert [file.name for file in tmp_path.iterdir()] == ["a.xlsx"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"])
def test_text_that_would_start_a_formula_is_neutralised(tmp_path: Path, start: str) -> None:
    path = tmp_path / "a.xlsx"
    write_xlsx(path, [f"{start}1+1"], [[f'{start}HYPERLINK("http://x")']])
    active = load_workbook(path).active
    assert active is not None
    for cell in (active["A1"], active["A2"]):
        assert cell.data_type == "s"
        assert str(cell.value).startswith("'")


def test_characters_that_no_cell_can_hold_are_left_out(tmp_path: Path) -> None:
    write_xlsx(tmp_path / "a.xlsx", ["x"], [["a\x00\x0bb"], [datetime(2026, 11, 3, 8, tzinfo=UTC)]])
    active = load_workbook(tmp_path / "a.xlsx").active
    assert active is not None
    assert [cell.value for cell in active["A"]] == ["x", "ab", "2026-11-03 08:00:00+00:00"]
