"""What the hub recorded about a unit's documents, for a node that was restored and has lost it. Untrusted like all that
comes from outside: every document in it is signed."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from exchange.model.envelope import EnvelopeKey
from exchange.model.unit import UnitCode

__all__ = ["DocumentHistory", "HistoryFeed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentHistory:
    """One document that a unit sent or was sent, and the receipts about it that concern the unit, its own among them,
    in the order in which the hub recorded them."""

    document: bytes = field(repr=False)
    receipts: tuple[bytes, ...] = field(repr=False)


class HistoryFeed(Protocol):
    def page(self, unit: UnitCode, since: datetime, after: EnvelopeKey | None) -> list[DocumentHistory]:
        """Documents of `unit` about which something was recorded since, those after `after` in the order of their ids;
        empty when there are no more. Raises TransportError, NotAuthorisedError."""
        ...
