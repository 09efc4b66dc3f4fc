"""O2OA's processes by its REST interface, as its web pages use it: /x_processplatform_assemble_surface/jaxrs

    POST work/process/{process}                          starts one
    POST task/list/my/filter/{page}/size/{size}          our to-dos (待办)
    POST taskcompleted/list/my/filter/{page}/size/{size} what we have passed on (已办)
    GET  task/{id}; POST task/{id}/processing            one to-do, and passing it on by a route
    GET, PUT data/work/{id}; GET data/workcompleted/{id} the form's fields
    GET  attachment/list/work/{id}; POST attachment/upload/work/{id}; GET attachment/download/{id}/work/{id}/stream
    GET  process/{process}/complex, form/v2/{id}, process/list/available/identity/process/{process}

An answer is {"type": "success", "data", "count"}, or {"type": "error", "message", "prompt"} with any status; `prompt`
names an exception. A token that has expired is renewed once. Not here: which processes (`settings`), what they are for
(`processes`).
"""

from collections.abc import Mapping
from typing import Any, BinaryIO, Final
from urllib.parse import quote

from exchange.adapters.o2oa.account import O2oaAccount
from exchange.adapters.office_http import Answer, OfficeHttp
from exchange.errors import AdapterError

__all__ = ["O2oaClient"]

_SURFACE: Final = "/x_processplatform_assemble_surface/jaxrs"
_PAGE: Final = 100
_MOST_PAGES: Final = 1000  # offices that think a page too large give shorter ones
_UNKNOWN_USER: Final = (b"ExceptionUnauthorized", b"not cipher or manager or user")
_HEAD: Final = 2000  # bytes of an answer in which it says so
_NEVER: Final = ("ExceptionAttachmentInvalid", "ExceptionFileNameInvalid")


class O2oaClient:
    """Every method raises AdapterError."""

    def __init__(self, http: OfficeHttp, account: O2oaAccount) -> None:
        self._http, self._account = http, account

    def log_in(self) -> None:
        self._account.log_in()

    def create(self, process: str, title: str, identity: str, data: Mapping[str, str]) -> list[dict[str, Any]]:
        """Where it stands now, each with the to-dos there; empty when it has ended already."""
        body = {"latest": False, "title": title, "identity": identity, "data": dict(data)}
        return _list(self._data("POST", f"work/process/{quote(process, safe='')}", json=body))

    def to_dos(self) -> list[dict[str, Any]]:
        """Without their routes, newest first."""
        return self._paged("task", {})

    def to_do(self, id_: str) -> dict[str, Any] | None:
        """None: there is no such any more."""
        found = self._ask("GET", f"task/{id_}")
        return None if _prompt(found) == "ExceptionEntityNotExist" else _dict(_done("task", found).get("data"))

    def passed_on(self, key: str) -> list[dict[str, Any]]:
        """By us, with `key` in their titles; the last time of each process, newest first."""
        return self._paged("taskcompleted", {"key": key})

    def pass_on(self, to_do: str, route: str, opinion: str) -> None:
        self._data("POST", f"task/{to_do}/processing", json={"routeName": route, "opinion": opinion})

    def data(self, task: Mapping[str, Any]) -> dict[str, Any]:
        """The fields behind a to-do, or what was one."""
        done = bool(task.get("completed"))
        path = f"data/workcompleted/{task.get('workCompleted')}" if done else f"data/work/{task.get('work')}"
        return _dict(self._data("GET", path))

    def write(self, work: str, data: Mapping[str, Any]) -> None:
        """All the fields: those that are not given are gone."""
        self._data("PUT", f"data/work/{work}", json=dict(data))

    def attachments(self, work: str) -> list[dict[str, Any]]:
        return _list(self._data("GET", f"attachment/list/work/{work}"))

    def upload(self, work: str, box: str, name: str, media_type: str, file: BinaryIO) -> None:
        files = {"file": (name, file, media_type)}
        self._data("POST", f"attachment/upload/work/{work}", data={"site": box, "fileName": name}, files=files)

    def download(self, id_: str, work: str) -> BinaryIO:
        path = f"{_SURFACE}/attachment/download/{id_}/work/{work}/stream"
        status, file = self._http.fetch(path, params={}, headers=self._account.headers())
        if status != 200 and _is_unknown(status, file.read(_HEAD)):
            file.close()
            self._account.renew()
            status, file = self._http.fetch(path, params={}, headers=self._account.headers())
        if status != 200:
            file.close()
            raise AdapterError(f"O2OA：附件不能下载 an attachment cannot be fetched ({status})")
        return file

    def process(self, process: str) -> dict[str, Any]:
        """Its nodes and routes."""
        return _dict(self._data("GET", f"process/{quote(process, safe='')}/complex"))

    def identities(self, process: str) -> list[dict[str, Any]]:
        """Under which we may start it."""
        return _list(self._data("GET", f"process/list/available/identity/process/{quote(process, safe='')}"))

    def form(self, id_: str) -> dict[str, Any]:
        return _dict(self._data("GET", f"form/v2/{id_}"))

    def close(self) -> None:
        self._http.close()

    def _paged(self, what: str, wanted: Mapping[str, str]) -> list[dict[str, Any]]:
        held: dict[str, dict[str, Any]] = {}  # one that comes in between moves others to the next page
        for page in range(1, _MOST_PAGES):
            path = f"{what}/list/my/filter/{page}/size/{_PAGE}"
            found = _done(what, self._ask("POST", path, json=dict(wanted)))
            rows = _list(found.get("data"))
            held |= {str(one.get("id")): one for one in rows}
            if not rows or len(held) >= int(found.get("count") or 0):
                return list(held.values())
        raise AdapterError(f"O2OA：{what} 多得读不完 more than can be read")

    def _data(self, method: str, path: str, **parts: Any) -> Any:
        return _done(path, self._ask(method, path, **parts)).get("data")

    def _ask(self, method: str, path: str, **parts: Any) -> Answer:
        answer = self._http.ask(method, f"{_SURFACE}/{path}", headers=self._account.headers(), **parts)
        if _is_unknown(answer.status, answer.body[:_HEAD]):
            self._account.renew()
            if "files" in parts:
                parts["files"]["file"][1].seek(0)
            answer = self._http.ask(method, f"{_SURFACE}/{path}", headers=self._account.headers(), **parts)
        return answer


def _is_unknown(status: int, head: bytes) -> bool:
    """Whether the office does not take the token. Older ones say so with 500."""
    return status == 401 or any(word in head for word in _UNKNOWN_USER)


def _done(what: str, answer: Answer) -> dict[str, Any]:
    """An answer that says it worked."""
    found = answer.json()
    if answer.status == 200 and isinstance(found, dict) and found.get("type") in ("success", "warn"):
        return found
    said = str(found.get("message") if isinstance(found, dict) else found)[:200]
    prompt = _prompt(answer)
    code = "OA_REJECTED" if prompt in _NEVER else None
    raise AdapterError(
        f"O2OA：{what.partition('/')[0]} 未成功，{said}", code=code, detail=f"{answer.status} {prompt} {what}"
    )


def _prompt(answer: Answer) -> str:
    """The exception that the office met, without its packages; empty for none."""
    if answer.status == 200 and not answer.body.startswith(b"{"):
        return ""
    found = answer.json()
    return str(found.get("prompt") or "").rpartition(".")[2] if isinstance(found, dict) else ""


def _list(found: Any) -> list[dict[str, Any]]:
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _dict(found: Any) -> dict[str, Any]:
    return found if isinstance(found, dict) else {}
