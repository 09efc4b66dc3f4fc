"""Files out of hub or node: by digest, whole or from any byte on, to those that may read them.

A file that is not there and one that the unit may not read get the same answer. RFC 9110 section 14.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO, Final, Protocol
from urllib.parse import quote

from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import StreamingResponse

from exchange.model.unit import UnitCode
from exchange.trust.http import SignedRequest
from exchange.web.signed import Judge

__all__ = ["Readable", "add_downloads", "kept_as", "send_file"]

_PIECE: Final = 256 * 1024
_RANGE: Final = re.compile(r"bytes=([0-9]{0,13})-([0-9]{0,13})", re.ASCII)


class Readable(Protocol):
    """What `exchange.files.hub` lets a unit read."""

    def open(self, unit: UnitCode, sha256: str, offset: int = 0) -> BinaryIO:
        """Raises FileMissingError."""
        ...


def add_downloads(app: FastAPI, files: Readable, judge: Judge) -> None:
    @app.get("/v1/files/{sha256}", response_class=Response)
    def fetch(request: Request, sha256: str, who: SignedRequest = Depends(judge)) -> Response:
        return send_file(request, files.open(who.unit, sha256), sha256)


def send_file(
    request: Request, stream: BinaryIO, sha256: str, media_type: str = "application/octet-stream", name: str = ""
) -> Response:
    """`stream`, or the part of it that `request` asks for. `name`: under which a person would keep it."""
    size, tag = stream.seek(0, 2), f'"{sha256}"'
    headers = {"ETag": tag, "Accept-Ranges": "bytes"} | kept_as(name)
    wanted = _range(request, tag, size)
    if request.headers.get("if-none-match") == tag:
        stream.close()
        return Response(status_code=304, headers=headers)
    if wanted is not None and not wanted:
        stream.close()
        return Response(status_code=416, headers=headers | {"Content-Range": f"bytes */{size}"})
    part = wanted or range(size)
    headers["Content-Length"] = str(len(part))
    if wanted:
        headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{size}"
    return StreamingResponse(_pieces(stream, part), 206 if wanted else 200, headers, media_type=media_type)


def kept_as(name: str) -> dict[str, str]:
    """The header by which a browser keeps a file under this name, and does not open it as a page. RFC 6266, 8187."""
    return {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"} if name else {}


def _range(request: Request, tag: str, size: int) -> range | None:
    """The bytes asked for, empty if there are none such; None for the whole file. Of several ranges none is read:
    14.2 allows it."""
    match = _RANGE.fullmatch(request.headers.get("range", ""))
    if match is None or request.headers.get("if-range", tag) != tag or match[0] == "bytes=-":
        return None
    first, last = match[1], match[2]
    if not first:  # 14.1.2: the last so many
        return range(max(0, size - int(last)), size)
    if last and int(last) < int(first):
        return None
    return range(int(first), min(size, int(last) + 1) if last else size)


def _pieces(stream: BinaryIO, part: range) -> Iterator[bytes]:
    with stream:
        stream.seek(part.start)
        left = len(part)
        while left and (piece := stream.read(min(left, _PIECE))):
            left -= len(piece)
            yield piece
