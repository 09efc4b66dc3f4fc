"""A Seeyon office that is not one: its REST interface over HTTP on loopback, as far as the adapter uses it, with the
failures that real ones have.

    with SeeyonOffice() as office:
        office.make_form("YD_FW", "formmain_0130", ["标题", "附件", "处理结果"])
        ... office.url

What it answers has the shapes seen in integrations; what nobody has seen is marked in docs/adapters/seeyon.md. Not
here: anything of the exchange, failures of any office (`office_server`).
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from exchange.testing.office_server import Asked, OfficeServer, RefusedError

__all__ = ["Form", "Row", "SeeyonOffice"]


@dataclass
class Row:
    """`files`: by name, of the field that holds attachments."""

    id: str
    fields: dict[str, str]
    files: dict[str, bytes] = field(default_factory=dict)


@dataclass
class Form:
    """`unique`: field whose value no two rows share; `files`: field that holds attachments."""

    code: str
    table: str
    names: dict[str, str]
    unique: str | None = None
    files: str | None = None
    rows: list[Row] = field(default_factory=list)


class SeeyonOffice(OfficeServer):
    """`rest_user` logs in with `password`. Failures, besides those of `OfficeServer`:

    trusted      False: every question with a token is answered 401, whatever the token (三方互信)
    ip_bound     True: 500 that speaks of an IP
    """

    root = "/seeyon/rest"

    def __init__(self, password: str = "secret") -> None:  # noqa: S107  # of a server that is none
        super().__init__()
        self.password, self.rest_user = password, "rest"
        self.trusted, self.ip_bound = True, False
        self.templates: dict[str, Form] = {}
        self.forms: dict[str, Form] = {}
        self._numbers = itertools.count(1_000_000_000_000_001)
        self._tokens: set[str] = set()
        self._files: dict[str, tuple[str, bytes]] = {}

    # what the site's administrator and people do

    def make_template(self, code: str, table: str, names: Sequence[str], *, unique: str | None = None) -> Form:
        made = self.templates[code] = self.make_form(code, table, names, unique=unique, files="附件")
        return made

    def make_form(
        self, code: str, table: str, names: Sequence[str], *, unique: str | None = None, files: str | None = None
    ) -> Form:
        ids = {f"field{number:04}": name for number, name in enumerate(names, 1)}
        made = self.forms[code] = Form(code=code, table=table, names=ids, unique=unique, files=files)
        return made

    def write(self, code: str, fields: Mapping[str, str], files: Mapping[str, bytes] | None = None) -> Row:
        """A row, as a process of the site's would write it."""
        with self.lock:
            row = Row(id=str(next(self._numbers)), fields=dict(fields), files=dict(files or {}))
            self.forms[code].rows.append(row)
            return row

    def expire_tokens(self) -> None:
        with self.lock:
            self._tokens.clear()

    # the interface

    def answer(self, asked: Asked) -> object:
        path = asked.path
        if (asked.method, path) == ("POST", "/token"):
            return self._log_in(asked.json())
        if self.ip_bound:
            raise RefusedError(500, "当前IP不在REST账号绑定的IP范围内")
        if not self.trusted or asked.headers.get("token") not in self._tokens:
            raise RefusedError(401, "token无效" if self.trusted else "请先配置三方互信")
        if path.startswith("/attachment/file/"):
            return self._file(path.rpartition("/")[2])
        match path:
            case "/attachment":
                return self._upload(asked)
            case "/bpm/process/start":
                return self._start(asked.json()["data"])
            case "/cap4/form/soap/export":
                return self._export(asked.json())
            case "/cap4/form/soap/batch-add" | "/cap4/form/soap/batch-update":
                return self._write(asked.json(), adding=path.endswith("add"))
        raise RefusedError(404, "Page Not Found")

    def _log_in(self, account: Mapping[str, str]) -> object:
        if (account["userName"], account["password"]) != (self.rest_user, self.password):
            return {"id": "-1"}
        token = f"token-{next(self._numbers)}"
        self._tokens.add(token)
        return {"id": token, "bindingUser": {"loginName": account.get("loginName")}}

    def _upload(self, asked: Asked) -> object:
        file = asked.parts()["file"]
        file_url = str(next(self._numbers))
        self._files[file_url] = (file.file or "", file.data)
        return {"atts": [{"id": str(next(self._numbers)), "fileUrl": file_url, "filename": file.file}]}

    def _file(self, id_: str) -> bytes:
        if id_ not in self._files:
            raise RefusedError(404, "文件不存在")
        return self._files[id_][1]

    def _start(self, data: Mapping[str, Any]) -> object:
        form = self.templates.get(data["templateCode"])
        if form is None:
            return {"code": 1, "message": "模板编号不存在", "data": None}
        fields = data["data"][form.table]
        if unknown := set(fields) - set(form.names.values()):
            return {"code": 1, "message": f"表单中没有字段 {min(unknown)}", "data": None}
        if missing := [one for one in data["attachments"] if str(one) not in self._files]:
            return {"code": 1, "message": f"附件 {missing[0]} 不存在", "data": None}
        if self._is_double(form, fields):
            return {"code": 1, "message": "数据唯一校验未通过", "data": None}
        row = self.write(form.code, fields, dict(self._files[str(one)] for one in data["attachments"]))
        return {"code": 0, "message": "", "data": {"summaryId": row.id, "affairId": str(next(self._numbers))}}

    def _export(self, asked: Mapping[str, Any]) -> object:
        form = self.forms.get(asked["templateCode"])
        if form is None:
            return {"code": 1, "message": "表单不存在", "data": None}
        first = (asked["page"] - 1) * asked["pageSize"]
        fields = [{"name": id_, "display": name} for id_, name in form.names.items()]
        rows = [self._exported(form, row) for row in form.rows[first : first + asked["pageSize"]]]
        held = {"definition": {"masterTable": {"name": form.table, "fields": fields}}, "data": rows}
        return {"code": 0, "message": "", "data": {"data": held}}

    def _exported(self, form: Form, row: Row) -> object:
        master: dict[str, Any] = {"id": {"value": row.id}}
        for id_, name in form.names.items():
            text = row.fields.get(name, "")
            master[id_] = {"value": text, "showValue": text}
            if name == form.files:
                master[id_]["attachments"] = [
                    {"fileUrl": self._keep(file, data), "fileName": file} for file, data in row.files.items()
                ]
        return {"masterData": master, "subDatas": []}

    def _keep(self, name: str, data: bytes) -> str:
        known = next((id_ for id_, held in self._files.items() if held == (name, data)), None)
        if known is None:
            known = str(next(self._numbers))
            self._files[known] = (name, data)
        return known

    def _write(self, asked: Mapping[str, Any], *, adding: bool) -> object:
        form = self.forms.get(asked["formCode"])
        if form is None:
            return {"code": 1, "message": "表单不存在", "data": None}
        done = []
        for one in asked["dataList"]:
            record = one["masterTable"]["record"]
            fields = {form.names[item["name"]]: item["value"] for item in record["fields"]}
            if adding:
                if self._is_double(form, fields):
                    return {"code": 0, "data": {"successIdList": [], "failedData": {"1": "数据唯一校验未通过"}}}
                done.append(self.write(form.code, fields).id)
            else:
                row = next(row for row in form.rows if row.id == str(record["id"]))
                row.fields.update(fields)
                done.append(row.id)
        return {"code": 0, "message": "", "data": {"successIdList": done, "failedData": {}}}

    @staticmethod
    def _is_double(form: Form, fields: Mapping[str, str]) -> bool:
        return form.unique is not None and any(row.fields.get(form.unique) == fields[form.unique] for row in form.rows)
