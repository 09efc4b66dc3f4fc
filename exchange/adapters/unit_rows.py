"""Rows of a spreadsheet -> units, as 单位人员信息采集表 lists them: all of them, or every fault and none.

Headers are Chinese or English; title rows above them are passed over and unknown columns ignored. Codes are matched
before any normalisation. Not here: files (`exchange.adapters.sheet`).
"""

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from exchange.errors import InputError, InvalidValueError
from exchange.model.numbers import check_credit_code
from exchange.model.unit import Level, Unit, UnitCode, UnitKind, parse_unit_code

__all__ = ["MAX_ROWS", "Cell", "Row", "RowFault", "SheetError", "units_from"]

MAX_ROWS = 5000
HEADER_WITHIN = 20
_SHOWN = 100
_T = TypeVar("_T")

_HEADERS = {
    "code": ("code", "单位代码", "单位编码", "机构代码"),
    "name": ("name", "单位名称", "单位全称", "机构名称"),
    "category": ("category", "类别代码"),
    "category_name": ("categoryname", "类别", "单位类别", "类别名称"),
    "level": ("level", "层级", "单位层级", "级别"),
    "credit_code": ("creditcode", "统一社会信用代码", "社会信用代码"),
    "parent": ("parent", "上级单位代码", "上级代码"),
}
_CHINESE = {
    "code": "单位代码",
    "name": "单位名称",
    "category": "类别",
    "category_name": "类别",
    "level": "层级",
    "credit_code": "统一社会信用代码",
    "parent": "上级单位代码",
}
_KINDS = {kind.value: kind for kind in UnitKind} | {kind.chinese: kind for kind in UnitKind}
_LEVELS = (
    {level.value: level for level in Level}
    | {level.chinese: level for level in Level}
    | {"省级": Level.PROVINCE, "市级": Level.CITY, "县级": Level.COUNTY, "区": Level.COUNTY, "区级": Level.COUNTY}
    | {"县（区）": Level.COUNTY, "镇乡": Level.TOWNSHIP, "乡镇级": Level.TOWNSHIP, "街道": Level.TOWNSHIP}
    | {"村级": Level.VILLAGE, "社区": Level.VILLAGE}
)


@dataclass(frozen=True, slots=True)
class Cell:
    """`fault`: why the cell holds no text of its own (a formula, a number, merged with others)."""

    text: str = ""
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """`line`: as a spreadsheet program counts, from 1."""

    line: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFault:
    line: int
    column: str
    value: str
    rule: str

    def __str__(self) -> str:
        value = f" {self.value[:40]!r}" if self.value else ""
        return f"第{self.line}行 {self.column}{value}：{self.rule}"


class SheetError(InputError):
    """`faults` holds every fault, the message the first hundred. Nothing was imported."""

    code = "SHEET"

    def __init__(self, message: str, faults: Iterable[RowFault] = ()) -> None:
        self.faults = tuple(faults)
        shown = [message, *(f"  {fault}" for fault in self.faults[:_SHOWN])]
        if len(self.faults) > _SHOWN:
            shown.append(f"  …… 另有 {len(self.faults) - _SHOWN} 处 and more")
        super().__init__("\n".join(shown))


def units_from(rows: Iterable[Row]) -> list[Unit]:
    """Raises SheetError: no header, too many rows, or the faults of all rows."""
    filled = (row for row in rows if any(cell.text or cell.fault for cell in row.cells))
    columns = _find_header(filled)
    reader = _Reader(columns)
    for number, row in enumerate(filled):
        if number == MAX_ROWS:
            raise SheetError(f"超过 {MAX_ROWS} 行 too many rows: at most {MAX_ROWS} units")
        reader.read(row)
    if reader.faults:
        raise SheetError(
            f"{len(reader.faults)} 处有误，未导入任何单位 faults; nothing was imported:",
            sorted(reader.faults, key=lambda fault: fault.line),
        )
    if not reader.units:
        raise SheetError("表头之下没有单位 no unit below the header")
    return reader.units


def _find_header(rows: Iterator[Row]) -> dict[str, int]:
    """Consume rows up to the header; field -> column. Required: code, name, level and a category."""
    for row in rows:
        if row.line > HEADER_WITHIN:
            break
        columns: dict[str, int] = {}
        for index, cell in enumerate(row.cells):
            field = _field(cell.text)
            if field in columns:
                raise SheetError(f"第{row.line}行表头有两列“{_CHINESE[field]}” the header names {field} twice")
            if field is not None:
                columns[field] = index
        if {"code", "name"} <= columns.keys():
            missing = [field for field in ("level", "category_name") if field not in columns]
            if "category" in columns and "category_name" in missing:
                missing.remove("category_name")
            if missing:
                names = "、".join(_CHINESE[field] for field in missing)
                raise SheetError(f"第{row.line}行表头缺少：{names} the header lacks {', '.join(missing)}")
            return columns
    raise SheetError(
        f"前 {HEADER_WITHIN} 行中没有表头：需要 单位代码、单位名称、类别、层级 "
        "no header: it needs code, name, category or category_name, level"
    )


