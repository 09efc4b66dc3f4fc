"""What EKP's services are asked: processes are started, passed and changed by one, to-dos read and made by the other.

    addReview, approveProcess, updateReviewInfo     of kmReview: the answer is the process's id
    getTodo, sendTodo                               of sysNotify: the answer is a state, 2 when it is done

Answers are 200 whatever happened, and words where an id belongs. Not here: how they are asked (`lines`).
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any, BinaryIO, Final

from exchange.adapters.landray.lines import Attached, Line
from exchange.adapters.times import county_time
from exchange.errors import AdapterError

__all__ = ["PROCESS", "Kind", "LandrayClient", "Process", "SaidNoError", "ToDo"]

PROCESS: Final = "com.landray.kmss.km.review.model.KmReviewMain"
_PAGE: Final = 500
_MOST_PAGES: Final = 200
_DONE: Final = "2"
_ID: Final = re.compile(r"[0-9a-f]{32,36}")


class SaidNoError(AdapterError):
    """The office answered, and did not do it."""


class Kind(IntEnum):
    """Of to-dos."""

    FINISHED = -1
    WAITING = 0
    TO_APPROVE = 1
    TO_READ = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """As far as it is known: what is empty is not said again to the office. `creator`: a login name."""

    id: str
    template: str = ""
    title: str = ""
    creator: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToDo:
    """`id`: another one for each time. `created`: as the office writes it, YYYY-MM-DD hh:mm:ss."""

    id: str
    process: str
    title: str
    created: str


class LandrayClient:
    """`login_name`: of the user that we are there. Every method raises AdapterError."""

    def __init__(self, line: Line, login_name: str) -> None:
        self._line, self._login_name = line, login_name

    def start(self, template: str, title: str, values: Mapping[str, str], attached: Sequence[Attached]) -> str:
        """Returns the process's id."""
        form = {
            "docSubject": title,
            "fdTemplateId": template,
            "docCreator": _person(self._login_name),
            "docStatus": "20",
            "formValues": json.dumps(values, ensure_ascii=False),
        }
        return _id_in("addReview", self._line.review("addReview", form, attached))

    def approve(
        self, process: Process, said: str, values: Mapping[str, str], *, passed: bool, back_to: str = ""
    ) -> None:
        """Pass it on, or give it back, as its handler."""
        flow: dict[str, Any] = {
            "operationType": "handler_pass" if passed else "handler_refuse",
            "handler": {"LoginName": self._login_name},
            "auditNote": said,
            "operParam": {"jumpToNodeId": back_to} if back_to and not passed else {},
        }
        form = _form(process, values) | {"flowParam": json.dumps(flow, ensure_ascii=False)}
        _id_in("approveProcess", self._line.review("approveProcess", form))

    def change(self, process: Process, values: Mapping[str, Sequence[str]]) -> None:
        """Write these controls, each a column of a detail table."""
        _id_in("updateReviewInfo", self._line.review("updateReviewInfo", _form(process, values)))

    def to_dos(self, login_name: str, kind: Kind, **only: str) -> Iterator[ToDo]:
        """Of a person, the newest first, page by page. `only`: modelName, key."""
        context: dict[str, str | int] = {"targets": _person(login_name), "type": int(kind), "rowSize": _PAGE}
        if only:
            context["otherCond"] = json.dumps([{name: value} for name, value in only.items()], ensure_ascii=False)
        for page in range(1, _MOST_PAGES):
            found = _object("getTodo", self._done("getTodo", context | {"pageNo": page}))
            for one in found.get("docs") or ():
                yield ToDo(
                    id=str(one["id"]),
                    process=str(one.get("modelId") or ""),
                    title=str(one.get("subject") or ""),
                    created=str(one.get("createTime") or ""),
                )
            if page >= int(found.get("pageCount") or 0):
                return

    def send_news(self, login_name: str, key: str, title: str, process: str, at: datetime) -> None:
        """A to-read. `process`: the one that opens with it, or nothing."""
        link = f"/km/review/km_review_main/kmReviewMain.do?method=view&fdId={process}" if process else "/"
        context: dict[str, str | int] = {
            "modelName": "yidi",
            "modelId": process or key,
            "key": key,
            "subject": title,
            "link": link,
            "type": int(Kind.TO_READ),
            "targets": _person(login_name),
            "createTime": county_time(at),
        }
        self._done("sendTodo", context)

    def download(self, path: str) -> BinaryIO:
        return self._line.download(path)

    def close(self) -> None:
        self._line.close()

    def _done(self, verb: str, context: Mapping[str, str | int]) -> Any:
        state, message = self._line.notify(verb, context)
        if state != _DONE:
            raise SaidNoError(f"蓝凌：{verb} 未成功", detail=str(message)[:300])
        return message


def _form(process: Process, values: Mapping[str, Any]) -> dict[str, str]:
    form = {
        "fdId": process.id,
        "fdTemplateId": process.template,
        "docSubject": process.title,
        "docCreator": _person(process.creator) if process.creator else "",
        "formValues": json.dumps(values, ensure_ascii=False) if values else "",
    }
    return {name: text for name, text in form.items() if text}


def _person(login_name: str) -> str:
    return json.dumps({"LoginName": login_name}, ensure_ascii=False)


def _id_in(verb: str, text: str) -> str:
    """The id that an answer is, bare or in {"returnState": 2, "message": id}."""
    said = text.strip().strip('"')
    if said.startswith("{"):
        found = _object(verb, said)
        said = str(found.get("message")) if str(found.get("returnState")) == _DONE else said
    if not _ID.fullmatch(said):
        raise SaidNoError(f"蓝凌：{verb} 未成功", detail=said[:300])
    return said


def _object(verb: str, found: Any) -> dict[str, Any]:
    """JSON, whether it was read already or not."""
    try:
        read = json.loads(found) if isinstance(found, str) else found
    except ValueError:
        read = None
    if not isinstance(read, dict):
        raise AdapterError(f"蓝凌：{verb} 的回答不认识", detail=str(found)[:300])
    return read
