"""What a unit received: list, look, take into the office system, and what a named person says about it.

Not here: adapters that the node itself hands documents to (`exchange.services.node.handover`).
"""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field

from exchange.model.program import Scope
from exchange.model.receipt import Reason
from exchange.ports.node import Box
from exchange.ports.programs import Wanted
from exchange.services.node.fetch import fetch_files
from exchange.web.downloads import send_file
from exchange.web.node_api.answers import FILE, Sha256, page_of
from exchange.web.node_api.door import Caller, Door, UnitOf
from exchange.web.node_api.face import BASE, Found, NodeFace, look, received
from exchange.web.node_api.once import Doing, doing
from exchange.web.node_api.originals import add_originals
from exchange.web.node_api.page import errors
from exchange.web.node_api.paging import After, Limit
from exchange.web.node_api.shapes import (
    AskedModel,
    DocumentShape,
    PageShape,
    Person,
    ReceiptShape,
    Text,
    receipt_shape,
)

__all__ = ["add_inbox"]

_ONE = f"{BASE}/inbox/{{document_id}}"


class LockIn(AskedModel):
    seconds: int = Field(default=300, ge=10, le=86_400, description="The lock ends by itself after so long.")


class LockShape(BaseModel):
    until: datetime


class ConfirmIn(AskedModel):
    external_id: str = Field(
        min_length=1, max_length=200, description="The office system's own id for it.", examples=["SW-2026-0042"]
    )


class SignIn(AskedModel):
    person: Person


class ReasonIn(AskedModel):
    person: Person
    text: Text
    reason: Reason = Field(default=Reason.OPERATOR, description="For programs; `text` is for people.")


class AnswerIn(AskedModel):
    person: Person
    text: Text


class RecallAnswerIn(AskedModel):
    person: Person
    give_back: bool = Field(description="False: the document is kept, and `text` says why.")
    text: str = Field(default="", max_length=2000)


def add_inbox(router: APIRouter, face: NodeFace, door: Door) -> None:
    _add_reading(router, face, door)
    _add_taking(router, face, door)
    _add_deciding(router, face, door)


def _add_reading(router: APIRouter, face: NodeFace, door: Door) -> None:
    reading = Depends(received(face, door, Scope.READ))

    @router.get(
        f"{BASE}/inbox",
        summary="收件箱，新的在前 What the unit received, newest first",
        description="`state=new`: not in the office system yet; `unsigned`: nobody signed it or sent it back. "
        "Scope `read`.",
        responses=errors(),
        tags=["inbox"],
    )
    def inbox(
        unit: UnitOf = None,
        state: Annotated[Wanted, Query(description="Which of them.")] = Wanted.ALL,
        after: After = None,
        limit: Limit = 50,
        caller: Caller = Depends(door.needing(Scope.READ)),
    ) -> PageShape:
        return page_of(face, caller.one_unit(unit), Box.INBOX, state, after, limit)

    @router.get(
        _ONE,
        summary="一件收文 A received document",
        description="Scope `read`.",
        responses=errors(404, 409),
        tags=["inbox"],
    )
    def one(found: Found = reading) -> DocumentShape:
        return look(face, Box.INBOX, found).shape

    add_originals(router, face, Box.INBOX, "inbox", reading)

    @router.get(
        f"{_ONE}/files/{{sha256}}",
        summary="收文的文件，可分段 A file of it, or a part of the file",
        description="Asked for as a whole, its digest is checked first, and what this disk spoilt is fetched again "
        "from the hub. Ranges by RFC 9110. Scope `read`.",
        responses=errors(404, 409, 416) | FILE,
        response_class=Response,
        tags=["inbox"],
    )
    def file(request: Request, sha256: Sha256, found: Found = reading) -> Response:
        entry = look(face, Box.INBOX, found).file(sha256)
        if "range" not in request.headers:  # whoever asks for parts asks often, and checks the whole
            fetch_files(face.node, found.unit, [entry])
        return send_file(request, face.node.files.open(sha256), sha256, entry.media_type, entry.name)


