"""Weaver's processes by its services (SOAP), for sites before its REST interface.

    /services/WorkflowService     doCreateWorkflowRequest, submitWorkflowRequest
                                  getToDoWorkflowRequestList, getMyWorkflowRequestList
                                  getWorkflowRequest, getCreateWorkflowRequestInfo
    /services/DocService          login, getDoc: the files of what the office sends

Answers are 200 whatever happened, with a number below zero or a word where something went wrong. WorkflowService knows
who asks by the address; DocService by a session, which is renewed once when it has ended. Not here: REST (`client`),
which workflows (`settings`).

Limits: a file comes as text within one answer, so at most about 7 MB.
"""

import base64
import binascii
import io
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cache, partial
from typing import BinaryIO, Final

from exchange.adapters.forms.desk import OfficeFile, Paper, Row
from exchange.adapters.forms.processes import Processes
from exchange.adapters.office_http import OfficeHttp
from exchange.adapters.weaver.files import Handing
from exchange.adapters.weaver.settings import WeaverSettings
from exchange.codec.soap_question import Argument, Said, read_reply, write_question
from exchange.errors import AdapterError, LimitError, XmlError

__all__ = ["WeaverServices"]

_NAMESPACE: Final = "webservices.services.weaver.com.cn"
_OBJECTS: Final = "http://webservices.workflow.weaver"
_DOCUMENTS: Final = "http://localhost/services/DocService"
_PAGE: Final = 100
_MOST_PAGES: Final = 200
_ATTACHMENT: Final = "6"
_MEANING: Final = {
    "-1": "创建流程失败",
    "-2": "用户没有创建权限",
    "-3": "创建流程基本信息失败",
    "-4": "保存主表失败，请核对字段：yidi node adapters check",
    "-5": "更新紧急程度失败",
    "-6": "流程操作者失败，请核对下一节点的操作者",
    "-7": "流转至下一节点失败",
    "-8": "节点附加操作失败",
}


