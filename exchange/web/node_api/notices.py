"""What the hub tells units: that it will be down, or is back. Nothing here is signed for."""

from datetime import datetime

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from exchange.model.program import Scope
from exchange.web.node_api.door import Caller, Door, UnitOf
from exchange.web.node_api.face import BASE, NodeFace
from exchange.web.node_api.page import errors

__all__ = ["add_notices"]


class NoticeShape(BaseModel):
    id: str
    at: datetime
    kind: str = Field(description="`outage`, `resumed`, `paused`, `released` or `service`.")
    kind_zh: str
    text: str
    until: datetime = Field(description="Nobody needs to see it from then on.")


class NoticesShape(BaseModel):
    unit: str
    items: list[NoticeShape]


def add_notices(router: APIRouter, face: NodeFace, door: Door) -> None:
    @router.get(
        f"{BASE}/notices",
        summary="中心通知 What the hub tells the unit, newest first",
        description="Signed by the hub; only what is not over, and what no later one ended. Scope `read`.",
        responses=errors(),
        tags=["directory"],
    )
    def notices(unit: UnitOf = None, caller: Caller = Depends(door.needing(Scope.READ))) -> NoticesShape:
        owner = caller.one_unit(unit)
        with face.node.store.look() as session:
            found = [one for code, one in session.notices(face.node.clock.now()) if code == owner]
        items = [
            NoticeShape(
                id=one.id,
                at=one.at,
                kind=one.kind.word,
                kind_zh=one.kind.chinese,
                text=one.text,
                until=one.until,
            )
            for one in found
        ]
        return NoticesShape(unit=owner, items=items)
