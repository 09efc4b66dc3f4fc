"""What happened, by polling: every receipt that a unit holds and every notice to it, numbered in the order in which it
was recorded.

Whoever remembers the last number that it has dealt with misses nothing. Not here: being told (`webhooks`).
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from exchange.codec.read import read_receipt
from exchange.model.program import Scope
from exchange.ports.notices import NoticeRecord
from exchange.ports.programs import Occurrence
from exchange.services.node.tell_programs import Notice
from exchange.web.node_api.door import Caller, Door, UnitOf
from exchange.web.node_api.face import BASE, NodeFace
from exchange.web.node_api.page import errors
from exchange.web.node_api.paging import MAX_PAGE
from exchange.web.node_api.shapes import ReceiptShape, receipt_shape

__all__ = ["EventShape", "add_events", "event_shape", "notice_of"]


class EventShape(BaseModel):
    """Names of CloudEvents 1.0. `id` is the receipt's for one unit, the same in every answer."""

    number: int = Field(description="For `after`.")
    specversion: str = "1.0"
    datacontenttype: str = "application/json"
    id: str
    type: str = Field(examples=["cn.yidi.receipt.signed"])
    source: str = Field(description="The unit that this is told to.", examples=["/units/520304-001"])
    subject: str = Field(
        description="The document, or `notices/` and the id of a notice.",
        examples=["520304-001/3f2a9c01-7a0b-4c61-9f0e-6f1c1f6e53a5"],
    )
    time: str
    data: ReceiptShape


class EventsShape(BaseModel):
    """`after` is for the next question, also when there is nothing new."""

    items: list[EventShape]
    after: int
    limit: int


def add_events(router: APIRouter, face: NodeFace, door: Door) -> None:
    @router.get(
        f"{BASE}/events",
        summary="自某号之后发生了什么 What happened after a number",
        description="In the order in which this node recorded it. `cn.yidi.document.received`: a document has come; "
        "`cn.yidi.receipt.…`: an event of a document, by its name; `cn.yidi.notice.…`: the hub tells the unit "
        "something, by its kind. Scope `read`.",
        responses=errors(),
        tags=["events"],
    )
    def events(
        unit: UnitOf = None,
        after: Annotated[
            int, Query(ge=0, lt=2**63, description="The last number dealt with; 0 from the first on.")
        ] = 0,
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 100,
        caller: Caller = Depends(door.needing(Scope.READ)),
    ) -> EventsShape:
        units = caller.units if unit is None else (caller.one_unit(unit),)
        with face.node.store.look() as session:
            found, last = session.occurrences(after, units, limit), session.last_occurrence()
        seen = found[-1].number if len(found) == limit else max(after, last)
        return EventsShape(items=[event_shape(one) for one in found], after=seen, limit=limit)


def event_shape(one: Occurrence) -> EventShape:
    receipt = read_receipt(one.receipt.document)
    return EventShape(
        number=one.number,
        id=f"{one.unit}/{receipt.id}",
        type=_type_of(one),
        source=f"/units/{one.unit}",
        subject=f"notices/{receipt.id}" if isinstance(one.receipt, NoticeRecord) else str(one.receipt.envelope),
        time=receipt.at.isoformat(),
        data=receipt_shape(receipt),
    )


def notice_of(one: Occurrence) -> Notice:
    """The event as a webhook is told of it: a CloudEvent in structured mode."""
    shape = event_shape(one)
    return Notice(id=shape.id, type=shape.type, body=shape.model_dump_json(exclude_none=True).encode())


def _type_of(one: Occurrence) -> str:
    """A unit's own DELIVERED is how it learns that a document has come."""
    if isinstance(one.receipt, NoticeRecord):
        return f"cn.yidi.notice.{one.receipt.kind.word}"
    own = one.receipt.recipient == one.unit and one.receipt.envelope.sender != one.unit
    if one.receipt.event == "DELIVERED" and own:
        return "cn.yidi.document.received"
    return f"cn.yidi.receipt.{one.receipt.event.value.lower()}"
