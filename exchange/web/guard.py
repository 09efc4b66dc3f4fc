"""What holds for every request to hub or node: bounded fields, a bounded body of known length, headers that forbid
everything to browsers, a line in the log, and no failure that tells a stranger anything.

Not here: who asks (`exchange.web.signed`), how often (`exchange.web.limits`).
"""

import asyncio
import time
from collections.abc import Callable
from typing import Final, Protocol

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from exchange.errors import loggable
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


class Refuse(Protocol):
    """As `problem`."""

    def __call__(self, status: int, message: str, /, *, code: str) -> ASGIApp: ...


class Guard:
    """An ASGI middleware. Bodies of PATCH are bounded by whoever reads them, all others here: `largest` says by how
    much. Fields that a route leaves in the request's state go out with its answer."""

    def __init__(
        self, app: ASGIApp, log: Log, largest: Callable[[str, str], int] | None = None, refuse: Refuse = problem
    ) -> None:
        """`largest`: path and content type -> bytes. `refuse`: makes the answer to what is not done."""
        self._app, self._log, self._refuse = app, log, refuse
        self._largest = largest or (lambda _path, _kind: _SMALL_BODY)

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
        refusal = self._fault(scope)
        try:
            await (refusal or self._app)(scope, receive, answer)
        except asyncio.CancelledError:  # the process is told to stop, and this took too long: whoever asked asks again
            self._log.warning("http_cut_short", route=_route(scope))
            if not status:
                await self._refuse(503, "stopping; ask again soon", code="ERROR")(scope, receive, answer)
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller learns nothing and the log all
            self._log.alarm("http_failed", route=_route(scope), detail=loggable(error))
            if not status:
                await self._refuse(500, "an unexpected failure; it was logged", code="ERROR")(scope, receive, answer)
        state = scope["state"]
        self._log.info(
            "http_answered",
            method=scope["method"],
            route=_route(scope),
            status=status,
            ms=round((time.perf_counter() - began) * 1000),
            unit=state.get("unit"),
            token_id=state.get("token"),
            code=state.get("code"),
            detail=state.get("detail"),
        )

    def _fault(self, scope: Scope) -> ASGIApp | None:
        headers = Headers(scope=scope)
        if sum(len(name) + len(value) for name, value in headers.raw) > _FIELDS:
            return self._refuse(431, f"more than {_FIELDS} bytes of fields", code="SIZE")
        if "transfer-encoding" in headers:
            return self._refuse(411, "say the length of the body", code="HTTP_LENGTH")
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()):
            return self._refuse(400, "the length of the body is not a number", code="HTTP_LENGTH")
        largest = self._largest(scope["path"], headers.get("content-type", ""))
        if scope["method"] != "PATCH" and int(length) > largest:
            return self._refuse(413, f"more than {largest} bytes", code="SIZE")
        return None


def _add_headers(scope: Scope, message: Message) -> None:
    headers = MutableHeaders(scope=message)
    for name, value in (SECURITY_HEADERS | scope["state"].get("fields", {})).items():
        headers.setdefault(name, value)
    if scope["scheme"] == "https":
        headers["Strict-Transport-Security"] = _HSTS


def _route(scope: Scope) -> str:
    """The route's pattern: an address itself holds digests."""
    return str(getattr(scope.get("route"), "path", "-"))