class WeaverServices(Processes):
    """`password`: of the user whose login name the settings have. `handing`: how files go there."""

    def __init__(self, http: OfficeHttp, settings: WeaverSettings, password: str, handing: Handing) -> None:
        self._http, self._settings, self._password, self._handing = http, settings, password, handing
        self._session = ""

    def log_in(self) -> None:
        self._asked("getToDoWorkflowRequestCount", self._settings.user_id, "")
        if self._settings.login_name:
            self._renew()

    def fields(self, process: str) -> Collection[str]:
        return _fields(_rows(self._asked("getCreateWorkflowRequestInfo", process, self._settings.user_id))).keys()

    def start(self, process: str, title: str, fields: Mapping[str, str], papers: Sequence[Paper]) -> str:
        files = [_field(name, value, kind) for name, (kind, value) in self._handing.typed_fields(papers).items()]
        info = {
            "creatorId": self._settings.user_id,
            "requestLevel": "0",
            "requestName": title,
            "workflowBaseInfo": {"workflowId": process},
            "workflowMainTableInfo": _table([*_written(fields), *files]),
        }
        said = self._asked("doCreateWorkflowRequest", _info(info), self._settings.user_id).text
        if not said.isdecimal() or int(said) == 0:
            raise AdapterError(
                f"泛微：doCreateWorkflowRequest 未成功 ({said[:20]} {_MEANING.get(said, '')})", detail=said[:300]
            )
        return said

    def mine(self, process: str, title: str, since: date) -> Iterator[tuple[str, Mapping[str, str]]]:
        day = since.isoformat()
        conditions = [one.replace("{workflow}", process).replace("{since}", day) for one in self._settings.conditions]
        for one in self._listed("getMyWorkflowRequestList", process, conditions):
            # What the conditions do there is the office's affair; what we take for ours is not.
            if title in _text(one, "requestName") and _text(one, "createTime")[:10] >= day:
                request = _text(one, "requestId")
                yield request, _fields(self._read(request))

    def waiting(self, process: str) -> Iterator[Row]:
        for one in self._listed("getToDoWorkflowRequestList", process, []):
            request = _text(one, "requestId")
            read = cache(partial(self._read, request))
            files = partial(self._attached, read)
            yield Row(id=f"{request}@{_text(one, 'receiveTime')}", fields=partial(_filled, read), files=files)

    def pass_on(self, to_do: str, fields: Mapping[str, str], said: str) -> None:
        self._submit(to_do, fields, "submit", said)

    def give_back(self, to_do: str, said: str) -> None:
        self._submit(to_do, {}, "reject", said)

    def download(self, file: OfficeFile) -> BinaryIO:
        document, _, number = file.id.partition("#")
        found = _attachments(self._document(document)) if number else ()
        if not number or int(number) >= len(found):
            raise LimitError(f"附件 {file.name} 太大或没有内容，经 SOAP 取不到：请减小到 7 MB 以内", code="SIZE")
        try:
            return io.BytesIO(base64.b64decode(_text(found[int(number)], "filecontent")))
        except binascii.Error as error:
            raise AdapterError(f"泛微：附件 {file.name} 不是 base64") from error

    def close(self) -> None:
        self._http.close()

    def _submit(self, to_do: str, fields: Mapping[str, str], kind: str, said: str) -> None:
        request = to_do.partition("@")[0]
        info: dict[str, Argument] = {"requestId": request}
        if fields:
            info["workflowMainTableInfo"] = _table(_written(fields))
        verb = "submitWorkflowRequest"
        answer = self._asked(verb, _info(info), request, self._settings.user_id, kind, said).text
        if answer != "success":
            raise AdapterError(f"泛微：{verb} {kind} 未成功", detail=answer[:300])

    def _read(self, request: str) -> tuple[Said, ...]:
        return _rows(self._asked("getWorkflowRequest", request, self._settings.user_id, "0"))

    def _listed(self, verb: str, process: str, conditions: Sequence[str]) -> Iterable[Said]:
        """Requests of one workflow, collected before any of them moves on to another page."""
        held: list[Said] = []
        asked: Argument = {"string": list(conditions)} if conditions else ""
        for page in range(1, _MOST_PAGES):
            found = self._asked(verb, str(page), str(_PAGE), "0", self._settings.user_id, asked).parts
            held += [one for one in found if _text(one, "workflowBaseInfo", "workflowId") == process]
            if len(found) < _PAGE:
                break
        return held

    def _attached(self, read: Callable[[], tuple[Said, ...]]) -> list[OfficeFile]:
        held = [_text(row, "fieldValue") for row in read() if _text(row, "fieldHtmlType") == _ATTACHMENT]
        return [file for documents in held for id_ in documents.split(",") if id_ for file in self._files(id_)]

    def _files(self, document: str) -> list[OfficeFile]:
        """Of a document, which a field of attachments has for each of its files. One that is too large for an answer
        is refused when it is fetched, and its form with it."""
        try:
            found = _attachments(self._document(document))
        except LimitError:
            return [OfficeFile(id=f"{document}#", name=document)]
        return [OfficeFile(id=f"{document}#{number}", name=_text(one, "filename")) for number, one in enumerate(found)]

    def _document(self, document: str) -> Said:
        found = self._got(document) if self._session else None
        if found is None:
            self._renew()
            found = self._got(document)
        if found is None:
            raise AdapterError(f"泛微：文档 {document} 取不到，请对方管理员核对权限")
        return found

    def _got(self, document: str) -> Said | None:
        """None where the session may have ended, which the office says by a Fault, or by nothing."""
        try:
            found = self._doc("getDoc", document, self._session)
        except AdapterError:
            return None
        return found if found.parts else None

    def _renew(self) -> None:
        self._session = self._doc("login", self._settings.login_name, self._password, "0", "127.0.0.1").text
        if not self._session:
            raise AdapterError("泛微：DocService 登录未成功，请核对 login_name 与密码")

    def _asked(self, verb: str, *arguments: Argument) -> Said:
        try:
            return self._ask("WorkflowService", _NAMESPACE, verb, arguments)
        except LimitError as error:
            raise AdapterError(f"泛微：{verb} 的回答太大", detail=error.message) from error

    def _doc(self, verb: str, *arguments: Argument) -> Said:
        return self._ask("DocService", _DOCUMENTS, verb, arguments)

    def _ask(self, service: str, namespace: str, verb: str, arguments: Sequence[Argument]) -> Said:
        """What stands in the answer's `out`. Raises AdapterError; LimitError when it is too large to read."""
        named = {f"{{{namespace}}}in{number}": one for number, one in enumerate(arguments)}
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}
        question = write_question(namespace, verb, named)
        answer = self._http.ask("POST", f"/services/{service}", content=question, headers=headers)
        if answer.status not in (200, 500):  # a Fault comes as 500
            raise AdapterError(f"泛微：{verb} {answer.status}", detail=answer.text[:300])
        try:
            said = read_reply(answer.text)
        except XmlError as error:
            if error.code == "SOAP_FAULT":
                raise AdapterError(f"泛微：{verb} 未成功", detail=error.detail[:300]) from error
            raise AdapterError(f"泛微：{verb} 的回答不是 SOAP（登录页？）", detail=answer.text[:300]) from error
        out = said.part("out")
        if out is None:
            raise AdapterError(f"泛微：{verb} 的回答不认识", detail=answer.text[:300])
        return out


def _info(parts: Mapping[str, Argument]) -> Argument:
    """A WorkflowRequestInfo."""
    return {f"{{{_OBJECTS}}}{name}": part for name, part in parts.items()}


def _table(fields: Sequence[Argument]) -> Argument:
    record = {"workflowRequestTableFields": {"WorkflowRequestTableField": fields}}
    return {"requestRecords": {"WorkflowRequestTableRecord": record}}


def _written(fields: Mapping[str, str]) -> list[Argument]:
    return [_field(name, text) for name, text in fields.items()]


def _field(name: str, value: str, kind: str = "") -> Argument:
    typed: dict[str, Argument] = {"fieldType": kind} if kind else {}
    return {"edit": "true", "fieldName": name, **typed, "fieldValue": value, "view": "true"}


def _text(said: Said, *path: str) -> str:
    found = said.part(*path)
    return found.text if found is not None else ""


def _rows(info: Said) -> tuple[Said, ...]:
    """The fields of the main table. Raises AdapterError when we are not shown them."""
    listed = info.part(
        "workflowMainTableInfo", "requestRecords", "WorkflowRequestTableRecord", "workflowRequestTableFields"
    )
    if listed is None:
        raise AdapterError("泛微：看不到表单，请对方管理员核对“公文交换”的权限与允许的地址")
    return listed.parts


def _filled(read: Callable[[], tuple[Said, ...]]) -> dict[str, str]:
    return _fields(read())


def _fields(rows: Sequence[Said]) -> dict[str, str]:
    """By the names of the database. Of a choice, what people see."""
    return {_text(one, "fieldName"): _text(one, "fieldShowValue") or _text(one, "fieldValue") for one in rows}


def _attachments(document: Said) -> tuple[Said, ...]:
    found = document.part("attachments")
    return found.parts if found is not None else ()
