"""The address of the web service: who asks, what is done once, and what a program is told when it does not go well.

A request that is SOAP and a verb of ours gets an answer with errorFlag, whatever comes of it; one that is not, or from
nobody we know, gets a Fault. The token comes as a field of HTTP, never in the address: addresses are logged.

Not here: XML (`exchange.codec.soap`), what verbs do (`work.py`).
"""

import hashlib
import json
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import ValidationError

from exchange.codec.soap import LARGEST, Call, FaultCode, Verb, read_call, write_answer, write_fault
from exchange.codec.wsdl import wsdl_of
from exchange.errors import InvalidValueError, NotAuthorisedError, RefusedError, TransportError, YidiError
from exchange.model.meanings import words_of
from exchange.services.node.node import may_pass
from exchange.web.body import whole_body
from exchange.web.limits import Slots
from exchange.web.node_api.door import Caller, Door, caller_of
from exchange.web.node_api.face import BASE, NodeFace
from exchange.web.node_api.once import Doing, Once
from exchange.web.node_api.problems import faults_of
from exchange.web.node_api.shapes import AskedModel
from exchange.web.node_api.soap.verbs import VERBS, Answered, SoapVerb, listed_verbs
from exchange.web.node_api.soap.work import Asked, work_of

__all__ = ["SOAP_BYTES", "SOAP_PATH", "add_soap"]

SOAP_PATH: Final = f"{BASE}/soap"
SOAP_BYTES: Final = LARGEST
_TYPE: Final = "text/xml"
_AT_ONCE: Final = 4  # of one token: each may hold a whole message in memory
_FAULTS: Final = {"SOAP_VERSION": FaultCode.VERSION, "SOAP_HEADER": FaultCode.HEADER}


def add_soap(router: APIRouter, face: NodeFace, door: Door, once: Once) -> None:
    verbs, slots = listed_verbs(), Slots(_AT_ONCE)
    answering = _Answering(face, door, once)

    @router.get(SOAP_PATH, include_in_schema=False)
    def describe(request: Request) -> Response:
        if [name.lower() for name in request.query_params] != ["wsdl"]:
            raise RefusedError("ask for ?wsdl, or POST a verb", code="HTTP_ROUTE")
        return Response(wsdl_of(verbs.values(), f"{_base(request)}{SOAP_PATH}"), media_type=_TYPE)

    @router.post(SOAP_PATH, include_in_schema=False)
    async def call(request: Request) -> Response:
        try:
            request.state.caller = await run_in_threadpool(door.admit, request)
            with slots.one(caller_of(request).token.id):
                asked = await run_in_threadpool(read_call, await _body(request, face.settings.idle_seconds), verbs)
                return await answering.answer(request, verbs[asked.verb], asked)
        except YidiError as error:
            request.state.code, request.state.detail = error.code, error.detail
            return _fault(error)


class _Answering:
    """Answers calls that are such, whoever asks them."""

    def __init__(self, face: NodeFace, door: Door, once: Once) -> None:
        self._face, self._door, self._once = face, door, once

    async def answer(self, request: Request, written: Verb, call: Call) -> Response:
        try:
            return await self._done(request, written, call)
        except YidiError as error:
            request.state.code, request.state.detail = error.code, error.detail
            refused = Answered(error_flag=1, err_code=error.code, err_msg=words_of(error.code, error.message))
            return Response(write_answer(written, refused.model_dump()), media_type=_TYPE)

    async def _done(self, request: Request, written: Verb, call: Call) -> Response:
        verb, caller = VERBS[call.verb], caller_of(request)
        self._door.needing(verb.scope)(request)
        given = _given(verb, call)
        asked = Asked(face=self._face, caller=caller, base=_base(request), doing=_doing(caller, call))

        async def work() -> Response:
            return await run_in_threadpool(_work, asked, written, given)

        return await (work() if asked.doing is None else self._once.do(asked.doing, work, _TYPE))


def _work(asked: Asked, written: Verb, given: AskedModel) -> Response:
    answer = work_of(written.name)(asked, given)
    # As JSON has times and days, but bytes as they are.
    values = answer.model_dump(mode="python", exclude_none=True)
    return Response(write_answer(written, values), media_type=_TYPE)


def _given(verb: SoapVerb, call: Call) -> AskedModel:
    try:
        return verb.asked.model_validate(dict(call.values))
    except ValidationError as error:
        faults = faults_of(error.errors())
        raise InvalidValueError("；".join(f"{one['pointer']}: {one['detail']}" for one in faults)) from error


def _doing(caller: Caller, call: Call) -> Doing | None:
    """A verb with a reference is done once. No Idempotency-Key has a space: the two never meet."""
    if "reference" not in call.values or call.verb == "queryStatus":
        return None
    digest = hashlib.sha256(json.dumps(call.values, sort_keys=True, default=_digest).encode()).hexdigest()
    return Doing(token=caller.token.id, key=f"soap {call.verb} {call.values['reference']!s}", digest=digest)


def _digest(content: object) -> str:
    assert isinstance(content, bytes)
    return hashlib.sha256(content).hexdigest()


async def _body(request: Request, idle_seconds: float) -> bytes:
    """Raises RefusedError (HTTP_TYPE), LimitError, TransportError (CUT)."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/soap+xml":
        raise RefusedError("Content-Type: this is SOAP 1.2; send SOAP 1.1 (text/xml)", code="SOAP_VERSION")
    if kind not in (_TYPE, "application/xml"):
        raise RefusedError(f"Content-Type: expected {_TYPE}, without attachments (MTOM)", code="HTTP_TYPE")
    return await whole_body(request, SOAP_BYTES, idle_seconds)


def _fault(error: YidiError) -> Response:
    """SOAP 1.1, 6.2: with 500. Who is not known is told how to say who it is, as programs wait for that."""
    ours = may_pass(error) or isinstance(error, TransportError) or error.code == "RATE"
    fault = _FAULTS.get(error.code, FaultCode.SERVER if ours else FaultCode.CLIENT)
    body = write_fault(fault, words_of(error.code, error.message), error.code)
    if isinstance(error, NotAuthorisedError):
        return Response(body, 401, {"WWW-Authenticate": 'Basic realm="yidi", charset="UTF-8"'}, media_type=_TYPE)
    return Response(body, 500, media_type=_TYPE)


def _base(request: Request) -> str:
    return str(request.base_url).rstrip("/")
