"""What a sender says about a document it sent: recalled, urged, void, replaced, sent to more.

Not here: sending it (`documents.py`).
"""

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from exchange.model.program import Scope
from exchange.model.unit import parse_unit_code
from exchange.services.node.reissue import Reissue
from exchange.web.node_api.answers import SUBMISSION, SubmittedShape, submitted_shape
from exchange.web.node_api.door import Door
from exchange.web.node_api.face import BASE, Found, NodeFace, sent
from exchange.web.node_api.once import Doing, doing
from exchange.web.node_api.page import errors
from exchange.web.node_api.shapes import AskedModel, Person, ReceiptShape, Text, receipt_shape
from exchange.web.node_api.submission import AddressIn, Given, addresses_of, read_submission, submit_given

__all__ = ["add_sender"]

_ONE = f"{BASE}/documents/{{document_id}}"


class SaidOfAll(AskedModel):
    person: Person
    text: Text


class SaidOfOne(SaidOfAll):
    recipient: str | None = Field(default=None, max_length=20, description="One recipient; left out: every one.")


class ReminderIn(SaidOfAll):
    recipient: str | None = Field(
        default=None, max_length=20, description="One recipient; left out: every one that has not signed."
    )


class RemindedShape(BaseModel):
    """One of each that was urged; `n` says the how manieth."""

    receipts: list[ReceiptShape]


class ReissueIn(AskedModel):
    """To whom more. Whoever has it already is left out."""

    to: tuple[AddressIn, ...] = Field(min_length=1)
    declared_by: Person
    operator: str | None = Field(default=None, max_length=100)
    reviewed_by: str | None = Field(default=None, max_length=100)


class SupersededShape(BaseModel):
    submitted: SubmittedShape
    receipt: ReceiptShape


def add_sender(router: APIRouter, face: NodeFace, door: Door) -> None:
    _add_saying(router, face, door)
    _add_more(router, face, door)


def _add_saying(router: APIRouter, face: NodeFace, door: Door) -> None:
    saying, recaller = Depends(sent(face, door, Scope.SUBMIT)), face.recaller

    @router.post(
        f"{_ONE}/recall",
        summary="撤回 Ask for a document back",
        description="Unsigned, the recipient's node gives it back by itself; signed, a person there decides. "
        "Scope `submit`.",
        responses=errors(404, 409, 413),
        tags=["documents"],
    )
    def recall(asked: SaidOfOne, found: Found = saying, once: Doing = Depends(doing)) -> ReceiptShape:
        one = None if asked.recipient is None else parse_unit_code(asked.recipient)
        return receipt_shape(recaller.recall(found.key, asked.person, asked.text, one, as_id=once.receipt()))

    @router.post(
        f"{_ONE}/remind",
        summary="催办 Urge who has not signed",
        description="Scope `submit`.",
        responses=errors(404, 409, 413),
        tags=["documents"],
    )
    def remind(asked: ReminderIn, found: Found = saying, once: Doing = Depends(doing)) -> RemindedShape:
        if asked.recipient is None:
            said = recaller.remind_all(found.key, asked.person, asked.text, as_id=once.receipt)
        else:
            one = parse_unit_code(asked.recipient)
            said = [recaller.remind(found.key, asked.person, asked.text, one, as_id=once.receipt(one))]
        return RemindedShape(receipts=[receipt_shape(receipt) for receipt in said])

    @router.post(
        f"{_ONE}/void",
        summary="作废 Declare a document void",
        description="At every recipient, whatever became of it there. Scope `submit`.",
        responses=errors(404, 409, 413),
        tags=["documents"],
    )
    def void(asked: SaidOfAll, found: Found = saying, once: Doing = Depends(doing)) -> ReceiptShape:
        return receipt_shape(recaller.void(found.key, asked.person, asked.text, as_id=once.receipt()))


def _add_more(router: APIRouter, face: NodeFace, door: Door) -> None:
    submitting = Depends(sent(face, door, Scope.SUBMIT))

    @router.post(
        f"{_ONE}/reissue",
        status_code=201,
        summary="补发 The same document to more recipients",
        description="Under an id of its own. Scope `submit`.",
        responses=errors(404, 409, 413),
        tags=["documents"],
    )
    def reissue(asked: ReissueIn, found: Found = submitting, once: Doing = Depends(doing)) -> SubmittedShape:
        more = Reissue(
            to=addresses_of(asked.to),
            operator=asked.operator or asked.declared_by,
            declared_by=asked.declared_by,
            reviewed_by=asked.reviewed_by,
            reference=once.reference,
        )
        return submitted_shape(face.reissuer.reissue(found.key, more))

    @router.post(
        f"{_ONE}/supersede",
        status_code=201,
        summary="替代 Send another document in place of this one",
        description="The new one names the old, and every recipient of the old one is told. Scope `submit`.",
        responses=errors(404, 409, 413, 415),
        openapi_extra=SUBMISSION,
        tags=["documents"],
    )
    def supersede(
        found: Found = submitting, given: Given = Depends(read_submission), once: Doing = Depends(doing)
    ) -> SupersededShape:
        face.recaller.check_superseding(found.key, as_id=once.receipt())
        named = Given(asked=given.asked.model_copy(update={"supersedes": found.key.id}), parts=given.parts)
        done = submit_given(face, found.unit, named, once.reference)
        person = given.asked.operator or given.asked.declared_by
        receipt = face.recaller.supersede(found.key, person, done.key.id, as_id=once.receipt())
        return SupersededShape(submitted=submitted_shape(done), receipt=receipt_shape(receipt))