def _add_taking(router: APIRouter, face: NodeFace, door: Door) -> None:
    receiving, confirmer = Depends(received(face, door, Scope.RECEIVE)), face.confirmer

    @router.post(
        f"{_ONE}/lock",
        summary="取文锁定 Take it in, alone",
        description="Until the lock ends no other token may lock or confirm it. Scope `receive`.",
        responses=errors(404, 409, 413),
        tags=["inbox"],
    )
    def lock(asked: LockIn, found: Found = receiving, _doing: Doing = Depends(doing)) -> LockShape:
        life = timedelta(seconds=asked.seconds)
        return LockShape(until=confirmer.lock(found.unit, found.key, found.caller.token.id, life).until)

    @router.delete(
        f"{_ONE}/lock",
        status_code=204,
        summary="放弃取文 Give the lock up",
        description="Scope `receive`.",
        responses=errors(404, 409),
        tags=["inbox"],
    )
    def release(found: Found = receiving) -> None:
        confirmer.release(found.unit, found.key, found.caller.token.id)

    @router.post(
        f"{_ONE}/confirm",
        summary="确认入库 The office system has it",
        description="IMPORTED goes to the sender, signed. Scope `receive`.",
        responses=errors(404, 409, 413),
        tags=["inbox"],
    )
    def confirm(asked: ConfirmIn, found: Found = receiving, once: Doing = Depends(doing)) -> ReceiptShape:
        holder = found.caller.token.id
        return receipt_shape(confirmer.confirm(found.unit, found.key, holder, asked.external_id, as_id=once.receipt()))


def _add_deciding(router: APIRouter, face: NodeFace, door: Door) -> None:
    signing, decider = Depends(received(face, door, Scope.SIGN)), face.decider

    @router.post(
        f"{_ONE}/sign",
        summary="签收 Sign for it",
        description="A named person has looked; the node checks every file again first. Scope `sign`.",
        responses=errors(404, 409, 413),
        tags=["inbox"],
    )
    def sign(asked: SignIn, found: Found = signing, once: Doing = Depends(doing)) -> ReceiptShape:
        return receipt_shape(decider.sign(found.unit, found.key, asked.person, as_id=once.receipt()))

    @router.post(
        f"{_ONE}/reject",
        summary="拒收 Refuse it, before signing",
        description="The reason goes to the sender. Scope `sign`.",
        responses=errors(404, 409, 413),
        tags=["inbox"],
    )
    def reject(asked: ReasonIn, found: Found = signing, once: Doing = Depends(doing)) -> ReceiptShape:
        return receipt_shape(
            decider.reject(found.unit, found.key, asked.person, asked.reason, asked.text, as_id=once.receipt())
        )

    @router.post(
        f"{_ONE}/return",
        summary="退文 Send it back, after signing",
        description="The reason goes to the sender. Scope `sign`.",
        responses=errors(404, 409, 413),
        tags=["inbox"],
    )
    def send_back(asked: ReasonIn, found: Found = signing, once: Doing = Depends(doing)) -> ReceiptShape:
        return receipt_shape(
            decider.send_back(found.unit, found.key, asked.person, asked.reason, asked.text, as_id=once.receipt())
        )

    @router.post(
        f"{_ONE}/feedback",
        summary="办理反馈 Say what became of it, after signing",
        description="As often as there is something to say. Scope `sign`.",
        responses=errors(404, 409, 413),
        tags=["inbox"],
    )
    def feedback(asked: AnswerIn, found: Found = signing, once: Doing = Depends(doing)) -> ReceiptShape:
        return receipt_shape(decider.answer(found.unit, found.key, asked.person, asked.text, as_id=once.receipt()))

    @router.post(
        f"{_ONE}/archive",
        summary="归档 It is filed",
        description="By a named person, after signing. Scope `sign`.",
        responses=errors(404, 409, 413),
        tags=["inbox"],
    )
    def archive(asked: SignIn, found: Found = signing, once: Doing = Depends(doing)) -> ReceiptShape:
        return receipt_shape(decider.archive(found.unit, found.key, asked.person, as_id=once.receipt()))

    @router.post(
        f"{_ONE}/recall-answer",
        summary="答复撤回 Answer the sender who asks for it back",
        description="A document that was signed for is given back or kept by a person. Scope `sign`.",
        responses=errors(404, 409, 413),
        tags=["inbox"],
    )
    def answer_recall(asked: RecallAnswerIn, found: Found = signing, once: Doing = Depends(doing)) -> ReceiptShape:
        if asked.give_back:
            return receipt_shape(decider.give_back(found.unit, found.key, asked.person, as_id=once.receipt()))
        return receipt_shape(decider.keep(found.unit, found.key, asked.person, asked.text, as_id=once.receipt()))
