"""What holds for every request to the hub: bounded fields, a bounded body of known length, headers that forbid
everything to browsers, a line in the log, and no failure that tells a stranger anything.

Not here: who asks (`exchange.web.signed`), how often (`exchange.web.limits`).
"""

import time
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from exchange.ports.telemetry import Log
from exchange.web.problem import problem

__all__ = ["SECURITY_HEADERS", "Guard"]

SECURITY_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_HSTS: Final = "max-age=31536000"
_SMALL_BODY: Final = 64 * 1024
_FIELDS: Final = 16 * 1024


class Guard:
    """An ASGI middleware. Bodies of PATCH are bounded by whoever reads them, all others here."""

    def __init__(self, app: ASGIApp, log: Log) -> None:
        self._app, self._log = app, log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _add_headers(scope, message)
            await send(message)

        scope.setdefault("state", {})
        refusal = _fault(scope)
        try:
            await (refusal or self._app)(scope, receive, answer)
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller learns nothing and the log all
            self._log.alarm("http_failed", route=_route(scope), error=type(error).__name__, detail=str(error))
            if not status:
                await problem(500, "an unexpected failure; it was logged", code="ERROR")(scope, receive, answer)
        state = scope["state"]
        self._log.info(
            "http_answered",
            method=scope["method"],
            route=_route(scope),
            status=status,
            ms=round((time.perf_counter() - began) * 1000),
            unit=state.get("unit"),
            code=state.get("code"),
            detail=state.get("detail"),
        )


def _fault(scope: Scope) -> ASGIApp | None:
    headers = Headers(scope=scope)
    if sum(len(name) + len(value) for name, value in headers.raw) > _FIELDS:
        return problem(431, f"more than {_FIELDS} bytes of fields", code="SIZE")
    if "transfer-encoding" in headers:
        return problem(411, "say the length of the body", code="HTTP_LENGTH")
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()):
        return problem(400, "the length of the body is not a number", code="HTTP_LENGTH")
    if scope["method"] != "PATCH" and int(length) > _SMALL_BODY:
        return problem(413, f"more than {_SMALL_BODY} bytes", code="SIZE")
    return None


def _add_headers(scope: Scope, message: Message) -> None:
    headers = MutableHeaders(scope=message)
    for name, value in SECURITY_HEADERS.items():
        headers.setdefault(name, value)
    if scope["scheme"] == "https":
        headers["Strict-Transport-Security"] = _HSTS


def _route(scope: Scope) -> str:
    """The route's pattern: an address itself holds digests."""
    return str(getattr(scope.get("route"), "path", "-"))
