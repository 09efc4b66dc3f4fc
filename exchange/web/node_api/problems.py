"""What a program is told when it does not go well: RFC 9457 with the stable code, Chinese words, the field at fault.

Not here: `detail` of an error, which only the log may hold.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute

from exchange.errors import YidiError
from exchange.model.meanings import MEANINGS, words_of
from exchange.web.problem import problem, status_of, until_of

__all__ = ["Problem", "add_node_problems", "faults_of", "refuse"]

# How a rule of the domain names what it speaks of -> where that stands in what was sent.
_FIELDS: Final = {
    "公文标识": "/metadata/document_identifier",
    "标题": "/metadata/title",
    "份号": "/metadata/serial_number_of_copies",
    "密级": "/metadata/security_class",
    "保密期限": "/metadata/secrecy_period",
    "发文字号": "/metadata/issued_number",
    "附注": "/metadata/annotation",
    "印发机关": "/metadata/printing_department",
    "发布层次": "/metadata/release_level",
    "发文机关标志": "/metadata/issuer_identification",
    "发文机关署名": "/metadata/issuer_signatures",
    "签发人": "/metadata/signers",
    "主送机关": "/metadata/main_receivers",
    "附件说明": "/metadata/attachment_notes",
    "抄送机关": "/metadata/copy_receivers",
    "deadline": "/sign_within_hours",
    "operator": "/operator",
    "declaration name": "/declared_by",
    "declaration reviewer": "/reviewed_by",
    "content": "/content",
    "person": "/person",
    "reason text": "/text",
    "external id": "/external_id",
    "recipients": "/to",
    "unit": "query unit",
    "since": "query since",
    "after": "query after",
    "files": "/files",
}
_FIELDS_BY_CODE: Final = {
    "UNKNOWN_RECIPIENT": "/to",
    "FILE_NAME": "/files",
    "FILE_MISSING": "/files",
    "SECRECY_HOLD": "/reviewed_by",
    "REASON_REQUIRED": "/text",
}
# What pydantic says of a field, in Chinese.
_RULES: Final = {
    "missing": "必须填写",
    "extra_forbidden": "没有这一项",
    "string_too_long": "过长",
    "string_too_short": "过短",
    "too_long": "过多",
    "too_short": "过少",
    "enum": "不在可选范围内",
    "json_invalid": "不是正确的 JSON",
}


class Fault(BaseModel):
    """One field at fault."""

    pointer: str = Field(description="JSON Pointer into the body, or `query`, `path`, `header` and the name.")
    detail: str


class Problem(BaseModel):
    """RFC 9457. Act on `code`, which never changes its meaning; show `detail` to people."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[Fault] = []
    until: datetime | None = Field(default=None, description="When what is used up may be had again.")


def refuse(status: int, message: str, *, code: str, until: datetime | None = None, **more: object) -> JSONResponse:
    """The answer to what is not done."""
    title = MEANINGS.get(code, "")
    return problem(status, words_of(code, message), code=code, title=title, scheme="Bearer", until=until, **more)


def faults_of(errors: Iterable[Mapping[str, object]]) -> list[dict[str, str]]:
    """The fields at fault, of what pydantic found."""
    return [_fault(one) for one in errors]


def add_node_problems(app: FastAPI) -> None:
    @app.exception_handler(YidiError)
    async def ours(request: Request, error: YidiError) -> JSONResponse:
        request.state.code, request.state.detail = error.code, error.detail
        pointer = _pointer(error)
        more = {"errors": [{"pointer": pointer, "detail": error.message}]} if pointer else {}
        # What reaches the domain was well-formed: whatever it finds wrong is in the content.
        status = status_of(error)
        return refuse(422 if status == 400 else status, error.message, code=error.code, until=until_of(error), **more)

    @app.exception_handler(RequestValidationError)
    async def form(request: Request, error: RequestValidationError) -> JSONResponse:
        request.state.code = "VALUE"
        faults = faults_of(error.errors())
        message = "；".join(f"{one['pointer']}: {one['detail']}" for one in faults)
        return refuse(422, message, code="VALUE", errors=faults)

    @app.exception_handler(HTTPException)
    async def route(request: Request, error: HTTPException) -> JSONResponse:
        request.state.code = "HTTP_ROUTE"
        answer = refuse(error.status_code, MEANINGS["HTTP_ROUTE"], code="HTTP_ROUTE")
        answer.headers.update(error.headers or {})
        if error.status_code == 405:  # RFC 9110 15.5.6: all methods, where a route knows its own alone
            answer.headers["Allow"] = ", ".join(sorted(_methods(app.routes, request.url.path)))
        return answer


def _methods(routes: Iterable[BaseRoute], path: str) -> set[str]:
    found: set[str] = set()
    for route in routes:
        if isinstance(route, APIRoute) and route.path_regex.match(path):
            found |= route.methods or set()
        elif inner := getattr(route, "routes", None):
            found |= _methods(inner, path)
    return found


def _pointer(error: YidiError) -> str:
    label, colon, _ = error.message.partition(":")
    if colon and label.startswith("query "):
        return label
    known = _FIELDS.get(label) or _FIELDS.get(label.split(" ")[0]) if colon else None
    return known or _FIELDS_BY_CODE.get(error.code, "")


def _fault(error: Mapping[str, object]) -> dict[str, str]:
    """Where and which rule, never the value: it may be a secret."""
    place = error["loc"]
    assert isinstance(place, tuple)
    where, *rest = map(str, place)
    pointer = "".join(f"/{part}" for part in rest) if where == "body" else f"{where} {'.'.join(rest)}".rstrip()
    rule = str(error["type"])
    return {"pointer": pointer or "/", "detail": _RULES.get(rule, str(error["msg"]))}
