"""What an office system does by itself: it fetches files by links that its adapter gave it, and it calls.

A link shows no token: each is a secret of its own. A call shows one, from an address that the settings name; every
other gets the same answer, whatever is wrong with it. Wrong ones count as strangers. Not here: which links there are
(`exchange.adapters.links`), whose a call is and what becomes of it (`exchange.adapters.calls`).
"""

from collections.abc import Callable, Generator
from typing import BinaryIO, Final

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from exchange.errors import FileMissingError, NotAuthorisedError
from exchange.ports.office import OfficeCall
from exchange.web.body import whole_body
from exchange.web.downloads import kept_as
from exchange.web.limits import Attempts
from exchange.web.node_api.door import shown_token
from exchange.web.node_api.face import NodeFace

__all__ = ["add_offices", "whole"]

_PIECE: Final = 256 * 1024


def add_offices(router: APIRouter, face: NodeFace, strangers: Attempts) -> None:
    @router.post("/office/{name}/calls", include_in_schema=False)
    async def call(request: Request, name: str) -> dict[str, bool]:
        calls = face.calls(name)
        try:
            if calls is None or not calls.admits(_address(request)):
                raise NotAuthorisedError("no such token", code="TOKEN")
            body = await whole_body(request, calls.largest, face.settings.idle_seconds)
            token = shown_token(request.headers.get("authorization", ""))
            made = OfficeCall(token=token, fields=dict(request.headers), body=body)
            await run_in_threadpool(calls.take, made)
        except NotAuthorisedError:
            face.log.warning("office_call_refused", peer=_address(request))
            strangers.count(_address(request))
            raise
        return {"taken": True}

    @router.get("/office/{name}/files/{token}", include_in_schema=False, response_class=Response)
    def fetch(request: Request, name: str, token: str) -> Response:
        links = face.links(name)
        link = links.follow(token) if links is not None else None
        if links is None or link is None:
            face.log.warning("office_link_refused", peer=_address(request))
            strangers.count(_address(request))
            raise FileMissingError("no such link, or it was used")
        stream = face.node.files.open(link.sha256)
        headers = {"Content-Length": str(stream.seek(0, 2))} | kept_as(link.name)
        return StreamingResponse(whole(stream, lambda: links.end(token)), headers=headers, media_type=link.media_type)


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def whole(stream: BinaryIO, end: Callable[[], None]) -> Generator[bytes]:
    """All of it, and `end` once the connection has taken it: what was cut off may be fetched again."""
    with stream:
        stream.seek(0)
        while piece := stream.read(_PIECE):
            yield piece
    end()
