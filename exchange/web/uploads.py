"""Files into hub or node: the server's part of tus 1.0 (core and creation) for blobs named by their digests.

An upload's address says everything about it, so that any process can go on with it. What arrived before a cut is kept,
and the next request begins exactly there. At the announced size the hub hashes the file; only then is it the unit's.

Not here: what becomes of a finished file (`exchange.files.hub`, `exchange.services.node.uploaded`).
"""

import asyncio
import base64
import binascii
import hashlib
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Final, Protocol

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from exchange.errors import (
    FileMissingError,
    InvalidValueError,
    LimitError,
    RefusedError,
    SignatureError,
    TransportError,
)
from exchange.model.envelope import MAX_FILE_SIZE, FileEntry, FileRole
from exchange.model.unit import UnitCode
from exchange.web.limits import Slots

__all__ = ["Uploads", "add_uploads"]

_STEP: Final = 1024 * 1024
_VERSION: Final = "1.0.0"
_TUS: Final = {"Tus-Resumable": _VERSION}
_CONTENT: Final = "application/offset+octet-stream"
_NAME: Final = re.compile(r"([0-9a-f]{64})\.([0-9]{1,13})\.([0-9a-f]{64})", re.ASCII)
_NOT_GIVEN: Final = "0" * 64
_NUMBER: Final = re.compile(r"[0-9]{1,13}", re.ASCII)


class Uploader(Protocol):
    """Who uploads. `content_digest`: SHA-256 that the body must have, None if none was given."""

    @property
    def unit(self) -> UnitCode: ...

    @property
    def content_digest(self) -> bytes | None: ...


class Receiving(Protocol):
    """As in `exchange.ports.files.FileExchange`."""

    def offset(self, unit: UnitCode, entry: FileEntry) -> int: ...

    def upload(self, unit: UnitCode, entry: FileEntry, offset: int, chunk: bytes) -> int: ...


