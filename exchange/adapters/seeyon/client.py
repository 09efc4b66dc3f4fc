"""Seeyon's REST interface, as far as it is used: a token that expires, attachments, processes, rows of forms.

    POST /seeyon/rest/token                          {"id": token}; renewed once when an answer is 401
    POST /seeyon/rest/attachment                     multipart; its fileUrl is the attachment's id, its id is not
    GET  /seeyon/rest/attachment/file/{id}
    POST /seeyon/rest/bpm/process/start
    POST /seeyon/rest/cap4/form/soap/export          rows between two days, and the form's fields
    POST /seeyon/rest/cap4/form/soap/batch-add, batch-update

Fields go by the names that people see; the ids behind them (field0001) come from the form's definition. Not here: which
forms (`settings`), what stands in them (`adapter`).

Limits: what answers look like beyond what is used here was not seen on a real one; docs/adapters/seeyon.md lists it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, BinaryIO, Final

from exchange.adapters.office_http import Answer, OfficeHttp
from exchange.errors import AdapterError

__all__ = ["FormRow", "SeeyonClient"]

_REST: Final = "/seeyon/rest"
_PAGE: Final = 200
_MOST_PAGES: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class FormRow:
    """One row of a form. `fields`: by the names that people see; `files`: (id, name) by field."""

    id: str
    fields: Mapping[str, str]
    files: Mapping[str, Sequence[tuple[str, str]]]


class SeeyonClient:
    """`user`, `password`: of the REST account; `login_name`: of the person in whose name it acts."""

    def __init__(self, http: OfficeHttp, user: str, password: str, login_name: str) -> None:
        self._http, self._login_name = http, login_name
        self._account = {"userName": user, "password": password, "loginName": login_name}
        self._token: str | None = None
        self._names: dict[str, dict[str, str]] = {}

    def log_in(self) -> str:
        """A new token. Raises AdapterError."""
        answer = self._http.ask("POST", f"{_REST}/token", json=self._account)
        if answer.status != 200:
            raise _refusal("token", answer)
        try:
            token = answer.json().get("id")
        except (AdapterError, AttributeError):
            token = answer.text.strip()  # an old one answers with the token alone
        if not token or token.startswith("-") or len(token) > 200:
            raise AdapterError("致远：REST 账号或密码不对，或没有绑定登录名 the office refuses the account")
        self._token = token
        return str(token)

    def upload(self, name: str, media_type: str, file: BinaryIO) -> str:
        """The id to name it by in a process."""
        params = {"applicationCategory": "0", "extensions": "", "firstSave": "true"}
        found = self._ask("POST", "/attachment", params=params, files={"file": (name, file, media_type)}).json()
        try:
            return str(found["atts"][0]["fileUrl"])
        except (KeyError, IndexError, TypeError) as error:
            raise AdapterError("致远：上传附件没有得到 fileUrl", detail=str(found)[:200]) from error

    def download(self, file_id: str, name: str) -> BinaryIO:
        path, params = f"{_REST}/attachment/file/{file_id}", {"fileName": name}
        status, file = self._http.fetch(path, params=params, headers=self._headers())
        if status == 401:
            file.close()
            self.log_in()
            status, file = self._http.fetch(path, params=params, headers=self._headers())
        if status != 200:
            file.close()
            raise AdapterError(f"致远：附件 {name} 不能下载 ({status})")
        return file

    def start(
        self, template: str, subject: str, attachments: Sequence[str], table: str, fields: Mapping[str, str]
    ) -> str:
        """Start a process; returns its id."""
        data = {
            "templateCode": template,
            "draft": "0",
            "subject": subject,
            "attachments": [int(one) if one.lstrip("-").isdecimal() else one for one in attachments],
            "relateDoc": "",
            "data": {table: dict(fields)},
        }
        body = {"appName": "collaboration", "data": data}
        found = self._done("start", self._ask("POST", "/bpm/process/start", json=body))
        id_ = next((found[key] for key in ("summaryId", "affairId", "processId") if found.get(key)), None)
        if id_ is None:
            raise AdapterError("致远：流程已发起但没有得到编号", detail=str(found)[:200])
        return str(id_)

    def rows(self, form: str, right_id: str, since: date, until: date) -> Iterator[FormRow]:
        """Rows of a form made between two days, both included."""
        for page in range(1, _MOST_PAGES):
            found = self._export(form, right_id, since, until, page)
            held = found.get("data") or []
            names = self.fields(form, right_id, found)
            for one in held:
                yield _row(one, names)
            if len(held) < _PAGE:
                return

    def fields(self, form: str, right_id: str, found: Mapping[str, Any] | None = None) -> dict[str, str]:
        """Field id -> the name that people see. `found`: an export that has been made."""
        if form not in self._names:
            today = datetime.now(UTC).date()
            definition = (found or self._export(form, right_id, today, today, 1)).get("definition")
            self._names[form] = dict(_definitions(definition))
        return self._names[form]

    def add(self, form: str, table: str, right_id: str, fields: Mapping[str, str]) -> None:
        self._write("add", form, table, right_id, "1", fields)

    def change(self, form: str, table: str, right_id: str, row: str, fields: Mapping[str, str]) -> None:
        self._write("update", form, table, right_id, row, fields)

    def close(self) -> None:
        self._http.close()

    def _write(self, how: str, form: str, table: str, right_id: str, row: str, fields: Mapping[str, str]) -> None:
        ids = {name: id_ for id_, name in self.fields(form, right_id).items()}
        if missing := [name for name in fields if name not in ids]:
            raise AdapterError(f"致远：表单 {form} 没有字段“{missing[0]}”，用 yidi node adapters check 核对")
        values = [{"name": ids[name], "value": text, "showValue": text} for name, text in fields.items()]
        record = {"id": int(row) if row.lstrip("-").isdecimal() else row, "fields": values}
        body = {
            "formCode": form,
            "loginName": self._login_name,
            "rightId": right_id,
            "doTrigger": "true",
            "dataList": [{"masterTable": {"name": table, "record": record, "changedFields": []}, "subTables": []}],
        }
        found = self._done(form, self._ask("POST", f"/cap4/form/soap/batch-{how}", json=body))
        if found.get("failedData") or not found.get("successIdList", [True]):
            raise AdapterError(f"致远：表单 {form} 没有写入", detail=str(found)[:300])

    def _export(self, form: str, right_id: str, since: date, until: date, page: int) -> dict[str, Any]:
        body = {
            "templateCode": form,
            "rightId": right_id,
            "beginDateTime": since.isoformat(),
            "endDateTime": until.isoformat(),
            "page": page,
            "pageSize": _PAGE,
        }
        found = self._done(form, self._ask("POST", "/cap4/form/soap/export", json=body)).get("data")
        if not isinstance(found, dict):
            raise AdapterError(f"致远：表单 {form} 的导出没有数据")
        return found

    def _ask(self, method: str, path: str, **parts: Any) -> Answer:
        """With a token; a second 401 is no matter of time, and asking on would lock the account."""
        answer = self._http.ask(method, _REST + path, headers=self._headers(), **parts)
        if answer.status == 401:
            self.log_in()
            if "files" in parts:
                parts["files"]["file"][1].seek(0)
            answer = self._http.ask(method, _REST + path, headers=self._headers(), **parts)
        if answer.status // 100 != 2:
            raise _refusal(path, answer)
        return answer

    def _headers(self) -> dict[str, str]:
        return {"token": self._token or self.log_in(), "Accept": "application/json"}

    @staticmethod
    def _done(what: str, answer: Answer) -> dict[str, Any]:
        """The data of an answer that says it worked; others say so within a 200."""
        found = answer.json()
        if not isinstance(found, dict) or str(found.get("code")) != "0":
            said = str(found.get("message") if isinstance(found, dict) else found)[:200]
            raise AdapterError(f"致远：{what} 未成功", detail=said)
        data = found.get("data")
        return data if isinstance(data, dict) else {}


def _row(found: Mapping[str, Any], names: Mapping[str, str]) -> FormRow:
    master = found.get("masterData") or {}
    fields: dict[str, str] = {}
    files: dict[str, list[tuple[str, str]]] = {}
    for id_, held in master.items():
        if isinstance(held, dict) and id_ in names:
            shown = held.get("showValue")
            fields[names[id_]] = str(held.get("value") or "" if shown is None else shown)
            listed = held.get("attachments") or []
            files[names[id_]] = [(str(one["fileUrl"]), str(one["fileName"])) for one in listed]
    id_ = master.get("id")
    return FormRow(id=str(id_.get("value") if isinstance(id_, dict) else id_), fields=fields, files=files)


def _definitions(found: Any) -> Iterator[tuple[str, str]]:
    """Every field that a definition has, wherever in it: {"name": "field0001", "display": "标题"}."""
    if isinstance(found, dict):
        if isinstance(found.get("name"), str) and isinstance(found.get("display"), str):
            yield found["name"], found["display"]
        for value in found.values():
            yield from _definitions(value)
    elif isinstance(found, list):
        for value in found:
            yield from _definitions(value)


def _refusal(what: str, answer: Answer) -> AdapterError:
    detail = f"{answer.status} {answer.text[:200]}"
    if answer.status == 401:
        return AdapterError("致远：新的令牌也被拒绝。请对方管理员开启“三方互信”或给 REST 账号授权", detail=detail)
    if answer.status == 500 and "IP" in answer.text:
        return AdapterError("致远：REST 账号绑定了 IP。请对方管理员把本节点的 IP 加入白名单", detail=detail)
    return AdapterError(f"致远：{what} {answer.status}", detail=detail)
