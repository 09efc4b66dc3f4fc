"""The services (SOAP) of a Weaver office that is not one, as far as the adapter uses them.

    with WeaverServicesOffice() as office: ...

It knows who asks by the address, as real ones do, and answers a number below zero, a word or a Fault where something
went wrong. What answers look like is from public pages and integrations; docs/adapters/weaver.md lists what nobody has
seen. Not here: REST, and what people do (`weaver`).
"""

import base64
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final
from xml.sax.saxutils import escape

from exchange.codec.soap_question import Said
from exchange.testing.office_server import Asked, RefusedError
from exchange.testing.soap_server import question_in
from exchange.testing.weaver import Request, WeaverOffice, fetched

__all__ = ["WeaverServicesOffice"]

_ENVELOPE: Final = "http://schemas.xmlsoap.org/soap/envelope/"
_NAMESPACE: Final = "webservices.services.weaver.com.cn"


class WeaverServicesOffice(WeaverOffice):
    """Failures, besides those of `WeaverOffice`, each once:

    number      what doCreateWorkflowRequest answers instead of doing it: -2 ...
    fault       what the next question's Fault says
    """

    def __init__(self, login_name: str = "gwjh", password: str = "secret") -> None:  # noqa: S107  # of no server
        super().__init__()
        self._login = (login_name, password)
        self.number = self.fault = ""
        self._sessions: set[str] = set()

    def end_sessions(self) -> None:
        """Of DocService."""
        with self.lock:
            self._sessions.clear()

    def answer(self, asked: Asked) -> object:
        if not asked.path.startswith("/services/"):
            return super().answer(asked)
        if self.fault:
            said, self.fault = self.fault, ""
            return self._envelope(
                f"<s:Fault><faultcode>s:Server</faultcode><faultstring>{said}</faultstring></s:Fault>"
            )
        verb = question_in(asked.body)
        given = {one.name: one for one in verb.parts}
        found = {
            "doCreateWorkflowRequest": self._create_by_service,
            "submitWorkflowRequest": self._submit_by_service,
            "getToDoWorkflowRequestCount": lambda _: str(len(self._waiting())),
            "getToDoWorkflowRequestList": lambda given: self._listed(given, self._waiting()),
            "getMyWorkflowRequestList": self._mine_by_service,
            "getWorkflowRequest": self._read_by_service,
            "getCreateWorkflowRequestInfo": self._form_by_service,
            "login": self._log_in,
            "getDoc": self._document,
        }.get(verb.name)
        if found is None:
            raise RefusedError(404, "Not Found")
        out = f"<ns1:out>{found(given)}</ns1:out>"
        return self._envelope(f'<ns1:{verb.name}Response xmlns:ns1="{_NAMESPACE}">{out}</ns1:{verb.name}Response>')

    def _envelope(self, inner: str) -> str:
        head = f'<?xml version="1.0" encoding="{self.charset}"?>'
        return f'{head}<s:Envelope xmlns:s="{_ENVELOPE}"><s:Body>{inner}</s:Body></s:Envelope>'

    def _create_by_service(self, given: Mapping[str, Said]) -> str:
        if self.number:
            number, self.number = self.number, ""
            return number
        info = given["in0"]
        workflow = _text(info, "workflowBaseInfo", "workflowId")
        if workflow not in self.workflows or given["in1"].text != self.user_id:
            return "-2"
        fields: dict[str, str] = {}
        files: dict[str, bytes] = {}
        for one in _rows(info):
            name, kind, value = (_text(one, part) for part in ("fieldName", "fieldType", "fieldValue"))
            if name not in self.workflows[workflow]:
                return "-4"
            if not kind:
                fields[name] = value
                continue
            for typed, where in zip(kind.split("|"), value.split("|"), strict=True):
                way, _, file = typed.partition(":")
                files[file] = base64.b64decode(where) if way == "base64" else fetched(where)
        made = Request(
            id=self._number(),
            workflow=workflow,
            name=_text(info, "requestName"),
            creator=self.user_id,
            fields=fields,
            files=files,
        )
        self.requests.append(made)
        return made.id

    def _submit_by_service(self, given: Mapping[str, Said]) -> str:
        one, kind = self._request(given["in1"].text), given["in3"].text
        if one.node != "ours" or given["in2"].text != self.user_id:
            return "failed"
        one.fields |= {_text(row, "fieldName"): _text(row, "fieldValue") for row in _rows(given["in0"])}
        one.node = {"submit": "", "reject": "back"}[kind]
        one.remarks.append(given["in4"].text)
        return "success"

    def _waiting(self) -> list[Request]:
        return [one for one in self.requests if one.node == "ours"]

    def _mine_by_service(self, given: Mapping[str, Said]) -> str:
        wanted = re.search(r"t1\.workflowid=(\d+)", " and ".join(one.text for one in given["in4"].parts))
        found = [one for one in self.requests if one.creator == self.user_id]
        return self._listed(given, [one for one in found if wanted is None or one.workflow == wanted[1]])

    def _listed(self, given: Mapping[str, Said], found: list[Request]) -> str:
        size = int(given["in1"].text)
        first = (int(given["in0"].text) - 1) * size
        return "".join(_element("WorkflowRequestInfo", _info(one)) for one in found[first : first + size])

    def _read_by_service(self, given: Mapping[str, Said]) -> str:
        one = self._request(given["in0"].text)
        documents = ",".join(f"{one.id}{number:02}" for number in range(len(one.files)))
        rows = [_row(name, one.fields.get(name, "")) for name in self.workflows[one.workflow]]
        return _info(one) + _main([*rows, _row("fujian", documents, "6")])

    def _form_by_service(self, given: Mapping[str, Said]) -> str:
        return _main(_row(name, "") for name in self.workflows.get(given["in0"].text, ()))

    def _log_in(self, given: Mapping[str, Said]) -> str:
        if (given["in0"].text, given["in1"].text) != self._login:
            return ""
        session = f"session-{self._number()}"
        self._sessions.add(session)
        return session

    def _document(self, given: Mapping[str, Said]) -> str:
        if given["in1"].text not in self._sessions:
            return ""
        id_ = given["in0"].text
        name, data = list(self._request(id_[:-2]).files.items())[int(id_[-2:])]
        content = _element("filecontent", base64.b64encode(data).decode())
        return _element("attachments", _element("DocAttachment", _element("filename", escape(name)) + content))


