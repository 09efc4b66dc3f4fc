"""A Landray EKP office that is not one: its services on loopback, by REST and by SOAP, as far as the adapter uses them.

    with LandrayOffice() as office:
        office.make_template(RECEIVE, ["fd_bt", "fd_jhbh"], handler="shoufa")
        ... office.url

Answers are 200 whatever happened, with words where an id belongs. Its processes send their forms by `robot`, as a
robot node does. What answers look like is from public pages and integrations; docs/adapters/landray.md lists what
nobody has seen. Not here: anything of the exchange, failures of any office (`office_server`).
"""

import base64
import itertools
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from xml.sax.saxutils import escape

from exchange.codec.soap_question import Said
from exchange.testing.office_server import Asked, OfficeServer, RefusedError
from exchange.testing.soap_server import question_in

__all__ = ["LandrayOffice", "Process", "ToDo"]

_PROCESS: Final = "com.landray.kmss.km.review.model.KmReviewMain"
_ENVELOPE: Final = "http://schemas.xmlsoap.org/soap/envelope/"


@dataclass
class Process:
    """`files`: by name. `at`: whose to-do it is, "back" when it was given back, else "". `opinions`: of approvals."""

    id: str
    template: str
    title: str
    creator: str
    fields: dict[str, Any] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    controls: dict[str, str] = field(default_factory=dict)
    at: str = ""
    opinions: list[str] = field(default_factory=list)


@dataclass
class ToDo:
    """`type`: 1 to approve, 2 to read."""

    id: str
    whose: str
    type: int
    subject: str
    model: str
    document: str
    key: str
    created: str
    finished: bool = False


