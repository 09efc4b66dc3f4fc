"""A POST of the same Idempotency-Key is done once: the same request gets the same answer, another one is refused.

The answer is stored when the work is done. A process that dies in between leaves no answer, and the work is asked for
again: it is done under ids derived from key and request, so that what was committed is found and not done twice. A
refusal is not kept: nothing was done, and it may be asked for again.

Limits: one process serves a node's interface, so that whoever is at work is known here.
"""

import hashlib
import threading
import uuid
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Annotated, Any, Final

from fastapi import Header, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.datastructures import UploadFile

from exchange.errors import InvalidValueError, RefusedError
from exchange.model.receipt import ReceiptId
from exchange.ports.node import NodeStore
from exchange.ports.programs import Answer
from exchange.ports.time import Clock
from exchange.web.node_api.door import Caller, Door

__all__ = ["Doing", "Once", "doing", "route_class"]

_NAMESPACE: Final = uuid.UUID("8d3f1c62-5f0a-4f6e-9c55-3f7c1b8a2d10")
_KEPT: Final = timedelta(days=7)
_STEP: Final = 1024 * 1024
# A form has the document and its files.
_MAX_FILES, _MAX_PART = 100, 1024 * 1024

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Doing:
    """What is being done once, as the names that the work goes by."""

    token: str
    key: str
    digest: str

    @property
    def reference(self) -> str:
        """For a document whose sender gave none."""
        return f"key:{self._id('document')}"

    def receipt(self, about: str = "") -> ReceiptId:
        """For a receipt; `about` tells several of one request apart."""
        return ReceiptId(str(self._id(about)))

    def _id(self, about: str) -> uuid.UUID:
        # Of version 4 in form, as all ids are: what they are made of is nobody's business.
        name = uuid.uuid5(_NAMESPACE, f"{self.token}\n{self.key}\n{self.digest}\n{about}")
        return uuid.UUID(bytes=name.bytes, version=4)


def doing(
    request: Request,
    key: Annotated[  # noqa: ARG001  # for the page of the interface, and so that it is there
        str,
        Header(
            alias="Idempotency-Key",
            min_length=1,
            max_length=200,
            pattern=r"^[\x21-\x7e]+$",
            description="Chosen by the program, a new one for each thing to be done. Asked again under the same key, "
            "the answer is the same and nothing is done twice.",
            examples=["oa-2026-000123-submit"],
        ),
    ],
) -> Doing:
    """A dependency of every route that does something."""
    found = request.state.doing
    assert isinstance(found, Doing)
    return found


class Once:
    def __init__(self, store: NodeStore, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._busy: set[tuple[str, str]] = set()
        self._lock = threading.Lock()

    async def answer(self, request: Request, token: str, key: str, work: Handler) -> Response:
        """Raises RefusedError as `do`."""
        request.state.doing = Doing(token=token, key=key, digest=await _digest(request))
        return await self.do(request.state.doing, partial(work, request))

    async def do(
        self, one: Doing, work: Callable[[], Coroutine[Any, Any, Response]], media_type: str = "application/json"
    ) -> Response:
        """What `work` answers, or answered before. Raises RefusedError: KEY_BUSY while it is being done, KEY_REUSED
        for another request of the same key; and what `work` raises, of which nothing is kept."""
        name = one.token, one.key
        with self._lock:
            if name in self._busy:
                raise RefusedError("the same key is being worked on: ask again", code="KEY_BUSY")
            self._busy.add(name)
        try:
            before = await run_in_threadpool(self._begin, one)
            if before is not None and before.digest != one.digest:
                raise RefusedError("this key stands for another request", code="KEY_REUSED")
            if before is not None and before.status is not None:
                return Response(before.body, before.status, {"Idempotency-Replayed": "true"}, media_type=media_type)
            return await self._work(one, work)
        finally:
            self._busy.discard(name)

    async def _work(self, one: Doing, work: Callable[[], Coroutine[Any, Any, Response]]) -> Response:
        done = False
        try:
            response = await work()
            done = response.status_code // 100 == 2
            if done:
                await run_in_threadpool(self._finish, one, response.status_code, bytes(response.body))
            return response
        finally:
            if not done:
                await run_in_threadpool(self._drop, one)

    def _begin(self, one: Doing) -> Answer | None:
        now = self._clock.now()
        with self._store.begin() as session:
            session.drop_answers(now - _KEPT)
            return session.begin_answer(Answer(token=one.token, key=one.key, digest=one.digest, at=now))

    def _finish(self, one: Doing, status: int, body: bytes) -> None:
        with self._store.begin() as session:
            session.finish_answer(one.token, one.key, status, body)

    def _drop(self, one: Doing) -> None:
        with self._store.begin() as session:
            session.drop_answer(one.token, one.key)


async def _digest(request: Request) -> str:
    """Of what is asked. A form is told by its parts: a program that asks again chooses another boundary."""
    found = hashlib.sha256(f"{request.method} {request.url.path}?{request.url.query}\n".encode())
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        found.update(await request.body())
        return found.hexdigest()
    form = await request.form(max_files=_MAX_FILES, max_fields=4, max_part_size=_MAX_PART)
    for name, value in form.multi_items():
        found.update(f"\n{name}\n".encode())
        if isinstance(value, UploadFile):
            found.update(f"{value.filename}\n{value.content_type}\n".encode())
            found.update((await run_in_threadpool(_content, value)).digest())
        else:
            found.update(value.encode())
    return found.hexdigest()


def _content(upload: UploadFile) -> "hashlib._Hash":
    found = hashlib.sha256()
    upload.file.seek(0)
    while piece := upload.file.read(_STEP):
        found.update(piece)
    upload.file.seek(0)
    return found


def _parameters(dependant: Dependant) -> set[str]:
    """Every query parameter that a route and what it depends on know."""
    own = {one.alias for one in dependant.query_params}
    return own.union(*(_parameters(one) for one in dependant.dependencies))


def route_class(door: Door, once: Once) -> type[APIRoute]:
    """Of every route: admitted first, and done once where it does something."""

    class Route(APIRoute):
        def get_route_handler(self) -> Handler:
            work = super().get_route_handler()
            known = _parameters(self.dependant)
            acts = any(dependency.call is doing for dependency in self.dependant.dependencies)

            async def handle(request: Request) -> Response:
                caller: Caller = await run_in_threadpool(door.admit, request)
                request.state.caller = caller
                if strange := sorted(request.query_params.keys() - known):
                    raise InvalidValueError(f"query {strange[0][:40]}: there is no such parameter")  # without effect
                key = request.headers.get("idempotency-key", "")
                try:
                    if acts and key and len(key) <= 200:
                        return await once.answer(request, caller.token.id, key, work)
                    return await work(request)  # which says that the key is missing or too long
                finally:
                    await request.close()  # files that came in a form

            return handle

    return Route
