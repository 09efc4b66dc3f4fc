"""A Seeyon office that is not one: its REST interface over HTTP on loopback, as far as the adapter uses it, with the
failures that real ones have.

    with SeeyonOffice() as office:
        office.make_form("YD_FW", "formmain_0130", ["标题", "附件", "处理结果"])
        ... office.url

What it answers has the shapes seen in integrations; what nobody has seen is marked in docs/adapters/seeyon.md. Failures
are attributes: set one, and the next requests meet it. Not here: anything of the exchange.
"""

import itertools
import json
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import unquote, urlsplit

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


class _RefusedError(Exception):
    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text


class SeeyonOffice:
    """`rest_user` logs in with `password`. Failures:

    trusted      False: every question with a token is answered 401, whatever the token (三方互信)
    ip_bound     True: 500 that speaks of an IP
    cut_at       path of a question that is carried out next, and whose answer is cut off
    charset      of its answers
    """

    def __init__(self, password: str = "secret") -> None:  # noqa: S107  # of a server that is none
        self.password, self.rest_user = password, "rest"
        self.trusted, self.ip_bound, self.cut_at, self.charset = True, False, "", "utf-8"
        self.templates: dict[str, Form] = {}
        self.forms: dict[str, Form] = {}
        self.asked: list[str] = []
        self._numbers = itertools.count(1_000_000_000_000_001)
        self._tokens: set[str] = set()
        self._files: dict[str, tuple[str, bytes]] = {}
        self._lock = threading.RLock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

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
        with self._lock:
            row = Row(id=str(next(self._numbers)), fields=dict(fields), files=dict(files or {}))
            self.forms[code].rows.append(row)
            return row

    def expire_tokens(self) -> None:
        with self._lock:
            self._tokens.clear()

    # the interface

    def _answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> object:
        path = unquote(path).removeprefix("/seeyon/rest")
        self.asked.append(f"{method} {path}")
        if (method, path) == ("POST", "/token"):
            return self._log_in(json.loads(body))
        if self.ip_bound:
            raise _RefusedError(500, "当前IP不在REST账号绑定的IP范围内")
        if not self.trusted or headers.get("token") not in self._tokens:
            raise _RefusedError(401, "token无效" if self.trusted else "请先配置三方互信")
        if path.startswith("/attachment/file/"):
            return self._file(path.rpartition("/")[2])
        match path:
            case "/attachment":
                return self._upload(headers["content-type"], body)
            case "/bpm/process/start":
                return self._start(json.loads(body)["data"])
            case "/cap4/form/soap/export":
                return self._export(json.loads(body))
            case "/cap4/form/soap/batch-add" | "/cap4/form/soap/batch-update":
                return self._write(json.loads(body), adding=path.endswith("add"))
        raise _RefusedError(404, "Page Not Found")

    def _log_in(self, account: Mapping[str, str]) -> object:
        if (account["userName"], account["password"]) != (self.rest_user, self.password):
            return {"id": "-1"}
        token = f"token-{next(self._numbers)}"
        self._tokens.add(token)
        return {"id": token, "bindingUser": {"loginName": account.get("loginName")}}

    def _upload(self, content_type: str, body: bytes) -> object:
        boundary = b"\r\n--" + content_type.partition("boundary=")[2].encode()
        head, _, rest = body.partition(b"\r\n\r\n")
        named = re.search(rb'filename="([^"]*)"', head)
        assert named is not None
        file_url = str(next(self._numbers))
        self._files[file_url] = (named[1].decode(), rest.partition(boundary)[0])
        return {"atts": [{"id": str(next(self._numbers)), "fileUrl": file_url, "filename": self._files[file_url][0]}]}

    def _file(self, id_: str) -> bytes:
        if id_ not in self._files:
            raise _RefusedError(404, "文件不存在")
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

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        office = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._serve()

            def do_POST(self) -> None:
                self._serve()

            def _serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", "0")))
                headers = {name.lower(): value for name, value in self.headers.items()}
                with office._lock:  # its own
                    try:
                        found = office._answer(self.command, urlsplit(self.path).path, headers, body)
                        status, data = 200, found if isinstance(found, bytes) else office._text(found)
                    except _RefusedError as refusal:
                        status, data = refusal.status, refusal.text.encode(office.charset)
                    cut = bool(office.cut_at) and self.path.partition("?")[0].endswith(office.cut_at)
                    office.cut_at = "" if cut else office.cut_at
                if cut:
                    self.close_connection = True
                    return
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library names it
                pass

        return Handler

    def _text(self, found: object) -> bytes:
        return json.dumps(found, ensure_ascii=False).encode(self.charset)
