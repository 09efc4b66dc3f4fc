"""One JSON object that a person or a program wrote: its keys in English or Chinese, its values checked one by one.

Unknown keys are refused: a misspelt 抄送 would silently reach nobody. Faults are InputError in Chinese, and say where.
Not here: what the keys mean (`manifest`, `decision`).
"""

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Never, TypeVar

from exchange.errors import InputError

__all__ = ["Fields", "choice", "parse", "refuse"]

_Choice = TypeVar("_Choice", bound=StrEnum)


def refuse(message: str, code: str = "FORMAT") -> Never:
    """Raise the InputError."""
    raise InputError(message, code=code)


def parse(raw: bytes, name: str) -> object:
    """What the file `name` holds, in UTF-8 or GB18030. Raises InputError (INCOMPLETE: perhaps half-written; FORMAT)."""
    text = _decode(raw, name)

    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        if len(found) != len(pairs):
            refuse(f"{name} 中有重复的项")
        return found

    try:
        return json.loads(text, object_pairs_hook=once)
    except json.JSONDecodeError as error:
        refuse(f"{name} 第 {error.lineno} 行第 {error.colno} 列：不是正确的 JSON", "INCOMPLETE")
    except RecursionError:
        refuse(f"{name} 嵌套过深")


def _decode(raw: bytes, name: str) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    refuse(f"{name} 的编码无法识别，请存为 UTF-8", "INCOMPLETE")


class Fields:
    """One JSON object, its keys under their English names."""

    def __init__(self, raw: object, names: Mapping[str, str], where: str) -> None:
        if not isinstance(raw, dict):
            refuse(f"{where}: 应为 {{...}}")
        english = {chinese: name for name, chinese in names.items()} | {name: name for name in names}
        self._names, self._where = names, where
        self._values: dict[str, object] = {}
        for key, value in raw.items():
            if key not in english:
                refuse(f"{where}: 不认识的项 {key[:40]}")
            if english[key] in self._values:
                refuse(f"{where}: {key} 以中英文各写了一次")
            self._values[english[key]] = value

    def _label(self, name: str) -> str:
        return f"{self._where} {self._names[name]} {name}"

    def value(self, name: str) -> object:
        return self._values.get(name)

    def text(self, name: str) -> str | None:
        value = self.value(name)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            refuse(f"{self._label(name)}: 应为文字")
        return value

    def required(self, name: str) -> str:
        return self.text(name) or refuse(f"{self._label(name)}: 必须填写")

    def number(self, name: str) -> int | None:
        value = self.value(name)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**53:
            refuse(f"{self._label(name)}: 应为整数")
        return value

    def flag(self, name: str) -> bool:
        value = self.value(name)
        if value is None or isinstance(value, bool):
            return bool(value)
        refuse(f"{self._label(name)}: 应为 true 或 false")

    def items(self, name: str) -> list[object]:
        """A list; one value alone is a list of one."""
        value = self.value(name)
        if value is None:
            return []
        return value if isinstance(value, list) else [value]

    def texts(self, name: str) -> tuple[str, ...]:
        found = self.items(name)
        if not all(isinstance(item, str) for item in found):
            refuse(f"{self._label(name)}: 应为文字，或文字的列表")
        return tuple(str(item) for item in found if item)


def choice(label: str, text: str, choices: type[_Choice]) -> _Choice:
    """By value or Chinese name."""
    for choice in choices:
        if text in (choice.value, getattr(choice, "chinese", None)):
            return choice
    known = "、".join(getattr(choice, "chinese", choice.value) for choice in choices)
    refuse(f"{label}: {text[:40]} 不在可选范围内（{known}）")
