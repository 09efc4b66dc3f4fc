"""What was recorded about a unit's documents, for a node that was restored: to the unit itself alone.

Not here: what belongs in it (`exchange.services.hub.history`).
"""

import base64
from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import Depends, FastAPI, Query
from pydantic import BaseModel

from exchange.model.envelope import EnvelopeKey, parse_envelope_id
from exchange.model.unit import parse_unit_code
from exchange.ports.history import HistoryFeed
from exchange.ports.telemetry import Log
from exchange.trust.http import SignedRequest
from exchange.web.limits import Slots
from exchange.web.signed import Judge

__all__ = ["add_history"]

# A page is dear: a node asks for one after the other.
_AT_ONCE: Final = 1


class DocumentAnswer(BaseModel):
    """Base64 of the exact bytes."""

    envelope: str
    receipts: list[str]


class HistoryAnswer(BaseModel):
    documents: list[DocumentAnswer]


def add_history(app: FastAPI, feed: HistoryFeed, judge: Judge, log: Log) -> None:
    slots = Slots(_AT_ONCE)

    @app.get("/v1/history")
    def history(
        since: Annotated[int, Query(ge=0, lt=2**36)],
        after: Annotated[str, Query(max_length=80)] = "",
        who: SignedRequest = Depends(judge),
    ) -> HistoryAnswer:
        sender, _, envelope = after.partition("/")
        key = EnvelopeKey(parse_unit_code(sender), parse_envelope_id(envelope)) if after else None
        if key is None:
            log.warning("history_asked", unit=who.unit, since=since)  # a thief of its key would ask, too
        with slots.one(who.unit):
            page = feed.page(who.unit, datetime.fromtimestamp(since, UTC), key)
        return HistoryAnswer(
            documents=[
                DocumentAnswer(envelope=_text(one.document), receipts=[_text(data) for data in one.receipts])
                for one in page
            ]
        )


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
