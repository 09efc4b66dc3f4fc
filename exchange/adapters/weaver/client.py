"""Weaver's processes by its REST interface.

    POST /api/workflow/paService/doCreateRequest              starts one
    POST /api/workflow/paService/getMyWorkflowRequestList     ours, by title and day
    POST /api/workflow/paService/getToDoWorkflowRequestList   to-dos
    GET  /api/workflow/paService/getWorkflowRequest           its fields
    GET  /api/workflow/paService/getCreateWorkflowRequestInfo those of a workflow
    GET  /api/workflow/paService/getRequestResources          its attachments
    POST /api/workflow/paService/submitRequest, rejectRequest

Answers are 200 whatever happened, and say SUCCESS or another word within. A token that has expired is renewed once.
Not here: which workflows (`settings`), tokens (`tokens`).
"""

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any, BinaryIO, Final
from urllib.parse import parse_qsl, urlsplit

from exchange.adapters.forms.desk import OfficeFile, Paper, Row
from exchange.adapters.forms.processes import Processes
from exchange.adapters.office_http import Answer, OfficeHttp
from exchange.adapters.weaver.files import Handing
from exchange.adapters.weaver.tokens import WeaverTokens
from exchange.errors import AdapterError

__all__ = ["WeaverClient"]

_SERVICE: Final = "/api/workflow/paService"
_PAGE: Final = 100
_MOST_PAGES: Final = 200
_ATTACHMENT: Final = "3"
_PARAM: Final = "error_param_"
_NAME: Final = re.compile(r"\w{1,60}")
_EXPIRED: Final = ("token", "认证", "登录")


class WeaverClient(Processes):
    """`handing`: how files go there."""

    def __init__(self, http: OfficeHttp, tokens: WeaverTokens, handing: Handing) -> None:
        self._http, self._tokens, self._handing = http, tokens, handing

    def log_in(self) -> None:
        self._tokens.renew()

    def fields(self, process: str) -> Collection[str]:
        found = self._done("getCreateWorkflowRequestInfo", "GET", params={"workflowId": process})
        return _fields(found).keys()

    def start(self, process: str, title: str, fields: Mapping[str, str], papers: Sequence[Paper]) -> str:
        values: list[dict[str, Any]] = [{"fieldName": name, "fieldValue": text} for name, text in fields.items()]
        values += [{"fieldName": name, "fieldValue": files} for name, files in self._handing.fields(papers).items()]
        data = {
            "workflowId": process,
            "requestName": title,
            "mainData": json.dumps(values, ensure_ascii=False),
            "otherParams": json.dumps({"isnextflow": "1", "delReqFlowFaild": "1"}),
        }
        found = self._done("doCreateRequest", "POST", data=data)
        id_ = found.get("requestid")
        if not id_ or str(id_).startswith("-"):
            raise AdapterError("泛微：流程已创建但没有得到 requestid", detail=str(found)[:200])
        return str(id_)

    def mine(self, process: str, title: str, since: date) -> Iterator[tuple[str, Mapping[str, str]]]:
        conditions = {
            "requestname": title,
            "createdateselect": "6",
            "createdatefrom": since.isoformat(),
            "createdateto": "2999-12-31",
        }
        for one in self._listed("getMyWorkflowRequestList", process, conditions):
            yield str(one["requestId"]), self._read(str(one["requestId"]))

    def waiting(self, process: str) -> Iterator[Row]:
        for one in self._listed("getToDoWorkflowRequestList", process, {}):
            id_ = str(one["requestId"])
            read, files = partial(self._read, id_), partial(self._files, id_)
            yield Row(id=f"{id_}@{one.get('receiveTime', '')}", fields=read, files=files)

    def pass_on(self, to_do: str, fields: Mapping[str, str], said: str) -> None:
        data = {"requestId": to_do.partition("@")[0], "remark": said, "otherParams": json.dumps({"src": "submit"})}
        if fields:
            values = [{"fieldName": name, "fieldValue": text} for name, text in fields.items()]
            data["mainData"] = json.dumps(values, ensure_ascii=False)
        self._done("submitRequest", "POST", data=data)

    def give_back(self, to_do: str, said: str) -> None:
        self._done("rejectRequest", "POST", data={"requestId": to_do.partition("@")[0], "remark": said})

    def download(self, file: OfficeFile) -> BinaryIO:
        where = urlsplit(file.id)
        params = dict(parse_qsl(where.query))
        status, found = self._http.fetch(where.path, params=params, headers=self._tokens.headers())
        if status != 200:
            found.close()
            raise AdapterError(f"泛微：附件 {file.name} 不能下载 ({status})")
        return found

    def close(self) -> None:
        self._http.close()

    def _read(self, request: str) -> dict[str, str]:
        return _fields(self._done("getWorkflowRequest", "GET", params={"requestId": request}))

    def _files(self, request: str) -> list[OfficeFile]:
        found = self._done("getRequestResources", "GET", params={"requestid": request})
        files = [one for one in found.get("list", ()) if str(one.get("type")) == _ATTACHMENT]
        for one in files:
            if not str(one.get("downloadUrl", "")).startswith("/"):  # never to another host
                raise AdapterError("泛微：附件没有本系统的下载地址", detail=str(one)[:200])
        return [OfficeFile(id=str(one["downloadUrl"]), name=str(one["name"])) for one in files]

    def _listed(self, what: str, process: str, conditions: Mapping[str, str]) -> Iterable[dict[str, Any]]:
        """Requests of one workflow, collected before any of them moves on to another page."""
        held: list[dict[str, Any]] = []
        for page in range(1, _MOST_PAGES):
            data = {"pageNo": str(page), "pageSize": str(_PAGE), "conditions": json.dumps(conditions)}
            found = self._done(what, "POST", data=data)["list"]
            held += [one for one in found if str((one.get("workflowBaseInfo") or {}).get("workflowId")) == process]
            if len(found) < _PAGE:
                break
        return held

    def _done(self, what: str, method: str, **parts: Any) -> dict[str, Any]:
        """The data of an answer that says it worked, a list as {"list": ...}."""
        answer = self._ask(what, method, **parts)
        if _is_expired(answer):
            self._tokens.renew()
            answer = self._ask(what, method, **parts)
        if answer.status != 200:
            raise AdapterError(f"泛微：{what} {answer.status}", detail=answer.text[:200])
        found = answer.json()
        if isinstance(found, list):
            return {"list": found}
        if not isinstance(found, dict) or _word(found) != "SUCCESS":
            raise AdapterError(f"泛微：{what} 未成功{_at_fault(found)}", detail=str(found)[:300])
        data = found.get("data")
        return data if isinstance(data, dict) else {"list": data if isinstance(data, list) else []}

    def _ask(self, what: str, method: str, **parts: Any) -> Answer:
        return self._http.ask(method, f"{_SERVICE}/{what}", headers=self._tokens.headers(), **parts)


