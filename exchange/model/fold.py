"""The fold: a set of receipts about one delivery -> its transport and business state.

Order-free and monotone: states are maxima, times are minima with the receipt id as tie-break, counters are maxima.
Folding in one more receipt equals folding the whole set again, so a store may keep the `DeliveryState` and never
replay.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from exchange.model.events import BusinessState, Event, TransportState
from exchange.model.receipt import Reason, Receipt, ReceiptId

__all__ = ["DeliveryState", "Moment", "fold"]


@dataclass(frozen=True, slots=True, order=True)
class Moment:
    """When something first happened and who did it. Ordered by time, then receipt id, so that the earliest is one
    and the same whatever order they came in."""

    at: datetime
    receipt: ReceiptId
    person: str = ""
    reason: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryState:
    transport: TransportState = TransportState.SUBMITTED
    business: BusinessState = BusinessState.UNSIGNED
    accepted: Moment | None = None
    delivered: Moment | None = None
    signed: Moment | None = None
    first_read: Moment | None = None
    imported: Moment | None = None
    failed: Moment | None = None
    closed: Moment | None = None
    recall_requested: Moment | None = None
    recall_denied: Moment | None = None
    reminders: int = 0
    printed: int = 0

    def add(self, receipt: Receipt) -> "DeliveryState":
        """The state with `receipt` known as well. The caller has made sure that it speaks of this delivery."""
        rule = receipt.event.rule
        changed: dict[str, object] = {
            "transport": max(self.transport, rule.transport or TransportState.SUBMITTED),
            "business": max(self.business, rule.business or BusinessState.UNSIGNED),
        }
        if receipt.event is Event.REMINDED:
            changed["reminders"] = max(self.reminders, _count(receipt, "n"))
        if receipt.event is Event.PRINTED:
            changed["printed"] = max(self.printed, _count(receipt, "k"))
        field = _MOMENTS.get(receipt.event)
        if field is not None:
            moment = Moment(
                at=receipt.at,
                receipt=receipt.id,
                person=receipt.actor.person or "",
                reason=(receipt.reason or Reason.OPERATOR).value if rule.reason else "",
                text=receipt.text or "",
            )
            known: Moment | None = getattr(self, field)
            changed[field] = moment if known is None else min(known, moment)
        return replace(self, **changed)  # type: ignore[arg-type]  # each is named as its field

    @property
    def open(self) -> bool:
        """Whether something is still expected: not yet there, or there and not yet signed for."""
        return not self.transport.settled or (
            self.transport is TransportState.DELIVERED and self.business < BusinessState.SIGNED
        )


_MOMENTS = {
    Event.ACCEPTED: "accepted",
    Event.DELIVERED: "delivered",
    Event.SIGNED: "signed",
    Event.READ: "first_read",
    Event.PRINTED: "first_read",
    Event.IMPORTED: "imported",
    Event.REFUSED: "failed",
    Event.UNDELIVERED: "failed",
    Event.EXPIRED: "failed",
    Event.REJECTED: "closed",
    Event.RETURNED: "closed",
    Event.RECALLED: "closed",
    Event.VOIDED: "closed",
    Event.RECALL_REQUESTED: "recall_requested",
    Event.RECALL_DENIED: "recall_denied",
}


def _count(receipt: Receipt, name: str) -> int:
    value = dict(receipt.attributes).get(name, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else 0


def fold(receipts: Iterable[Receipt]) -> DeliveryState:
    """Fold `receipts`, in any order, into the state of the one delivery they speak of."""
    state = DeliveryState()
    for receipt in receipts:
        state = state.add(receipt)
    return state
