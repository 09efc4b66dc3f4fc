"""GET /dashboards and what belongs to it. Nothing here changes anything, and nothing of it comes from elsewhere."""

import time
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import FastAPI, HTTPException, Query, Request, Response
from fastapi.responses import FileResponse, RedirectResponse

from exchange.errors import InvalidValueError, TransportError
from exchange.model.meanings import words_of
from exchange.web.dashboards.boards import Asked, Source, board, choices, data, names, variables

__all__ = ["add_dashboards"]

_HERE: Final = Path(__file__).parent
_PARTS: Final = {
    "page.js": _HERE / "page/page.js",
    "page.css": _HERE / "page/page.css",
    "uplot.js": _HERE / "uplot/uPlot.iife.min.js",
    "uplot.css": _HERE / "uplot/uPlot.min.css",
}
_ALLOWED: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

Minutes = Annotated[int, Query(ge=1, le=31 * 1440)]


def add_dashboards(app: FastAPI, source: Source) -> None:
    """Serve them, from what `source` says."""
    _add_page(app)
    _add_boards(app, source)


def _add_page(app: FastAPI) -> None:
    @app.get("/dashboards")
    def page() -> Response:
        return FileResponse(_HERE / "page/page.html", media_type="text/html; charset=utf-8", headers=_ALLOWED)

    @app.get("/dashboards/parts/{name}")
    def part(name: str) -> Response:
        if name not in _PARTS:
            raise HTTPException(404)
        return FileResponse(_PARTS[name])

    @app.get("/")
    def root() -> Response:
        return RedirectResponse("/dashboards")


def _add_boards(app: FastAPI, source: Source) -> None:
    @app.get("/dashboards/boards")
    def boards() -> dict[str, str]:
        return names()

    @app.get("/dashboards/boards/{name}")
    def one(name: str) -> dict[str, Any]:
        return _known(name)

    @app.get("/dashboards/boards/{name}/choices")
    def values_of_variables(name: str) -> dict[str, dict[str, str]]:
        try:
            return choices(_known(name), source)
        except TransportError as error:
            raise HTTPException(502, words_of(error.code, error.message)) from error

    @app.get("/dashboards/boards/{name}/data")
    def values(name: str, request: Request, minutes: Minutes = 60) -> dict[str, Any]:
        known, end = _known(name), time.time()
        chosen = {key: value for key, value in request.query_params.items() if key != "minutes"}
        wanted = {one["name"] for one in variables(known)}
        if chosen.keys() != wanted:
            raise HTTPException(422, f"this board asks for {', '.join(sorted(wanted)) or 'nothing'} and minutes")
        try:
            asked = Asked(end - 60 * minutes, end, chosen)
        except InvalidValueError as error:
            raise HTTPException(422, str(error)) from error
        return {"start": asked.start, "end": asked.end, "panels": data(known, asked, source)}


def _known(name: str) -> dict[str, Any]:
    found = board(name)
    if found is None:
        raise HTTPException(404, f"no such board; there are {', '.join(names())}")
    return found
