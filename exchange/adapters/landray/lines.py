"""How EKP's services are asked: REST with forms and JSON, or SOAP.

    POST /api/km-review/<service>/<verb>                     REST, multipart
    POST /api/sys-notify/sysNotifyTodoRestService/<verb>     REST, JSON
    POST /sys/webservice/kmReviewWebserviceService           SOAP, arg0
    POST /sys/webservice/sysNotifyTodoWebService             SOAP, arg0

Not here: what is asked, and what an answer means (`client`).
"""

import base64
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, Protocol
from urllib.parse import parse_qsl, urlsplit

from exchange.adapters.forms.desk import Paper
from exchange.adapters.office_http import Answer, OfficeHttp
from exchange.codec.soap_question import Argument, Block, Said, read_reply, write_question
from exchange.errors import AdapterError, LimitError, XmlError

__all__ = ["Attached", "Line", "RestLine", "SoapLine"]

_REVIEW: Final = "http://webservice.review.km.kmss.landray.com/"
_NOTIFY: Final = "http://webservice.notify.sys.kmss.landray.com/"
_HEADER: Final = "http://sys.webservice.client"
_MEANING: Final = {
    401: "账号或密码不对，或没有这个服务的策略",
    403: "不允许从本节点的地址调用",
    404: "没有这个服务，核对 url 与 service",
    413: "附件太大，请调小 attachment_bytes",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """A file, and the control that it belongs to."""

    control: str
    paper: Paper


class Line(Protocol):
    """Every method raises AdapterError when there is no answer, or one of refusal."""

    def review(self, verb: str, form: Mapping[str, str], attached: Sequence[Attached] = ()) -> str:
        """What a service of processes said: in the good case a process's id."""
        ...

    def notify(self, verb: str, context: Mapping[str, str | int]) -> tuple[str, Any]:
        """State and message of a service of to-dos."""
        ...

    def download(self, path: str) -> BinaryIO: ...

    def close(self) -> None: ...


class _BasicLine:
    """Account and password are shown in HTTP."""

    def __init__(self, http: OfficeHttp, account: str, password: str) -> None:
        self._http = http
        shown = base64.b64encode(f"{account}:{password}".encode()).decode()
        self._headers = {"Authorization": f"Basic {shown}"}

    def download(self, path: str) -> BinaryIO:
        where = urlsplit(path)
        status, found = self._http.fetch(where.path, params=dict(parse_qsl(where.query)), headers=self._headers)
        if status != 200:
            found.close()
            raise AdapterError(f"蓝凌：附件不能下载 ({status})")
        return found

    def close(self) -> None:
        self._http.close()


class RestLine(_BasicLine, Line):
    """`service`: of processes, by its name."""

    def __init__(self, http: OfficeHttp, account: str, password: str, service: str) -> None:
        super().__init__(http, account, password)
        self._service = service

    def review(self, verb: str, form: Mapping[str, str], attached: Sequence[Attached] = ()) -> str:
        with ExitStack() as opened:
            parts: list[tuple[str, Any]] = [(name, (None, text.encode())) for name, text in form.items()]
            for number, one in enumerate(attached):
                prefix, file = f"attachmentForms[{number}]", opened.enter_context(one.paper.open())
                parts += [(f"{prefix}.fdKey", (None, one.control.encode()))]
                parts += [(f"{prefix}.fdFileName", (None, one.paper.name.encode()))]
                parts += [(f"{prefix}.fdAttachment", (one.paper.name, file, one.paper.media_type))]
            path = f"/api/km-review/{self._service}/{verb}"
            return _good(verb, self._http.ask("POST", path, files=parts, headers=self._headers)).text

    def notify(self, verb: str, context: Mapping[str, str | int]) -> tuple[str, Any]:
        path = f"/api/sys-notify/sysNotifyTodoRestService/{verb}"
        found = _good(verb, self._http.ask("POST", path, json=dict(context), headers=self._headers)).json()
        if not isinstance(found, dict):
            raise AdapterError(f"蓝凌：{verb} 的回答不认识", detail=str(found)[:300])
        return str(found.get("returnState")), found.get("message")


class SoapLine(_BasicLine, Line):
    """`header`: account and password stand in the question's Header, and not in HTTP."""

    def __init__(self, http: OfficeHttp, account: str, password: str, *, header: bool) -> None:
        super().__init__(http, account, password)
        parts = {"user": account, "password": password}
        self._header = Block(namespace=_HEADER, name="RequestSOAPHeader", parts=parts) if header else None

    def review(self, verb: str, form: Mapping[str, str], attached: Sequence[Attached] = ()) -> str:
        files: list[Argument] = []
        for one in attached:
            with one.paper.open() as file:
                content = file.read()
            files.append({"fdAttachment": content, "fdFileName": one.paper.name, "fdKey": one.control})
        return self._ask("kmReviewWebserviceService", _REVIEW, verb, {"attachmentForms": files, **form}).text

    def notify(self, verb: str, context: Mapping[str, str | int]) -> tuple[str, Any]:
        found = self._ask("sysNotifyTodoWebService", _NOTIFY, verb, context)
        state, message = found.part("returnState"), found.part("message")
        return state.text if state else "", message.text if message else ""

    def _ask(self, service: str, namespace: str, verb: str, argument: Mapping[str, Argument]) -> Said:
        ordered = dict(sorted(argument.items()))  # as its schema has them
        question = write_question(namespace, verb, {"arg0": ordered}, self._header)
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}
        if self._header is None:
            headers |= self._headers
        answer = self._http.ask("POST", f"/sys/webservice/{service}", content=question, headers=headers)
        try:
            said = read_reply((answer if answer.status == 500 else _good(verb, answer)).text)  # a Fault comes as 500
        except (XmlError, LimitError) as error:
            raise AdapterError(f"蓝凌：{verb} 未成功", detail=error.detail or answer.text[:300]) from error
        return said.part("return") or said


def _good(verb: str, answer: Answer) -> Answer:
    if answer.status != 200:
        meaning = _MEANING.get(answer.status, "")
        raise AdapterError(f"蓝凌：{verb} {answer.status} {meaning}".rstrip(), detail=answer.text[:300])
    return answer
