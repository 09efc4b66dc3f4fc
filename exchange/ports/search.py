"""Searching a hub's documents: part of its store. Newest first, by pages, within a time that bounds what is read."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from exchange.model.document import DocumentType
from exchange.model.envelope import EnvelopeKey
from exchange.model.events import BusinessState, TransportState
from exchange.model.unit import UnitCode

__all__ = ["Found", "Place", "Search", "SearchSession"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Accepted since `since` and before `until`; what is None asks for nothing. `state`: of the delivery to `to`, or of
    any. `words`: all of them stand in the title; `number`: in its 发文字号; `id`: its envelope id begins so."""

    since: datetime
    until: datetime
    sender: UnitCode | None = None
    to: UnitCode | None = None
    state: TransportState | BusinessState | None = None
    urgent: bool | None = None
    words: tuple[str, ...] = ()
    number: str | None = None
    type: DocumentType | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """`recipients`, and how many of them have it, and have signed for it. `number`, `type`: None, too, for what an
    earlier release recorded."""

    key: EnvelopeKey
    received: datetime
    title: str
    number: str | None
    type: DocumentType | None
    urgent: bool
    recipients: int
    delivered: int
    signed: int


Place = tuple[datetime, EnvelopeKey]


class SearchSession(Protocol):
    def search(self, wanted: Search, after: Place | None, limit: int) -> list[Found]:
        """From the one that follows `after` on."""
        ...