def _word(found: Mapping[str, Any]) -> str:
    """SUCCESS, PARAM_ERROR ...; newer builds wrap it."""
    code = found.get("code")
    return str(code.get("name") if isinstance(code, dict) else code)


def _at_fault(found: object) -> str:
    """The word of the answer, and the fields that it names: what whoever mends the settings looks for."""
    if not isinstance(found, dict):
        return ""
    said = found.get("errMsg")
    names = {str(name).removeprefix(_PARAM) for name in said} if isinstance(said, dict) else set()
    fields = sorted(name for name in names if _NAME.fullmatch(name))
    return f"（{_word(found)[:40]}{'：' + '、'.join(fields[:10]) if fields else ''}）"


def _is_expired(answer: Answer) -> bool:
    """Another answer to a question that came with a token no longer good: 401, or a 200 that speaks of it."""
    if answer.status == 401:
        return True
    if answer.status != 200 or len(answer.body) > 2000:
        return False
    try:
        found = answer.json()
    except AdapterError:
        return False
    if not isinstance(found, dict) or _word(found) == "SUCCESS" or found.get("status") is True:
        return False
    said = str(found.get("msg") or found.get("message") or "")
    return any(word in said for word in _EXPIRED)


def _fields(found: Mapping[str, Any]) -> dict[str, str]:
    """The main table's, by the names of the database. Of a choice, what people see."""
    records = (found.get("workflowMainTableInfo") or {}).get("requestRecords") or [{}]
    fields = {}
    for one in records[0].get("workflowRequestTableFields") or ():
        shown = one.get("fieldShowValue")
        fields[str(one["fieldName"])] = str(shown or one.get("fieldValue") or "")
    return fields
