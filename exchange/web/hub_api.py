"""The hub's HTTP for nodes: enrolment, the directory, and files by digest. With it a node needs two connections, both
outgoing: this one and the broker's.

    POST  /v1/enrolment              a unit's certificate against its one-time code; open to strangers
    GET   /v1/directory?newer_than=  the signed snapshot
    POST  /v1/files                  begin an upload, or go on with it   (uploads.py)
    HEAD, PATCH /v1/uploads/{name}   how far it is; more of it
    GET   /v1/files/{sha256}         a file or a part of it              (downloads.py)
    GET   /v1/history?since=         what a restored node has lost       (history.py)
    GET   /v1/health                 that the process answers

All but the first and the last are signed with the unit's key (`exchange.trust.http`). docs/protocol-http.md is the
page for those who write another client.
"""

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import Depends, FastAPI, Query, Request, Response
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, ConfigDict, Field

from exchange.directory.snapshot import Directory
from exchange.errors import InputError
from exchange.files.hub import HubFileExchange
from exchange.model.unit import parse_unit_code
from exchange.ports.directory import DirectoryFeed
from exchange.ports.history import HistoryFeed
from exchange.ports.telemetry import Log
from exchange.ports.time import Clock
from exchange.services.hub.enroll import Enroller
from exchange.services.hub.upload_quota import UploadQuota
from exchange.settings import HubHttp
from exchange.trust.anchor import Anchor
from exchange.trust.digest import sha256_hex
from exchange.trust.http import SignedRequest
from exchange.web.downloads import add_downloads
from exchange.web.guard import Guard
from exchange.web.history import add_history
from exchange.web.limits import Attempts, Slots
from exchange.web.problem import add_problems
from exchange.web.serve import Server
from exchange.web.signed import Judge
from exchange.web.uploads import Uploads, add_uploads

__all__ = ["HubFace", "create_hub_app", "hub_server"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HubFace:
    """What the hub shows. `directory`: as of this very moment, so that a revocation holds at once; `authority`: the
    county's own certificate (DER)."""

    enroller: Enroller
    directory: Callable[[], Directory]
    feed: DirectoryFeed
    history: HistoryFeed
    files: HubFileExchange
    quota: UploadQuota
    anchor: Anchor
    authority: bytes
    clock: Clock
    log: Log
    settings: HubHttp


class EnrolmentRequest(BaseModel):
    """`request`: PKCS#10 in PEM, made where the key lives."""

    model_config = ConfigDict(extra="forbid")

    unit: str = Field(max_length=20)
    code: str = Field(max_length=64)
    request: str = Field(max_length=16 * 1024)


class EnrolmentAnswer(BaseModel):
    """`anchor` is what the node believes from now on; certificates are PEM."""

    certificate: str
    authority: str
    anchor: dict[str, str]
    broker: dict[str, str | int]


def create_hub_app(face: HubFace) -> FastAPI:
    """The application, for `hub_server`. Raises InputError for a setting that is no address."""
    settings = face.settings
    app = FastAPI(title="Yidi 驿递", version="1", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(Guard, log=face.log)
    add_problems(app)
    judge = Judge(settings.url, face.directory, face.clock)
    _add_enrolment(app, face)
    _add_directory(app, face.feed, judge)
    uploads = Uploads(
        files=face.files,
        slots=Slots(settings.uploads_at_once),
        quota=face.quota,
        idle_seconds=settings.idle_seconds,
    )
    add_uploads(app, uploads, judge)
    add_downloads(app, face.files, judge)
    add_history(app, face.history, judge, face.log)

    @app.get("/v1/health")
    def health() -> Response:
        return PlainTextResponse("ok\n")

    return app


def hub_server(face: HubFace) -> Server:
    """The application on its socket, not yet started. Raises InputError (WEB_TLS): only loopback goes without TLS."""
    settings = face.settings
    tls = None
    if settings.certificate_file:
        tls = Path(settings.certificate_file), Path(settings.key_file)
    elif settings.host not in ("127.0.0.1", "::1"):
        raise InputError(f"{settings.host}: nodes are served over TLS; give certificate and key", code="WEB_TLS")
    return Server(create_hub_app(face), settings.host, settings.port, tls=tls, connections=settings.connections)


def _add_enrolment(app: FastAPI, face: HubFace) -> None:
    by_unit = Attempts(face.clock, face.settings.enrolments_per_unit)
    by_address = Attempts(face.clock, face.settings.enrolments_per_address)

    @app.post("/v1/enrolment")
    def enrol(asked: EnrolmentRequest, request: Request) -> EnrolmentAnswer:
        # (1) not too often: a code cannot be guessed anyway, but a request costs us more than its sender
        by_address.count(request.client.host if request.client else "")
        by_unit.count(asked.unit)
        # (2) the request, then the code. Whether the unit exists shows in no answer: without the right code all get
        # the same.
        unit = parse_unit_code(asked.unit)
        certificate = face.enroller.enroll([(unit, asked.code, asked.request)])[unit]
        face.log.info("unit_enrolled", unit=unit)
        return EnrolmentAnswer(
            certificate=ssl.DER_cert_to_PEM_cert(certificate),
            authority=ssl.DER_cert_to_PEM_cert(face.authority),
            anchor=face.anchor.fields(),
            broker=face.settings.broker.model_dump(),
        )


def _add_directory(app: FastAPI, feed: DirectoryFeed, judge: Judge) -> None:
    @app.get("/v1/directory", response_class=Response)
    def directory(
        request: Request,
        newer_than: Annotated[int, Query(ge=0, lt=2**63)] = 0,
        _who: SignedRequest = Depends(judge),
    ) -> Response:
        document = feed.newer(newer_than)
        if document is None:
            return Response(status_code=204)
        tag = f'"{sha256_hex(document)}"'
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers={"ETag": tag})
        return Response(document, headers={"ETag": tag}, media_type="application/xml")