class Allowance(Protocol):
    """Bytes that a unit may upload. `check` and `take` raise LimitError."""

    def check(self, unit: UnitCode, coming: int) -> None: ...

    def take(self, unit: UnitCode, coming: int) -> None:
        """Count them before they come."""
        ...

    def give_back(self, unit: UnitCode, missing: int) -> None:
        """So many of them did not come."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploads:
    """`create`: where uploads begin; `address`: what their addresses begin with. `at_home`: whoever uploads is on the
    unit's own premises, and need give neither SM3 nor the digest of each piece. `expires`: until when an upload is kept
    that was just asked for."""

    files: Receiving
    slots: Slots
    quota: Allowance
    idle_seconds: float
    create: str = "/v1/files"
    address: str = "/v1/uploads"
    at_home: bool = False
    expires: Callable[[], datetime] | None = None

    def fields(self, offset: int, **more: str) -> dict[str, str]:
        """How far an upload is that was asked for just now, and until when it is kept (tus 1.0, expiration)."""
        until = {} if self.expires is None else {"Upload-Expires": format_datetime(self.expires(), usegmt=True)}
        return _TUS | {"Upload-Offset": str(offset)} | until | more


def add_uploads(app: FastAPI | APIRouter, uploads: Uploads, judge: Callable[..., Uploader]) -> None:
    @app.options(uploads.create, status_code=204, summary="上传的能力 What uploads can do")
    def discover() -> Response:
        extensions = "creation" if uploads.expires is None else "creation,expiration"
        known = {"Tus-Version": _VERSION, "Tus-Extension": extensions, "Tus-Max-Size": str(MAX_FILE_SIZE)}
        return Response(status_code=204, headers=_TUS | known)

    @app.post(uploads.create, status_code=201, response_class=Response, summary="开始或继续上传 Begin an upload")
    def create(request: Request, who: Uploader = Depends(judge)) -> Response:
        _check_version(request)
        given = _metadata(request.headers.get("upload-metadata", ""))
        size = _number(request, "upload-length")
        entry = _entry(given.get("sha256", ""), size, given.get("sm3", _NOT_GIVEN if uploads.at_home else ""))
        offset = uploads.files.offset(who.unit, entry)
        uploads.quota.check(who.unit, entry.size - offset)
        query = f"?{request.url.query}" if request.url.query else ""
        address = f"{uploads.address}/{entry.sha256}.{entry.size}.{entry.sm3}{query}"
        return Response(status_code=201, headers=uploads.fields(offset, Location=address))

    @app.head(uploads.address + "/{name}", response_class=Response, summary="已传到哪里 How far an upload is")
    def look(request: Request, name: str, who: Uploader = Depends(judge)) -> Response:
        _check_version(request)
        entry = _named(name)
        offset = uploads.files.offset(who.unit, entry)
        return Response(headers=uploads.fields(offset, **{"Upload-Length": str(entry.size)}))

    @app.patch(uploads.address + "/{name}", status_code=204, response_class=Response, summary="续传一段 The next piece")
    async def append(request: Request, name: str, who: Uploader = Depends(judge)) -> Response:
        _check_version(request)
        entry, offset = _named(name), _number(request, "upload-offset")
        if request.headers.get("content-type") != _CONTENT:
            raise RefusedError(f"Content-Type: expected {_CONTENT}", code="HTTP_TYPE")
        length = _number(request, "content-length")
        if offset + length > entry.size:
            raise LimitError(f"file {entry.sha256}: more than the {entry.size} bytes announced", code="SIZE")
        with uploads.slots.one(who.unit):
            async with _counted(uploads.quota, who.unit, length) as came:
                offset = await _receive(uploads, who, entry, offset, request, came)
        return Response(status_code=204, headers=uploads.fields(offset))


class _Came:
    """How many bytes of a body have come."""

    bytes = 0


@asynccontextmanager
async def _counted(quota: Allowance, unit: UnitCode, length: int) -> AsyncIterator[_Came]:
    """All of a body counts before it comes, and what did not come is given back."""
    await run_in_threadpool(quota.take, unit, length)
    came = _Came()
    try:
        yield came
    finally:
        if missing := length - came.bytes:
            await run_in_threadpool(quota.give_back, unit, missing)


async def _receive(
    uploads: Uploads, who: Uploader, entry: FileEntry, offset: int, request: Request, came: _Came
) -> int:
    """Append the body step by step; returns the new offset. The last step waits until the body's digest is right."""
    if who.content_digest is None and not uploads.at_home:
        raise SignatureError("the body needs a Content-Digest", code="HTTP_DIGEST")
    found, held = hashlib.sha256(), bytearray()
    try:
        async for part in _parts(request, uploads.idle_seconds):
            came.bytes += len(part)
            found.update(part)
            held += part
            while len(held) > _STEP:
                offset = await _append(uploads, who.unit, entry, offset, bytes(held[:_STEP]))
                del held[:_STEP]
    except (ClientDisconnect, TimeoutError) as error:
        # It came from the unit, over TLS, and the whole file will be hashed: on a bad line every byte counts.
        if held:
            await _append(uploads, who.unit, entry, offset, bytes(held))
        raise TransportError("the upload was cut", code="CUT") from error
    except asyncio.CancelledError:
        if held:  # this process is told to stop, and nothing is to be waited for any more
            uploads.files.upload(who.unit, entry, offset, bytes(held))
        raise
    if who.content_digest not in (None, found.digest()):
        raise SignatureError("the body is not the one that was signed", code="HTTP_DIGEST")
    return await _append(uploads, who.unit, entry, offset, bytes(held))


async def _append(uploads: Uploads, unit: UnitCode, entry: FileEntry, offset: int, chunk: bytes) -> int:
    return await run_in_threadpool(uploads.files.upload, unit, entry, offset, chunk)


async def _parts(request: Request, idle_seconds: float) -> AsyncIterator[bytes]:
    stream = request.stream()
    while True:
        async with asyncio.timeout(idle_seconds):
            part = await anext(stream, None)
        if part is None:
            return
        yield part


def _check_version(request: Request) -> None:
    if request.headers.get("tus-resumable") != _VERSION:
        raise RefusedError(f"Tus-Resumable: expected {_VERSION}", code="TUS_VERSION")


def _number(request: Request, field: str) -> int:
    value = request.headers.get(field, "")
    if not _NUMBER.fullmatch(value):
        raise InvalidValueError(f"{field}: expected a number")
    return int(value)


def _metadata(field: str) -> dict[str, str]:
    """tus 1.0, creation: `key base64, key base64`."""
    found = {}
    for pair in field.split(","):
        key, _, value = pair.strip().partition(" ")
        try:
            found[key] = base64.b64decode(value, validate=True).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError) as error:
            raise InvalidValueError("Upload-Metadata: expected keys with values in base64") from error
    return found


def _named(name: str) -> FileEntry:
    match = _NAME.fullmatch(name)
    if match is None:
        raise FileMissingError("no such upload")
    return _entry(match[1], int(match[2]), match[3])


def _entry(sha256: str, size: int, sm3: str) -> FileEntry:
    # What a document calls the file is nobody's business here.
    return FileEntry(
        role=FileRole.OTHER, name="upload", media_type="application/octet-stream", size=size, sha256=sha256, sm3=sm3
    )
