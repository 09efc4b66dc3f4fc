"""How many documents a unit sent and received in a time, how far they are, and how long signing took.

Not here: any other unit's: the hub counts the county.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, BaseModel, Field

from exchange.errors import InvalidValueError
from exchange.model.program import Scope
from exchange.ports.node import Box
from exchange.ports.programs import Tally
from exchange.web.node_api.door import Caller, Door, UnitOf
from exchange.web.node_api.face import BASE, NodeFace
from exchange.web.node_api.page import errors

__all__ = ["add_statistics"]

_USUAL = timedelta(days=30)
_EARLIEST = datetime(1970, 1, 2, tzinfo=UTC)


class SideShape(BaseModel):
    """Of deliveries: a document to ten units is ten."""

    deliveries: int
    signed: int
    mean_seconds_to_sign: float | None = Field(description="From delivery to signing; none: nobody signed.")
    transport: dict[str, int] = Field(examples=[{"DELIVERED": 12}])
    business: dict[str, int] = Field(examples=[{"SIGNED": 10, "UNSIGNED": 2}])


class StatisticsShape(BaseModel):
    unit: str
    since: datetime
    until: datetime
    sent: SideShape
    received: SideShape


def add_statistics(router: APIRouter, face: NodeFace, door: Door) -> None:
    @router.get(
        f"{BASE}/statistics",
        summary="收发统计 What was sent and received in a time",
        description="By when this node took the document; left out: the last 30 days. Scope `read`.",
        responses=errors(),
        tags=["statistics"],
    )
    def statistics(
        unit: UnitOf = None,
        since: Annotated[AwareDatetime | None, Query(examples=["2026-11-01T00:00:00+08:00"])] = None,
        until: Annotated[AwareDatetime | None, Query(examples=["2026-12-01T00:00:00+08:00"])] = None,
        caller: Caller = Depends(door.needing(Scope.READ)),
    ) -> StatisticsShape:
        owner, now = caller.one_unit(unit), face.node.clock.now()
        end = until or now + timedelta(milliseconds=1)  # what came in this very moment, too
        begin = since or (end - _USUAL if end > _EARLIEST + _USUAL else _EARLIEST)
        if not _EARLIEST <= begin < end:
            raise InvalidValueError("since: is not before until")
        with face.node.store.look() as session:
            sent, received = (session.tallies(owner, box, begin, end) for box in (Box.SENT, Box.INBOX))
        return StatisticsShape(unit=owner, since=begin, until=end, sent=_side(sent), received=_side(received))


def _side(tallies: Sequence[Tally]) -> SideShape:
    transport: Counter[str] = Counter()
    business: Counter[str] = Counter()
    for one in tallies:
        transport[one.transport.name] += one.count
        business[one.business.name] += one.count
    signed = sum(one.signed for one in tallies)
    return SideShape(
        deliveries=sum(one.count for one in tallies),
        signed=signed,
        mean_seconds_to_sign=sum(one.waited for one in tallies) / signed if signed else None,
        transport=dict(transport),
        business=dict(business),
    )
