"""Spreadsheets: units in from CSV or XLSX, tables out to XLSX. The only module with openpyxl.

What a file is, its bytes say and not its name. Files come from anybody: sizes are bounded before anything is unpacked,
formulas are never computed, and what we write starts no formula in the program that opens it.

Not here: which rows are units (`exchange.adapters.unit_rows`).
"""

import codecs
import csv
import io
import re
import unicodedata
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from pathlib import Path

from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter, range_boundaries
from openpyxl.worksheet.worksheet import Worksheet

from exchange.adapters.unit_rows import Cell, Row, RowFault, SheetError, units_from
from exchange.model.unit import Unit

__all__ = ["RowFault", "SheetError", "read_units", "write_csv", "write_xlsx"]

MAX_FILE = 20 * 1024**2
MAX_UNPACKED = 32 * 1024**2
MAX_COLUMNS = 100
MAX_MERGED = 100_000
_BLANK_ROWS = 1000  # after so many in a row, a sheet is over, whatever its formatting says
# How XML in UTF-16 or UTF-32 begins.
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, b"<\x00", b"\x00<", b"\x00\x00\x00<", b"\x00\x00\xfe\xff")
_MERGED = re.compile(rb"""mergeCell\s[^<>]{0,200}?ref\s*=\s*["']([^"']{1,40})["']""")
_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def read_units(path: Path) -> list[Unit]:
    """The units in `path`, in its order. Raises SheetError with every fault."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_FILE + 1)
    except OSError as error:
        raise SheetError(f"{path.name}: 无法读取 cannot be read: {error.strerror}") from error
    if len(raw) > MAX_FILE:
        raise SheetError(f"{path.name}: 超过 {MAX_FILE >> 20} MiB too large")
    if raw.startswith(b"PK"):
        return units_from(_xlsx_rows(raw))
    if raw.startswith(b"\xd0\xcf\x11\xe0"):
        raise SheetError(f"{path.name}: 旧版或加密的 Excel 文件，请另存为 .xlsx old or encrypted; save as .xlsx")
    return units_from(_csv_rows(raw, path.name))


def _csv_rows(raw: bytes, name: str) -> Iterator[Row]:
    text = _decode(raw)
    if text is None:
        raise SheetError(f"{name}: 不是表格文件 not a spreadsheet: neither XLSX nor text in UTF-8 or GB18030")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for cells in reader:
            yield Row(reader.line_num, tuple(Cell(cell) for cell in cells[:MAX_COLUMNS]))
    except csv.Error as error:
        raise SheetError(f"{name}: 第{reader.line_num}行不是正确的 CSV not CSV: {error}") from error


def _decode(raw: bytes) -> str | None:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        return None if "\x00" in text else text
    return None


def _xlsx_rows(raw: bytes) -> Iterator[Row]:
    """Rows of the first visible sheet."""
    try:
        _check_archive(raw)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # extensions of Excel that openpyxl leaves out
            book = load_workbook(io.BytesIO(raw), data_only=False, keep_links=False)
    except SheetError:
        raise
    except Exception as error:  # openpyxl raises whatever its parsers do
        raise SheetError(f"不是正确的 XLSX 文件 not an XLSX file: {type(error).__name__}") from error
    sheet = next((s for s in book.worksheets if s.sheet_state == "visible"), None)
    if sheet is None:
        raise SheetError("没有可见的工作表 no visible sheet")
    return _sheet_rows(sheet)


def _check_archive(raw: bytes) -> None:
    """Before the parsers see it: (1) bounded when unpacked, (2) no part in UTF-16, where the next two would find
    nothing, (3) no DTD, so no entity to expand or fetch, (4) merged areas that fit in memory."""
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        members = archive.infolist()
        if sum(member.file_size for member in members) > MAX_UNPACKED:
            raise SheetError(f"展开后超过 {MAX_UNPACKED >> 20} MiB unpacks to too much")
        for member in members:
            part = archive.read(member)
            if part.startswith(_WIDE):
                raise SheetError("XLSX 内部编码不是 UTF-8 not in UTF-8 within")
            if b"<!DOCTYPE" in part:
                raise SheetError("XLSX 中含有 DTD，不接受 a DTD within")
            if sum(_area(match[1]) for match in _MERGED.finditer(part)) > MAX_MERGED:
                raise SheetError("合并单元格过多 too many merged cells")


def _area(reference: bytes) -> int:
    left, top, right, bottom = range_boundaries(reference.decode("ascii", "replace"))
    return ((right or 1 << 14) - (left or 1) + 1) * ((bottom or 1 << 20) - (top or 1) + 1)


def _sheet_rows(sheet: Worksheet) -> Iterator[Row]:
    merged = {cell for area in sheet.merged_cells.ranges for cell in area.cells}
    blank = 0
    for line, cells in enumerate(sheet.iter_rows(max_col=min(sheet.max_column, MAX_COLUMNS)), 1):
        read = tuple(
            _cell(cell.value, cell.data_type, merged=(line, column) in merged) for column, cell in enumerate(cells, 1)
        )
        blank = 0 if any(cell.text or cell.fault for cell in read) else blank + 1
        if blank > _BLANK_ROWS:
            return
        yield Row(line, read)


def _cell(value: object, data_type: str, *, merged: bool) -> Cell:
    text = "" if value is None else str(value)
    if merged:
        return Cell(text, "合并单元格，请取消合并 a merged cell")
    if data_type == "f":
        return Cell(text, "不接受公式 a formula is no text")
    if data_type == "e":
        return Cell(text, "错误值 an error value")
    if value is not None and not isinstance(value, str):
        # 18 digits kept as a number have lost the last three.
        return Cell(text, "应为文本格式，不是数字或日期 must be text, not a number or date")
    return Cell(text)


def write_xlsx(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table with a bold, frozen header. Text that would start a formula gets an apostrophe in front."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.freeze_panes = "A2"
    for index, title in enumerate(header, 1):
        width = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in title)
        sheet.column_dimensions[get_column_letter(index)].width = max(12, width + 4)
    titles = []
    for title in header:
        cell = WriteOnlyCell(sheet, str(_harmless(title)))
        cell.font = Font(bold=True)
        titles.append(cell)
    sheet.append(titles)
    for row in rows:
        sheet.append([_harmless(value) for value in row])
    temporary = path.with_name(f"{path.name}.tmp")
    book.save(temporary)
    temporary.replace(path)


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """The same as CSV, in UTF-8 with the mark by which Excel knows it."""
    temporary = path.with_name(f"{path.name}.tmp")
    with temporary.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([_harmless(title) for title in header])
        writer.writerows([[_harmless(value) for value in row] for row in rows])
    temporary.replace(path)


def _harmless(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")  # with its offset, which a cell cannot hold
    if isinstance(value, date):
        return value
    text = ILLEGAL_CHARACTERS_RE.sub("", str(value))
    # Full-width signs count: programs set to Chinese take ＝ for =.
    starts = text.startswith(_STARTS_FORMULA) or unicodedata.normalize("NFKC", text[:1]) in _STARTS_FORMULA
    return f"'{text}" if starts else text
