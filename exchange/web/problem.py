"""What a caller is told when it does not go well: RFC 9457, with the stable code that receipts and logs have, too.

Not here: `detail` of an error, which only the log may hold.
"""

from datetime import datetime
from email.utils import format_datetime
from http import HTTPStatus
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from exchange.codec.canonical import moment
from exchange.errors import (
    AllowanceError,
    CertificateError,
    CorruptFileError,
    DirectoryError,
    EnrolmentError,
    FileMissingError,
    LimitError,
    NotAuthorisedError,
    SignatureError,
    StorageError,
    TransportError,
    YidiError,
)

__all__ = ["add_problems", "problem", "status_of", "until_of"]

_BY_CODE: Final = {
    "OFFSET": 409,
    "HTTP_LENGTH": 411,
    "TUS_VERSION": 412,
    "HTTP_TYPE": 415,
    "HTTP_DIGEST": 400,
    "RATE": 429,
    "QUOTA": 429,
    "UPLOAD_QUOTA": 507,
    "CSR_FORMAT": 400,
    "CSR_PROOF": 400,
    "CSR_KEY": 400,
    "CSR_OWNER": 400,
    "NOT_FOUND": 404,
    "AMBIGUOUS": 409,
    "KEY_BUSY": 409,
    "LOCKED": 409,
    "PRINT_QUOTA": 409,
    "STATE": 409,
    "SCOPE": 403,
    "WEBHOOK_TARGET": 403,
    "WRONG_UNIT": 403,
    "KEY_REUSED": 422,
}
_BY_CLASS: Final[tuple[tuple[type[YidiError], int], ...]] = (
    (SignatureError, 401),
    (CertificateError, 401),
    (NotAuthorisedError, 401),
    (EnrolmentError, 403),
    (FileMissingError, 404),
    (LimitError, 413),
    (CorruptFileError, 422),
    (StorageError, 503),
    (TransportError, 503),
    (DirectoryError, 503),
)
# When to come again, in seconds: the day of a quota is long, everything else passes soon.
_RETRY_AFTER: Final = {"KEY_BUSY": "1", "LOCKED": "60", "RATE": "60", "QUOTA": "3600"}


def problem(
    status: int,
    message: str,
    *,
    code: str,
    title: str = "",
    scheme: str = "Signature",
    until: datetime | None = None,
    **more: object,
) -> JSONResponse:
    """`scheme`: how a caller shows who it is; `until`: when it may come again. `more`: members beside those of
    RFC 9457."""
    body = {
        "type": f"urn:yidi:problem:{code}",
        "title": title or HTTPStatus(status).phrase,
        "status": status,
        "detail": message,
        "code": code,
        **more,
    }
    headers = {}
    if status == 401:
        headers["WWW-Authenticate"] = f'{scheme} realm="yidi"'
    if status in (429, 503) or code in _RETRY_AFTER:
        headers["Retry-After"] = _RETRY_AFTER.get(code, "30")
    if until is not None:
        body["until"] = moment(until)
        headers["Retry-After"] = format_datetime(until, usegmt=True)
    return JSONResponse(body, status, headers=headers, media_type="application/problem+json")


def until_of(error: YidiError) -> datetime | None:
    """When what is used up may be had again."""
    return error.until if isinstance(error, AllowanceError) else None


def status_of(error: YidiError) -> int:
    by_class = next((status for kind, status in _BY_CLASS if isinstance(error, kind)), 400)
    return _BY_CODE.get(error.code, by_class)


def add_problems(app: FastAPI) -> None:
    @app.exception_handler(YidiError)
    async def ours(request: Request, error: YidiError) -> JSONResponse:
        request.state.code, request.state.detail = error.code, error.detail
        return problem(status_of(error), error.message, code=error.code, until=until_of(error))

    @app.exception_handler(RequestValidationError)
    async def form(request: Request, error: RequestValidationError) -> JSONResponse:  # noqa: ARG001  # the form asked for
        # Where and which rule, never the value: it may be a one-time code.
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        return problem(400, faults, code="VALUE")

    @app.exception_handler(HTTPException)
    async def route(request: Request, error: HTTPException) -> JSONResponse:  # noqa: ARG001
        answer = problem(error.status_code, "no such address or method here", code="HTTP_ROUTE")
        answer.headers.update(error.headers or {})
        return answer
