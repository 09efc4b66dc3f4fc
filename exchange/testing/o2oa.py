"""An O2OA office that is not one: its REST interface on loopback, as far as the adapter uses it.

    with O2oaOffice() as office:
        office.make_process("swgl", "收文", ["subject", "jhbh", "fj"], {"登记": {"送办理": "办理"}, ...}, ours=["登记"])
        ... office.url

Shapes and words are those of the sources that O2OA publishes: a token in a cookie counts before one in the header, a
file whose name is there gets another, a page that is too large gets short, an error is 500 and names its exception.
Not here: anything of the exchange, failures of any office (`office_server`).
"""

import itertools
import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from exchange.errors import KeyStoreError
from exchange.testing.office_server import Asked, OfficeServer, RefusedError
from exchange.trust.sso import SsoCipher, unseal

__all__ = ["O2oaOffice", "Work"]

_PERSON = "公文交换@8d2f@P"
_SURFACE = "/x_processplatform_assemble_surface/jaxrs/"
_AUTH = "/x_organization_assemble_authentication/jaxrs/"
_MOST_ROWS = 50


@dataclass
class Process:
    """`nodes`: by name, the routes from each and the node that each leads to, empty for the end."""

    alias: str
    name: str
    fields: list[str]
    nodes: dict[str, dict[str, str]]
    ours: list[str]

    @property
    def id(self) -> str:
        return f"process-{self.alias}"


@dataclass
class Work:
    """`node`: where it is, empty at its end. `to_do`: the id of our to-do, if it is ours."""

    id: str
    process: Process
    title: str
    creator: str
    data: dict[str, Any]
    node: str = ""
    to_do: str = ""
    files: list[dict[str, Any]] = field(default_factory=list)
    passed_on: str = ""
    opinions: list[str] = field(default_factory=list)

    @property
    def texts(self) -> dict[str, bytes]:
        return {one["name"]: one["bytes"] for one in self.files}