def _info(one: Request) -> str:
    return "".join(
        [
            _element("requestId", one.id),
            _element("requestName", escape(one.name)),
            _element("receiveTime", one.received),
            _element("createTime", f"{datetime.now(UTC).date().isoformat()} 09:00:00"),
            _element("workflowBaseInfo", _element("workflowId", one.workflow)),
        ]
    )


def _main(rows: Iterable[str]) -> str:
    record = _element("WorkflowRequestTableRecord", _element("workflowRequestTableFields", "".join(rows)))
    return _element("workflowMainTableInfo", _element("requestRecords", record))


def _row(name: str, value: str, kind: str = "1") -> str:
    parts = {"fieldHtmlType": kind, "fieldName": name, "fieldShowValue": "", "fieldValue": value}
    return _element("WorkflowRequestTableField", "".join(_element(part, escape(text)) for part, text in parts.items()))


def _element(name: str, inner: str) -> str:
    return f'<{name} xmlns="http://webservices.workflow.weaver">{inner}</{name}>'


def _rows(info: Said) -> tuple[Said, ...]:
    found = info.part(
        "workflowMainTableInfo", "requestRecords", "WorkflowRequestTableRecord", "workflowRequestTableFields"
    )
    return found.parts if found is not None else ()


def _text(said: Said, *path: str) -> str:
    found = said.part(*path)
    return found.text if found is not None else ""