class LandrayOffice(OfficeServer):
    """Failures, besides those of `OfficeServer`:

    largest    bytes of attachments that it takes in one question; more is refused in words
    json_ids   ids come in JSON, as newer builds have it
    in_header  account and password belong in the Header of SOAP
    """

    def __init__(self, account: str = "yidi", password: str = "secret") -> None:  # noqa: S107  # of a server that is none
        super().__init__()
        self.account, self.password = account, password
        self.largest, self.json_ids, self.in_header = 64 << 20, False, False
        self.people = {"gwjh", "shoufa", "wangfang", "lisi"}
        self.templates: dict[str, list[str]] = {}
        self.handlers: dict[str, str] = {}
        self.processes: list[Process] = []
        self.to_dos: list[ToDo] = []
        self.robot: Callable[[bytes], None] = lambda body: None
        self._numbers = itertools.count(1)
        self.stored: dict[str, bytes] = {}

    # what the site's administrator and people do

    def make_template(self, id_: str, controls: Sequence[str], handler: str = "") -> None:
        """`handler`: of the first node, whose to-do each process becomes that is started."""
        self.templates[id_], self.handlers[id_] = list(controls), handler

    def of(self, template: str) -> list[Process]:
        return [one for one in self.processes if one.template == template]

    def news(self, whose: str) -> list[ToDo]:
        return [one for one in self.to_dos if one.whose == whose and one.type == 2]

    def put_out(
        self,
        template: str,
        title: str,
        fields: Mapping[str, str],
        files: Mapping[str, bytes],
        creator: str = "wangfang",
    ) -> Process:
        """Somebody fills in a form, and it comes to the node of the exchange's user."""
        with self.lock:
            made = Process(id=self._id(), template=template, title=title, creator=creator, fields=dict(fields))
            made.files = dict(files)
            self.processes.append(made)
        self.hand_over(made, "gwjh")
        return made

    def hand_over(self, process: Process, whose: str, *, told: bool = True) -> None:
        """`told`: a robot sends the form before."""
        if told:
            self.robot(self.form_of(process))
        with self.lock:
            self._finish(process)
            self.become(process, whose)

    def become(self, process: Process, whose: str) -> None:
        """A to-do of theirs."""
        process.at = whose
        subject = f"请审批 {process.creator} 提交的流程：{process.title}"
        self._add_to_do(whose, 1, subject, _PROCESS, process.id, "")

    def form_of(self, process: Process) -> bytes:
        """As the robot sends it."""
        files = []
        for name, data in process.files.items():
            id_ = next((id_ for id_, held in self.stored.items() if held == data), None) or self._id()
            self.stored[id_] = data
            files.append({"fdId": id_, "fdFileName": name})
        form = {
            "fdId": process.id,
            "fdTemplateId": process.template,
            "docSubject": process.title,
            "docCreator": process.creator,
            "formValues": json.dumps(process.fields, ensure_ascii=False),
            "files": files,
        }
        return json.dumps(form, ensure_ascii=False).encode()

    def delete(self, process: Process) -> None:
        with self.lock:
            self.processes.remove(process)

    # the services

    def answer(self, asked: Asked) -> object:
        if asked.path.startswith("/sys/webservice/"):
            return self._soap(asked)
        self._check_account(asked)
        what = asked.path.rpartition("/")[2]
        if asked.path.startswith("/api/km-review/kmReviewRestService"):
            form, files = _multipart(asked)
            return self._review(what, form, files)
        if asked.path.startswith("/api/sys-notify/sysNotifyTodoRestService/"):
            state, message = self._notify(what, asked.json())
            return {"returnState": state, "message": message}
        if asked.path.endswith("/sysAttMain.do"):
            return self.stored.get(asked.query["fdId"]) or "<!DOCTYPE html><title>登录</title>"
        raise RefusedError(404, "Not Found")

    def _check_account(self, asked: Asked) -> None:
        shown = base64.b64decode(asked.headers.get("authorization", "").removeprefix("Basic ")).decode()
        if shown != f"{self.account}:{self.password}":
            raise RefusedError(401, "Unauthorized")

    def _soap(self, asked: Asked) -> object:
        if self.in_header:
            shown = f"<h:password>{self.password}</h:password>".encode() in asked.body
            if not shown or "authorization" in asked.headers:
                return self._fault("没有访问权限")
        else:
            self._check_account(asked)
        verb = question_in(asked.body)
        argument = verb.part("arg0")
        assert argument is not None
        values = {one.name: one.text for one in argument.parts if one.name != "attachmentForms"}
        if asked.path.endswith("/sysNotifyTodoWebService"):
            state, message = self._notify(verb.name, values)
            said = f"<message>{escape(message)}</message><returnState>{state}</returnState>"
        else:
            files = [_attached(one) for one in argument.parts if one.name == "attachmentForms"]
            said = self._review(verb.name, values, files)
            if said.startswith("!"):
                return self._fault(said)
            said = escape(said)
        return self._envelope(f'<n:{verb.name}Response xmlns:n="urn:x"><return>{said}</return></n:{verb.name}Response>')

    def _fault(self, said: str) -> object:
        inner = f"<s:Fault><faultcode>s:Server</faultcode><faultstring>{escape(said)}</faultstring></s:Fault>"
        raise RefusedError(500, self._envelope(inner))

    def _envelope(self, inner: str) -> str:
        head = f'<?xml version="1.0" encoding="{self.charset}"?><s:Envelope xmlns:s="{_ENVELOPE}">'
        return f"{head}<s:Body>{inner}</s:Body></s:Envelope>"

    # processes

    def _review(self, verb: str, form: Mapping[str, str], files: list[tuple[str, str, bytes]]) -> str:
        """An id, or words."""
        if sum(len(data) for _, _, data in files) > self.largest:
            return "附件大小超过系统限制"
        if verb == "addReview":
            said = self._add(form, files)
        else:
            process = next((one for one in self.processes if one.id == form["fdId"]), None)
            if process is None:
                return "java.lang.RuntimeException: 流程不存在"
            said = self._approve(process, form) if verb == "approveProcess" else self._update(process, form)
        good = re.fullmatch("[0-9a-f]{32}", said)
        return json.dumps({"returnState": 2, "message": said}) if self.json_ids and good else said

    def _add(self, form: Mapping[str, str], files: list[tuple[str, str, bytes]]) -> str:
        creator = json.loads(form["docCreator"])["LoginName"]
        if form["fdTemplateId"] not in self.templates:
            return "java.lang.RuntimeException: 模板不存在"
        if creator not in self.people:
            return f"java.lang.RuntimeException: 找不到人员 {creator}"
        made = Process(id=self._id(), template=form["fdTemplateId"], title=form["docSubject"], creator=creator)
        made.files = {name: data for _, name, data in files}
        made.controls = {name: control for control, name, _ in files}
        self.processes.append(made)
        self._fill(made, form)
        self.become(made, self.handlers[made.template])
        return made.id

    def _approve(self, process: Process, form: Mapping[str, str]) -> str:
        flow = json.loads(form["flowParam"])
        if process.at != flow["handler"]["LoginName"]:
            return "java.lang.RuntimeException: 没有权限，不是当前处理人"
        self._fill(process, form)
        self._finish(process)
        process.opinions.append(flow["auditNote"])
        process.at = "back" if flow["operationType"] == "handler_refuse" else ""
        return process.id

    def _update(self, process: Process, form: Mapping[str, str]) -> str:
        self._fill(process, form)
        return process.id

    def _fill(self, process: Process, form: Mapping[str, str]) -> None:
        """Controls that the template has not are passed over in silence."""
        process.title = form.get("docSubject", process.title)
        given = json.loads(form.get("formValues") or "{}")
        process.fields |= {name: value for name, value in given.items() if name in self.templates[process.template]}

    def _finish(self, process: Process) -> None:
        for one in self.to_dos:
            if one.document == process.id and one.type == 1:
                one.finished = True

    # to-dos

    def _notify(self, verb: str, context: Mapping[str, Any]) -> tuple[int, str]:
        whose = json.loads(context["targets"])["LoginName"]
        if whose not in self.people:
            return 1, f"人员信息解析为空 {whose}"
        if verb == "sendTodo":
            self._add_to_do(whose, 2, context["subject"], context["modelName"], context["modelId"], context["key"])
            return 2, ""
        only = [item for one in json.loads(context.get("otherCond") or "[]") for item in one.items()]
        names = {"key": "key", "modelName": "model", "modelId": "document", "subject": "subject"}
        kind = int(context["type"])
        found = [
            one
            for one in reversed(self.to_dos)
            if one.whose == whose
            and one.finished == (kind == -1)
            and (kind <= 0 or one.type == kind)
            and all(getattr(one, names[name]) == value for name, value in only)
        ]
        if not found:
            return 2, json.dumps({"errorPage": "true", "message": "没有记录"}, ensure_ascii=False)
        size, page = int(context["rowSize"]), int(context["pageNo"])
        docs = [
            {
                "id": one.id,
                "subject": one.subject,
                "type": one.type,
                "key": one.key,
                "modelName": one.model,
                "modelId": one.document,
                "createTime": one.created,
            }
            for one in found[(page - 1) * size : page * size]
        ]
        listed = {"pageCount": -(-len(found) // size), "pageno": page, "count": len(found), "docs": docs}
        return 2, json.dumps(listed, ensure_ascii=False)

    def _add_to_do(self, whose: str, type_: int, subject: str, model: str, document: str, key: str) -> None:
        created = f"2099-11-03 16:{next(self._numbers) % 60:02}:00"  # after whatever a test hands over
        made = ToDo(
            id=self._id(),
            whose=whose,
            type=type_,
            subject=subject,
            model=model,
            document=document,
            key=key,
            created=created,
        )
        self.to_dos.append(made)

    def _id(self) -> str:
        return f"{next(self._numbers):032x}"


def _attached(one: Said) -> tuple[str, str, bytes]:
    """Control, name, content."""
    said = {part.name: part.text for part in one.parts}
    return said["fdKey"], said["fdFileName"], base64.b64decode(said["fdAttachment"])


def _multipart(asked: Asked) -> tuple[dict[str, str], list[tuple[str, str, bytes]]]:
    """Texts by their names; attachments as (control, name, content)."""
    form: dict[str, str] = {}
    content: dict[str, bytes] = {}
    for name, part in asked.parts().items():
        if name.endswith(".fdAttachment"):
            content[name.removesuffix(".fdAttachment")] = part.data
        else:
            form[name] = part.text
    files = [(form.pop(f"{one}.fdKey"), form.pop(f"{one}.fdFileName"), data) for one, data in content.items()]
    return form, files
