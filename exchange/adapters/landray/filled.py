"""A form as a process of the office's sends it: a JSON object, in UTF-8 or GBK.

    {"fdId": "...", "fdTemplateId": "...", "docSubject": "关于……的通知", "docCreator": "wangfang",
     "formValues": {"fd_bt": "关于……的通知", ...}, "files": [{"fdId": "...", "fdFileName": "通知.pdf"}]}

`formValues` and `files` may be texts that hold JSON, as robots write them. Controls may stand beside `fdId` as well.
Not here: who may send it (`exchange.adapters.calls`), what its controls mean (the settings).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from exchange.adapters.calls import Letterbox
from exchange.adapters.forms.desk import OfficeFile
from exchange.adapters.json_fields import parse, refuse
from exchange.adapters.landray.client import Process

__all__ = ["Filled", "FilledForms", "Kept", "read_filled"]

_OWN: Final = frozenset({"fdId", "fdTemplateId", "docSubject", "docCreator", "formValues", "files"})
_ID: Final = re.compile(r"[0-9a-f]{32,36}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """`process.creator` is empty when it was not sent."""

    process: Process
    fields: Mapping[str, str]
    files: tuple[OfficeFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """`letters`: that brought this form, or ones before it; `came`: the last of them."""

    form: Filled
    letters: tuple[str, ...]
    came: datetime


class FilledForms:
    """Those in a letterbox, each process's last."""

    def __init__(self, box: Letterbox) -> None:
        self._box = box

    def put(self, body: bytes) -> None:
        """Keep it, if it is one, in the place of one before. Raises InputError, AdapterError, StorageError,
        LimitError."""
        form = read_filled(body)
        before = self.by_process().get(form.process.id)
        if before is not None and before.form != form:
            self.drop(before)  # so that the same bytes again are the last again
        self._box.put(body)

    def by_process(self) -> dict[str, Kept]:
        found: dict[str, Kept] = {}
        for letter in self._box.letters():
            form = read_filled(letter.body)
            before = found[form.process.id].letters if form.process.id in found else ()
            found[form.process.id] = Kept(form=form, letters=(*before, letter.id), came=letter.came)
        return found

    def drop(self, kept: Kept) -> None:
        for letter in kept.letters:
            self._box.drop(letter)


def read_filled(body: bytes) -> Filled:
    """Raises InputError."""
    raw = _object(parse(body, "表单"), "表单")
    ids = {name: str(raw.get(name) or "") for name in ("fdId", "fdTemplateId")}
    for name, value in ids.items():
        if not _ID.fullmatch(value):
            refuse(f"{name}: 应为对方的主键（32 位十六进制）")
    beside = {name: value for name, value in raw.items() if name not in _OWN}
    values = beside | _object(_unpacked(raw.get("formValues")) or {}, "formValues")
    return Filled(
        process=Process(
            id=ids["fdId"],
            template=ids["fdTemplateId"],
            title=str(raw.get("docSubject") or ""),
            creator=str(raw.get("docCreator") or ""),
        ),
        fields={name: _text(value) for name, value in values.items()},
        files=tuple(_file(one) for one in _list(_unpacked(raw.get("files")) or [])),
    )


def _unpacked(value: object) -> object:
    """A text of JSON is what it holds."""
    try:
        return json.loads(value) if isinstance(value, str) and value.strip() else value
    except ValueError:
        refuse(f"不是正确的 JSON：{str(value)[:60]}")


def _object(value: object, where: str) -> dict[str, object]:
    return value if isinstance(value, dict) else refuse(f"{where}: 应为 {{...}}")


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else refuse("files: 应为 [...]")


def _file(raw: object) -> OfficeFile:
    one = _object(raw, "files")
    id_, name = str(one.get("fdId") or ""), str(one.get("fdFileName") or "")
    if not _ID.fullmatch(id_) or not name:
        refuse("files: 每个附件应有 fdId 与 fdFileName")
    return OfficeFile(id=id_, name=name)


def _text(value: object) -> str:
    """Of people and departments, what people see of them."""
    if isinstance(value, dict):
        return _text(value.get("name"))
    if isinstance(value, list):
        return "；".join(map(_text, value))
    return "" if value is None else str(value)
