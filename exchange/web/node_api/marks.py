"""That a received document was read, and that copies of it are printed.

Not here: what a person decides about it (`inbox.py`).
"""

from fastapi import APIRouter, Depends
from pydantic import Field

from exchange.model.program import Scope
from exchange.web.node_api.door import Door
from exchange.web.node_api.face import BASE, Found, NodeFace, received
from exchange.web.node_api.once import Doing, doing
from exchange.web.node_api.page import errors
from exchange.web.node_api.shapes import AskedModel, Person, ReceiptShape, receipt_shape

__all__ = ["add_marks"]

_ONE = f"{BASE}/inbox/{{document_id}}"


class ReadIn(AskedModel):
    person: Person


class PrintIn(AskedModel):
    person: Person
    copies: int = Field(default=1, ge=1, le=9999, description="How many more.")


def add_marks(router: APIRouter, face: NodeFace, door: Door) -> None:
    receiving, marker = Depends(received(face, door, Scope.RECEIVE)), face.marker

    @router.post(
        f"{_ONE}/read",
        summary="已阅 Somebody has read it",
        description="The first reader counts, and READ goes to the sender; of later ones the answer is the first "
        "one's receipt. Scope `receive`.",
        responses=errors(404, 409, 413),
        tags=["inbox"],
    )
    def read(asked: ReadIn, found: Found = receiving, once: Doing = Depends(doing)) -> ReceiptShape:
        return receipt_shape(marker.read(found.unit, found.key, asked.person, as_id=once.receipt()))

    @router.post(
        f"{_ONE}/print",
        summary="打印登记 Ask for copies with red head and seal",
        description="Before they are printed: what the sender allows this unit is counted (`k` of `m`), and more is "
        "refused with PRINT_QUOTA. Copies without red head and seal need no asking. Scope `receive`.",
        responses=errors(404, 409, 413),
        tags=["inbox"],
    )
    def printed(asked: PrintIn, found: Found = receiving, once: Doing = Depends(doing)) -> ReceiptShape:
        receipt = marker.printed(found.unit, found.key, asked.person, asked.copies, as_id=once.receipt())
        return receipt_shape(receipt)