def _field(header: str) -> str | None:
    text = "".join(unicodedata.normalize("NFKC", header).split()).casefold().replace("_", "")
    text = text.replace("(必填)", "").replace("(选填)", "").strip("*")
    return next((field for field, names in _HEADERS.items() if text in names), None)


class _Reader:
    """Reads rows one by one and remembers units, faults, and what was taken where."""

    def __init__(self, columns: Mapping[str, int]) -> None:
        self._columns = columns
        self._taken: dict[tuple[str, str], int] = {}
        self.units: list[Unit] = []
        self.faults: list[RowFault] = []

    def read(self, row: Row) -> None:
        before = len(self.faults)
        values = {field: self._text(row, field) for field in self._columns}
        self._check_code(row, "code", values["code"])
        for field in ("code", "name"):
            self._check_unique(row, field, values[field])
        if values.get("parent"):
            self._check_code(row, "parent", values["parent"])
        if values.get("credit_code"):
            self._check(row, "credit_code", values["credit_code"], check_credit_code)
        kind = self._kind(row, values)
        level = self._choice(row, "level", values["level"], _LEVELS)
        if len(self.faults) > before or kind is None or level is None:
            return
        try:
            unit = Unit(
                code=UnitCode(values["code"]),
                name=values["name"],
                kind=kind,
                level=level,
                credit_code=values.get("credit_code") or None,
                parent=UnitCode(values["parent"]) if values.get("parent") else None,
            )
        except InvalidValueError as error:
            self._fault(row, "name", values["name"], error.message)
            return
        self.units.append(unit)

    def _text(self, row: Row, field: str) -> str:
        """The cell's text without outer ASCII spaces; a faulty or missing cell is told once and read as empty."""
        index = self._columns[field]
        cell = row.cells[index] if index < len(row.cells) else Cell()
        text = cell.text.strip(" \t\r\n")
        required = field not in ("credit_code", "parent")
        if cell.fault is not None:
            self._fault(row, field, text, cell.fault)
        elif text.startswith(("=", "@")):
            self._fault(row, field, text, "不接受公式 a formula is no text")
        elif text or not required:
            return text
        else:
            self._fault(row, field, "", "必须填写 must be filled in")
        return ""

    def _check_code(self, row: Row, field: str, text: str) -> None:
        if not text:
            return
        folded = unicodedata.normalize("NFKC", text)
        if not text.isascii() and folded.isascii():
            self._fault(row, field, text, f"含全角字符，应为 {folded} full-width characters")
        elif not text.isascii():
            odd = next(c for c in text if not c.isascii())
            self._fault(row, field, text, f"含形近字符 U+{ord(odd):04X} look-alike character")
        else:
            self._check(row, field, text, parse_unit_code)

    def _check(self, row: Row, field: str, text: str, check: Callable[[str], object]) -> None:
        try:
            check(text)
        except InvalidValueError as error:
            self._fault(row, field, text, error.message)

    def _check_unique(self, row: Row, field: str, text: str) -> None:
        if not text:
            return
        first = self._taken.setdefault((field, unicodedata.normalize("NFKC", text)), row.line)
        if first != row.line:
            self._fault(row, field, text, f"与第{first}行重复 the same as in row {first}")

    def _kind(self, row: Row, values: Mapping[str, str]) -> UnitKind | None:
        found = [
            (field, self._choice(row, field, values[field], _KINDS))
            for field in ("category", "category_name")
            if field in values
        ]
        kinds = {kind for _, kind in found if kind is not None}
        if len(kinds) > 1:
            self._fault(row, "category_name", values["category_name"], "与类别代码不符 contradicts category")
        return next(iter(kinds)) if len(kinds) == 1 else None

    def _choice(self, row: Row, field: str, text: str, choices: Mapping[str, _T]) -> _T | None:
        if not text or text in choices:
            return choices.get(text)
        self._fault(
            row, field, text, f"应为其中之一 one of: {'、'.join(list(choices)[: len(set(choices.values())) * 2])}"
        )
        return None

    def _fault(self, row: Row, field: str, value: str, rule: str) -> None:
        self.faults.append(RowFault(line=row.line, column=f"{_CHINESE[field]} {field}", value=value, rule=rule))