class O2oaOffice(OfficeServer):
    """Its user `yidi` is `identities`. Failures, besides those of `OfficeServer`:

    old            True: it knows no 401, and says 500 to a token that it does not take
    inside_200     True: its errors come with 200
    clock_seconds  how far its clock is ahead
    largest_mb     of a file
    slow_create    True: who starts a process gets no answer, and it is started only when `catch_up` is called
    """

    def __init__(self, key: str = "secret-key", cipher: SsoCipher = "des") -> None:
        super().__init__()
        self.key, self.cipher, self.password = key, cipher, "secret"
        self.identities = ["公文交换@6e1a@I"]
        self.old = self.inside_200 = self.slow_create = False
        self.clock_seconds, self.largest_mb = 0.0, 100
        self.processes: list[Process] = []
        self.works: list[Work] = []
        self._numbers = itertools.count(1000)
        self._tokens: set[str] = set()
        self._late: list[Callable[[], object]] = []

    # what the site's administrator and people do

    def make_process(
        self, alias: str, name: str, fields: Sequence[str], nodes: Mapping[str, Mapping[str, str]], ours: Sequence[str]
    ) -> Process:
        """A process begins at the first of `nodes`."""
        made = Process(alias, name, list(fields), {node: dict(routes) for node, routes in nodes.items()}, list(ours))
        self.processes.append(made)
        return made

    def of(self, alias: str) -> list[Work]:
        return [one for one in self.works if one.process.alias == alias]

    def put_out(
        self, alias: str, title: str, data: Mapping[str, Any], files: Mapping[str, bytes], *, node: str, box: str = "fj"
    ) -> Work:
        """Somebody fills in a form and passes it on to that node."""
        with self.lock:
            work = Work(self._id("work"), self._process(alias), title, "王芳@77@P", dict(data))
            work.files = [self._file(name, content, box) for name, content in files.items()]
            self.works.append(work)
            self.arrive(work, node)
            return work

    def arrive(self, work: Work, node: str) -> None:
        with self.lock:
            work.node = node
            work.to_do = self._id("task") if node in work.process.ours else ""

    def expire_tokens(self) -> None:
        with self.lock:
            self._tokens.clear()

    def catch_up(self) -> None:
        """What it was slow to do."""
        with self.lock:
            while self._late:
                self._late.pop()()

    # the interface

    def respond(self, asked: Asked) -> tuple[int, bytes]:
        status, body = super().respond(asked)
        return (200 if self.inside_200 and body.startswith(b"{") else status), body

    def answer(self, asked: Asked) -> object:
        if asked.path.startswith(_AUTH):
            return self._log_in(asked.path.removeprefix(_AUTH), asked.json())
        token = asked.cookies().get("x-token") or asked.headers.get("x-token", "")
        if token not in self._tokens:
            if self.old:
                raise RefusedError(500, {"type": "error", "message": "not cipher or manager or user."})
            raise RefusedError(
                401, _error("com.x.base.core.project.exception.ExceptionUnauthorized", "未登录访问被拒绝.")
            )
        self.answer_headers["Set-Cookie"] = f"x-token={token}; path=/"
        path = f"{asked.method} {asked.path.removeprefix(_SURFACE)}"
        for pattern, does in self._routes().items():
            if found := re.fullmatch(pattern, path):
                return does(asked, *map(unquote, found.groups()))
        raise RefusedError(404, "Not Found")

    def _routes(self) -> dict[str, Callable[..., object]]:
        return {
            r"POST work/process/(.+)": self._create,
            r"POST (task|taskcompleted)/list/my/filter/(\d+)/size/(\d+)": self._listed,
            r"GET task/([^/]+)": lambda _, id_: _success(self._task(self._waiting(id_))),
            r"POST task/([^/]+)/processing": self._pass_on,
            r"GET data/work/(.+)": lambda _, id_: _success({**self._work(id_).data, "$work": {"workId": id_}}),
            r"GET data/workcompleted/done-(.+)": lambda _, id_: _success(self._work(id_, ended=True).data),
            r"PUT data/work/(.+)": self._write,
            r"GET attachment/list/work/(.+)": self._attachments,
            r"POST attachment/upload/work/(.+)": self._upload,
            r"GET attachment/download/([^/]+)/work/([^/]+)/stream": self._download,
            r"GET process/(.+)/complex": self._complex,
            r"GET process/list/available/identity/process/(.+)": self._startable,
            r"GET form/v2/form-(.+)": self._form,
        }

    def _log_in(self, how: str, asked: Mapping[str, str]) -> object:
        if how == "authentication":
            if (asked["credential"], asked["password"]) != ("yidi", self.password):
                raise RefusedError(
                    500, _error("jaxrs.ExceptionPersonNotExistOrInvalidPassword", "用户不存在或者密码错误.")
                )
        else:
            self._check_sealed(asked["client"], asked["token"])
        token = self._id("token")
        self._tokens.add(token)
        self.answer_headers["Set-Cookie"] = f"x-token={token}; path=/"
        return _success({"token": token, "distinguishedName": _PERSON})

    def _check_sealed(self, client: str, token: str) -> None:
        if client != "yidi":
            raise RefusedError(500, _error("jaxrs.sso.ExceptionClientNotExist", "client不存在."))
        try:
            user, _, at = unseal(token, self.key, self.cipher).partition("#")
        except KeyStoreError:
            raise RefusedError(500, _error("jaxrs.sso.ExceptionReadToken", f"无效token, token:{token}.")) from None
        if abs(time.time() + self.clock_seconds - int(at) / 1000) >= 60:
            raise RefusedError(500, _error("jaxrs.sso.ExceptionTokenExpired", "token超时."))
        if user != "yidi":
            raise RefusedError(500, _error("jaxrs.ExceptionPersonNotExist", "人员不存在."))

    def _create(self, asked: Asked, flag: str) -> object:
        wanted = asked.json()
        if not self.identities:
            raise RefusedError(500, _error("jaxrs.work.ExceptionNoneIdentity", f"指定用户没有找到身份: {_PERSON}."))
        work = Work(self._id("work"), self._process(flag), wanted["title"], _PERSON, dict(wanted["data"]))

        def begin() -> None:
            self.works.append(work)
            self.arrive(work, next(iter(work.process.nodes)))

        if self.slow_create:
            self._late.append(begin)
            raise RefusedError(504, "Gateway Time-out")
        begin()
        tasks = [self._task(work)] if work.to_do else []
        return _success(
            [{"work": work.id, "job": f"job-{work.id}", "taskList": tasks, "currentTaskIndex": len(tasks) - 1}]
        )

    def _listed(self, asked: Asked, what: str, page: str, size: str) -> object:
        key = asked.json().get("key", "")
        if what == "task":
            rows = [self._task(one) for one in self.works if one.to_do and key in one.title]
        else:
            rows = [self._passed(one) for one in self.works if one.passed_on and key in one.title]
        count = int(size) if int(size) <= _MOST_ROWS else 20
        first = (int(page) - 1) * count
        plain = [{name: value for name, value in one.items() if not isinstance(value, list)} for one in rows[::-1]]
        return _success(plain[first : first + count], count=len(rows))

    def _pass_on(self, asked: Asked, id_: str) -> object:
        said, work = asked.json(), self._waiting(id_)
        if said["routeName"] not in work.process.nodes[work.node]:
            raise RefusedError(500, _error("jaxrs.task.ExceptionErrorRouteName", f"路由名称错误: {said['routeName']}."))
        work.opinions.append(said["opinion"])
        work.passed_on = time.strftime("%Y-%m-%d %H:%M:%S")
        self.arrive(work, work.process.nodes[work.node][said["routeName"]])
        return _success([])

    def _write(self, asked: Asked, id_: str) -> object:
        work, data = self._work(id_), asked.json()
        work.title = data.get("title") or data.get("subject") or ""
        work.data = data
        return _success({"id": id_})

    def _attachments(self, asked: Asked, id_: str) -> object:
        return _success([{k: v for k, v in one.items() if k != "bytes"} for one in self._work(id_).files])

    def _upload(self, asked: Asked, id_: str) -> object:
        work, parts = self._work(id_), asked.parts()
        name, content = parts["fileName"].text, parts["file"].data
        if "." not in name:
            raise RefusedError(500, _error("exception.ExceptionFileNameInvalid", f"文件名称无效:{name}."))
        if len(content) > self.largest_mb << 20:
            said = f"附件:{name},附件大小超过限制{self.largest_mb}M."
            raise RefusedError(500, _error("jaxrs.attachment.ExceptionAttachmentInvalid", said))
        base, _, extension = name.rpartition(".")
        names = itertools.chain([name], (f"{base}{number}.{extension}" for number in itertools.count(1)))
        free = next(one for one in names if one not in work.texts)
        work.files.append(self._file(free, content, parts["site"].text))
        return _success({"id": work.files[-1]["id"]})

    def _download(self, asked: Asked, id_: str, work: str) -> object:
        return next(one["bytes"] for one in self._work(work).files if one["id"] == id_)

    def _complex(self, asked: Asked, flag: str) -> object:
        process = self._process(flag)
        nodes = list(process.nodes)
        routes = [
            {"id": f"{node}-{name}", "name": name, "activity": f"node-{target}"}
            for node, leads in process.nodes.items()
            for name, target in leads.items()
        ]
        manuals = [
            {"id": f"node-{node}", "name": node, "alias": "", "routeList": [f"{node}-{name}" for name in leads]}
            for node, leads in process.nodes.items()
        ]
        begin = {"route": "begin", "form": f"form-{process.alias}"}
        routes.append({"id": "begin", "name": "", "activity": f"node-{nodes[0]}" if nodes else "end"})
        return _success({"id": process.id, "begin": begin, "manualList": manuals, "routeList": routes})

    def _startable(self, asked: Asked, flag: str) -> object:
        self._process(flag)
        return _success([{"distinguishedName": one} for one in self.identities])

    def _form(self, asked: Asked, alias: str) -> object:
        modules = {name: {"type": "Textfield", "id": name} for name in self._process(alias).fields}
        design = {"json": {"moduleList": {"div_1": {"type": "Div"}, **modules}}, "html": '<div class="page">\n</div>'}
        written = json.dumps(json.dumps(design, ensure_ascii=False), ensure_ascii=False)[1:-1]
        return _success({"form": {"id": f"form-{alias}", "data": written}, "relatedFormMap": {}})

    def _process(self, flag: str) -> Process:
        for one in self.processes:
            if flag in (one.id, one.alias, one.name):
                return one
        raise RefusedError(500, _error("jaxrs.work.ExceptionProcessNotExist", f"流程不存在: {flag}."))

    def _work(self, id_: str, *, ended: bool = False) -> Work:
        for one in self.works:
            if one.id == id_ and ended == (not one.node):
                return one
        raise RefusedError(500, _error("exception.ExceptionEntityNotExist", f"标识为:{id_} 的 Work 对象不存在."))

    def _waiting(self, id_: str) -> Work:
        for one in self.works:
            if one.to_do == id_:
                return one
        raise RefusedError(500, _error("exception.ExceptionEntityNotExist", f"标识为:{id_} 的 Task 对象不存在."))

    def _row(self, work: Work) -> dict[str, Any]:
        return {
            "work": work.id,
            "job": f"job-{work.id}",
            "title": work.title,
            "process": work.process.id,
            "processName": work.process.name,
            "processAlias": work.process.alias,
        }

    def _task(self, work: Work) -> dict[str, Any]:
        routes = list(work.process.nodes[work.node])
        return {**self._row(work), "id": work.to_do, "activityName": work.node, "routeNameList": routes}

    def _passed(self, work: Work) -> dict[str, Any]:
        ended = {} if work.node else {"workCompleted": f"done-{work.id}"}
        row = {"id": f"passed-{work.id}", "startTime": work.passed_on, "completed": not work.node}
        return {**self._row(work), **row, **ended}

    def _file(self, name: str, content: bytes, box: str) -> dict[str, Any]:
        return {"id": self._id("file"), "name": name, "length": len(content), "site": box, "bytes": content}

    def _id(self, what: str) -> str:
        return f"{what}-{next(self._numbers)}"


def _success(data: object, count: int = 0) -> object:
    return {"type": "success", "data": data, "message": "", "count": count}


def _error(prompt: str, said: str) -> dict[str, Any]:
    return {"type": "error", "message": said, "prompt": prompt}
