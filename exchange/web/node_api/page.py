"""The page of the interface, OpenAPI 3.1: what the routes say of themselves, with what may go wrong written once.

Not here: the routes.
"""

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from exchange.web.node_api.problems import Problem

__all__ = ["errors", "page_of_app"]

_WORDS: Final = {
    400: "请求有误 The request is wrong.",
    401: "没有令牌或令牌无效 No token, or none that is good.",
    403: "令牌无此权限 The token may not do this, or not for this unit.",
    404: "没有 There is no such thing.",
    409: "当前状态下不能 Not in this state, or being done already.",
    411: "须说明长度 Say the length of the body.",
    412: "tus 版本 Not the version of tus spoken here.",
    413: "过大 Too large.",
    415: "内容类型不对 Not this type of content.",
    416: "没有这一段 No such part of the file.",
    422: "内容不合规则；errors 指明哪一项 What was sent breaks a rule; `errors` names the field.",
    429: "过于频繁 Too often; see Retry-After.",
    431: "头部过大 Too many bytes of fields.",
    500: "程序内部错误 An unexpected failure.",
    503: "暂不可用 Not at the moment; see Retry-After.",
}
_EVERYWHERE: Final = {400, 401, 403, 411, 413, 422, 429, 431, 500, 503}
_EXAMPLE: Final = {
    "type": "urn:yidi:problem:UNKNOWN_RECIPIENT",
    "title": "没有这个收文单位或分组",
    "status": 422,
    "detail": "没有这个收文单位或分组：'乙真' is neither a unit nor a group of this directory; did you mean 乙镇?",
    "code": "UNKNOWN_RECIPIENT",
    "errors": [{"pointer": "/to", "detail": "'乙真' is neither a unit nor a group of this directory"}],
}

Responses = dict[int | str, dict[str, Any]]


def errors(*more: int) -> Responses:
    """The answers of a route beside its own: those that every route may give, and `more`."""
    return {status: {"description": _WORDS[status]} for status in sorted(_EVERYWHERE | set(more))}


def page_of_app(app: FastAPI) -> dict[str, Any]:
    """In place of `app.openapi`."""
    if app.openapi_schema is None:
        page = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
            openapi_version="3.1.0",
        )
        parts = page["components"]
        parts["responses"] = {f"Problem{status}": _problem(status) for status in _WORDS}
        schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        parts["schemas"] |= schema.pop("$defs") | {"Problem": schema}
        for operation in (one for item in page["paths"].values() for one in item.values()):
            for status in operation["responses"]:
                if int(status) in _WORDS:
                    operation["responses"][status] = {"$ref": f"#/components/responses/Problem{status}"}
        app.openapi_schema = page
    return app.openapi_schema


def _problem(status: int) -> dict[str, Any]:
    content = {"schema": {"$ref": "#/components/schemas/Problem"}, "example": _EXAMPLE | {"status": status}}
    return {"description": _WORDS[status], "content": {"application/problem+json": content}}
