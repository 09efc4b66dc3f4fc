"""A Weaver e-cology 9 office that is not one: its REST interface on loopback, as far as the adapter uses it.

    with WeaverOffice() as office:
        office.make_workflow("781", ["bt", "jhbh", "fj"])
        ... office.url

It owns the RSA key that its spk belongs to, and decrypts what is sent under it. It fetches files by the links that it
is given, while it is still asked. What answers look like is from public pages; docs/adapters/weaver.md lists what
nobody has seen. Not here: anything of the exchange, failures of any office (`office_server`).
"""

import base64
import itertools
import json
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from exchange.testing.office_server import Asked, OfficeServer, RefusedError
from exchange.trust.rsa import RsaKey

__all__ = ["Request", "WeaverOffice", "fetched"]


@dataclass
class Request:
    """`node`: "ours" while it waits for the exchange's user, "back" when it was returned, else wherever."""

    id: str
    workflow: str
    name: str
    creator: str
    fields: dict[str, str]
    files: dict[str, bytes] = field(default_factory=dict)
    node: str = ""
    received: str = ""
    remarks: list[str] = field(default_factory=list)


class WeaverOffice(OfficeServer):
    """Failures, besides those of `OfficeServer`:

    whitelisted   False: nobody registers
    secret_name   secrit, or secret in newer builds
    hidden        ids of requests that it does not show
    """

    def __init__(self, appid: str = "yidi", user_id: str = "66") -> None:
        super().__init__()
        self.appid, self.user_id = appid, user_id
        self.whitelisted, self.secret_name = True, "secrit"
        self.hidden: set[str] = set()
        self.workflows: dict[str, list[str]] = {}
        self.requests: list[Request] = []
        self._numbers = itertools.count(8888)
        self._key: RsaKey | None = None
        self._secret = ""
        self._tokens: set[str] = set()

    # what the site's administrator and people do

    def make_workflow(self, id_: str, fields: Sequence[str]) -> None:
        self.workflows[id_] = list(fields)

    def of(self, workflow: str) -> list[Request]:
        return [one for one in self.requests if one.workflow == workflow]

    def put_out(self, workflow: str, name: str, fields: Mapping[str, str], files: Mapping[str, bytes]) -> Request:
        """Somebody fills in a form and submits it to the node of the exchange's user."""
        with self.lock:
            made = Request(id=self._number(), workflow=workflow, name=name, creator="12", fields=dict(fields))
            made.files = dict(files)
            self.requests.append(made)
            self.hand_to_us(made)
            return made

    def hand_to_us(self, request: Request) -> None:
        with self.lock:
            request.node, request.received = "ours", f"2026-11-03 16:30:{next(self._numbers) % 60:02}"

    def expire_tokens(self) -> None:
        with self.lock:
            self._tokens.clear()

    def forget_registration(self) -> None:
        """As another program does that registers under the same APPID."""
        with self.lock:
            self._secret = "rotated"  # noqa: S105  # of a server that is none
            self._key = RsaKey.generate()

    # the interface

    def answer(self, asked: Asked) -> object:
        what = asked.path.rpartition("/")[2]
        if asked.path.startswith("/api/ec/dev/auth/"):
            return self._register(asked) if what == "regist" else self._apply(asked)
        if asked.headers.get("token") not in self._tokens:
            return {"status": False, "msg": "token不存在或已失效"}
        self._check_user(asked)
        if what == "weaver.file.FileDownload":
            return self._download(asked.query["fileid"])
        found = {
            "doCreateRequest": self._create,
            "getMyWorkflowRequestList": self._mine,
            "getToDoWorkflowRequestList": self._to_do,
            "getWorkflowRequest": self._read,
            "getCreateWorkflowRequestInfo": self._form,
            "getRequestResources": self._resources,
            "submitRequest": self._submit,
            "rejectRequest": self._reject,
        }.get(what)
        if found is None:
            raise RefusedError(404, "Not Found")
        return found(asked)

    def _register(self, asked: Asked) -> object:
        if not self.whitelisted or asked.headers.get("appid") != self.appid or not asked.headers.get("cpk"):
            return {"status": False, "msg": "认证信息错误"}
        self._key, self._secret = RsaKey.generate(), f"secret-{self._number()}"
        return {"status": True, "spk": self._key.public, self.secret_name: self._secret, "errcode": "0"}

    def _apply(self, asked: Asked) -> object:
        if self._key is None or self._decrypted(asked.headers.get("secret", "")) != self._secret:
            return {"status": False, "token": "", "msg": "密钥错误"}
        token = f"token-{self._number()}"
        self._tokens.add(token)
        return {"status": True, "token": token, "msg": "获取成功!"}

    def _check_user(self, asked: Asked) -> None:
        if self._decrypted(asked.headers.get("userid", "")) != self.user_id:
            raise RefusedError(500, "userid 解密失败")

    def _decrypted(self, text: str) -> str:
        assert self._key is not None
        try:
            return self._key.decrypt(text)
        except ValueError:
            return ""

    def _create(self, asked: Asked) -> object:
        form = asked.form()
        known = self.workflows.get(form["workflowId"])
        if known is None:
            return _fault("NO_PERMISSION", {"workflowId": "没有创建权限"})
        fields: dict[str, str] = {}
        files: dict[str, bytes] = {}
        for one in json.loads(form["mainData"]):
            if one["fieldName"] not in known:
                return _fault("PARAM_ERROR", {f"error_param_{one['fieldName']}": one["fieldName"]})
            if isinstance(one["fieldValue"], list):
                files |= {file["fileName"]: fetched(file["filePath"]) for file in one["fieldValue"]}
            else:
                fields[one["fieldName"]] = one["fieldValue"]
        made = Request(
            id=self._number(),
            workflow=form["workflowId"],
            name=form["requestName"],
            creator=self.user_id,
            fields=fields,
            files=files,
        )
        self.requests.append(made)
        return {"code": "SUCCESS", "data": {"requestid": int(made.id)}, "errMsg": {}}

    def _mine(self, asked: Asked) -> object:
        wanted = json.loads(asked.form()["conditions"])["requestname"]
        return self._page(asked, [one for one in self.requests if one.creator == self.user_id and wanted in one.name])

    def _to_do(self, asked: Asked) -> object:
        return self._page(asked, [one for one in self.requests if one.node == "ours"])

    def _page(self, asked: Asked, found: list[Request]) -> object:
        form = asked.form()
        size = int(form["pageSize"])
        first = (int(form["pageNo"]) - 1) * size
        return [
            {
                "requestId": one.id,
                "requestName": one.name,
                "receiveTime": one.received,
                "workflowBaseInfo": {"workflowId": one.workflow},
            }
            for one in found[first : first + size]
        ]

    def _read(self, asked: Asked) -> object:
        one = self._request(asked.query["requestId"])
        return {
            "code": {"name": "SUCCESS", "statusCode": 1},
            "data": self._main(one.workflow, one.fields),
            "errMsg": {},
        }

    def _form(self, asked: Asked) -> object:
        if asked.query["workflowId"] not in self.workflows:
            return _fault("PARAM_ERROR", {"workflowId": asked.query["workflowId"]})
        return {"code": "SUCCESS", "data": self._main(asked.query["workflowId"], {}), "errMsg": {}}

    def _main(self, workflow: str, fields: Mapping[str, str]) -> object:
        listed = [
            {"fieldName": name, "fieldValue": fields.get(name, ""), "fieldShowValue": fields.get(name, "")}
            for name in self.workflows[workflow]
        ]
        return {"workflowMainTableInfo": {"requestRecords": [{"workflowRequestTableFields": listed}]}}

    def _resources(self, asked: Asked) -> object:
        one = self._request(asked.query["requestid"])
        found: list[dict[str, Any]] = [{"id": 1, "name": "相关流程", "type": 1}]
        for number, name in enumerate(one.files):
            url = f"/weaver/weaver.file.FileDownload?fileid={one.id}-{number}&download=1&requestid={one.id}"
            found.append({"id": 7541 + number, "name": name, "type": 3, "downloadUrl": url})
        return {"code": "SUCCESS", "data": found, "errMsg": {}}

    def _download(self, file: str) -> bytes:
        request, _, number = file.partition("-")
        return list(self._request(request).files.values())[int(number)]

    def _submit(self, asked: Asked) -> object:
        form = asked.form()
        one = self._request(form["requestId"])
        if one.node != "ours":
            return _fault("NO_PERMISSION", {"requestId": one.id})
        one.fields |= {item["fieldName"]: item["fieldValue"] for item in json.loads(form.get("mainData", "[]"))}
        one.node = ""
        one.remarks.append(form["remark"])
        return {"code": "SUCCESS", "errMsg": {}}

    def _reject(self, asked: Asked) -> object:
        form = asked.form()
        one = self._request(form["requestId"])
        if one.node != "ours":
            return _fault("NO_PERMISSION", {"requestId": one.id})
        one.node = "back"
        one.remarks.append(form["remark"])
        return {"code": "SUCCESS", "errMsg": {}}

    def _request(self, id_: str) -> Request:
        if id_ in self.hidden:
            raise RefusedError(500, "没有权限")
        return next(one for one in self.requests if one.id == id_)

    def _number(self) -> str:
        return str(next(self._numbers))


def _fault(code: str, said: Mapping[str, str]) -> object:
    return {"code": code, "errMsg": dict(said)}


def fetched(path: str) -> bytes:
    """What the exchange gave, as the office gets hold of it."""
    if path.startswith("base64:"):
        return base64.b64decode(path.removeprefix("base64:"))
    with urllib.request.urlopen(path, timeout=20) as answer:  # noqa: S310  # whatever the adapter gave
        data: bytes = answer.read()
        return data
