"""Files that an office system fetches by itself, by links that its adapter gave it.

It shows no token: each link is a secret of its own. Wrong ones count as strangers. Not here: which links there are
(`exchange.adapters.links`).
"""

from collections.abc import Callable, Iterator
from typing import BinaryIO, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from exchange.errors import FileMissingError
from exchange.web.limits import Attempts
from exchange.web.node_api.face import NodeFace

__all__ = ["add_offices"]

_PIECE: Final = 256 * 1024


def add_offices(router: APIRouter, face: NodeFace, strangers: Attempts) -> None:
    @router.get("/office/{name}/files/{token}", include_in_schema=False, response_class=Response)
    def fetch(request: Request, name: str, token: str) -> Response:
        links = face.links(name)
        link = links.follow(token) if links is not None else None
        if links is None or link is None:
            address = request.client.host if request.client else ""
            face.log.warning("office_link_refused", address=address)
            strangers.count(address)
            raise FileMissingError("no such link, or it was used")
        stream = face.node.files.open(link.sha256)
        headers = {"Content-Length": str(stream.seek(0, 2))}
        return StreamingResponse(_whole(stream, lambda: links.end(token)), headers=headers, media_type=link.media_type)


def _whole(stream: BinaryIO, end: Callable[[], None]) -> Iterator[bytes]:
    """All of it, and `end` once the connection has taken it: what was cut off may be fetched again."""
    with stream:
        stream.seek(0)
        while piece := stream.read(_PIECE):
            yield piece
    end()
