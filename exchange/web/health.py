"""What machines ask of a running process: /metrics and /metrics/units for Prometheus, /livez and /readyz for whoever
restarts and routes.

Live: the loops come round; if not, a restart helps. Ready: nothing it needs is missing; if not, a person is needed.
Answers hold states and codes, nothing of any document.
"""

from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from exchange.web.guard import SECURITY_HEADERS

__all__ = ["create_app"]

_METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def create_app(
    render: Callable[[], bytes],
    liveness: Callable[[], bool],
    readiness: Callable[[], dict[str, str | None]],
    render_units: Callable[[], bytes] = bytes,
) -> FastAPI:
    """`render_units`: what is known of each unit, apart since there may be thousands. `readiness` names each check and
    its fault, None for none. One that raises is a fault itself, and no 500."""
    app = FastAPI(title="Yidi 驿递", docs_url=None, redoc_url=None, openapi_url=None)

    @app.middleware("http")
    async def guard(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        response = await call_next(request)
        for name, value in SECURITY_HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    # Plain functions: they run in a thread, so that a slow store does not hold up the others.
    @app.get("/metrics")
    def metrics() -> Response:
        return Response(render(), media_type=_METRICS_TYPE)

    @app.get("/metrics/units")
    def unit_metrics() -> Response:
        return Response(render_units(), media_type=_METRICS_TYPE)

    @app.get("/livez")
    def livez() -> Response:
        live = _ask(lambda: {"loops": None if liveness() else "stuck"})["loops"] is None
        return PlainTextResponse("live\n" if live else "stuck\n", 200 if live else 503)

    @app.get("/readyz")
    def readyz() -> Response:
        checks = _ask(readiness)
        ready = not any(checks.values())
        body = {"ready": ready, "checks": {name: fault or "ok" for name, fault in checks.items()}}
        return JSONResponse(body, 200 if ready else 503)

    return app


def _ask(question: Callable[[], dict[str, str | None]]) -> dict[str, str | None]:
    try:
        return question()
    except Exception as error:  # noqa: BLE001 - whatever it is, the answer is "not ready"
        return {"loops": "unknown", "check": type(error).__name__}
