"""The node's HTTP as one application, and on its socket.

Not here: what it is made of (`workers.programs`).
"""

from functools import partial
from pathlib import Path

from fastapi import APIRouter, Depends, FastAPI

from exchange.errors import InputError
from exchange.settings import NodeApi
from exchange.web.guard import Guard
from exchange.web.limits import Attempts, Rate
from exchange.web.node_api.directory import add_directory
from exchange.web.node_api.documents import add_documents
from exchange.web.node_api.door import BEARER, Door
from exchange.web.node_api.events import add_events
from exchange.web.node_api.face import BASE, NodeFace
from exchange.web.node_api.files import add_files
from exchange.web.node_api.inbox import add_inbox
from exchange.web.node_api.marks import add_marks
from exchange.web.node_api.notices import add_notices
from exchange.web.node_api.offices import add_offices
from exchange.web.node_api.once import Once, route_class
from exchange.web.node_api.page import page_of_app
from exchange.web.node_api.problems import add_node_problems, refuse
from exchange.web.node_api.sender import add_sender
from exchange.web.node_api.soap.route import SOAP_BYTES, SOAP_PATH, add_soap
from exchange.web.node_api.statistics import add_statistics
from exchange.web.node_api.webhooks import add_webhooks
from exchange.web.serve import Server

__all__ = ["create_node_app", "node_server"]

_PARTS = (
    add_directory,
    add_documents,
    add_sender,
    add_inbox,
    add_marks,
    add_files,
    add_events,
    add_webhooks,
    add_statistics,
    add_notices,
)
_JSON_BYTES = 1024 * 1024
_WORDS = """单位自己的程序（办公系统）通过本接口收发公文：人能做的，程序都能做。For programs on a unit's own premises.

Every POST that does something takes an `Idempotency-Key`. Errors are RFC 9457 with a stable `code`. Whatever happens
is told by `GET /api/v1/events`, in order."""


def create_node_app(face: NodeFace) -> FastAPI:
    settings, node = face.settings, face.node
    app = FastAPI(
        title="驿递节点接口 Yidi node",
        version="1",
        description=_WORDS,
        openapi_url=f"{BASE}/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.add_middleware(Guard, log=face.log, largest=partial(_largest, settings), refuse=refuse)
    add_node_problems(app)
    strangers = Attempts(node.clock, settings.strangers_per_address)
    door = Door(face.tokens, node.store, Rate(node.clock, settings.requests_per_minute), strangers, face.log)
    once = Once(node.store, node.clock)
    router = APIRouter(route_class=route_class(door, once), dependencies=[Depends(BEARER)])
    for add in _PARTS:
        add(router, face, door)
    app.include_router(router)
    offices = APIRouter()
    add_offices(offices, face, strangers)
    app.include_router(offices)
    if settings.soap:
        service = APIRouter()
        add_soap(service, face, door, once)
        app.include_router(service)
    app.openapi = partial(page_of_app, app)  # type: ignore[method-assign]  # as FastAPI tells one to
    return app


def _largest(settings: NodeApi, path: str, kind: str) -> int:
    """A form's files go to disk as they come; what is read at once is bounded closely."""
    if settings.soap and path == SOAP_PATH:
        return SOAP_BYTES
    takes_files = path == f"{BASE}/documents" or path.endswith("/supersede")
    return settings.form_bytes if takes_files and kind.startswith("multipart/form-data") else _JSON_BYTES


def node_server(face: NodeFace, root: Path) -> Server:
    """Not yet listening. `root`: what files in the settings are relative to. Raises InputError (WEB_TLS): only
    loopback goes without TLS."""
    settings = face.settings
    tls = None
    if settings.certificate_file:
        tls = root / settings.certificate_file, root / settings.key_file
    elif settings.host not in ("127.0.0.1", "::1"):
        raise InputError(
            f"api.host {settings.host}: programs elsewhere are served over TLS; give certificate_file and key_file",
            code="WEB_TLS",
        )
    assert settings.port is not None
    app = create_node_app(face)
    return Server(app, settings.host, settings.port, tls=tls, connections=settings.connections)
