"""What can happen to a document at one recipient, who may say so, and how far each event carries a delivery.

A delivery's transport and business state are each the highest rank among the events known of it. A maximum does not
depend on the order in which events arrive and never falls when one more arrives; see `exchange.model.fold`.
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum

__all__ = ["BusinessState", "Event", "Speaker", "TransportState"]


class TransportState(IntEnum):
    """How far the document has come on its way to one recipient. DELIVERED may still follow EXPIRED: late is not
    never."""

    SUBMITTED = 0
    ACCEPTED = 10
    RELAYED = 20
    UNDELIVERED = 30
    EXPIRED = 40
    DELIVERED = 60
    REFUSED = 70

    @property
    def chinese(self) -> str:
        return _TRANSPORT[self]

    @property
    def settled(self) -> bool:
        """Whether the hub stops dispatching."""
        return self >= TransportState.EXPIRED


_TRANSPORT = dict(
    zip(
        TransportState,
        ["待发送", "已受理", "已转发", "送达失败", "逾期未达", "已送达", "不予受理"],
        strict=True,
    )
)


class BusinessState(IntEnum):
    """What the recipient's people did with it."""

    UNSIGNED = 0
    RECALLING = 10
    SIGNED = 20
    ANSWERED = 30
    ARCHIVED = 40
    RETURNED = 50
    REJECTED = 60
    RECALLED = 70
    SUPERSEDED = 80
    VOIDED = 90

    @property
    def chinese(self) -> str:
        return _BUSINESS[self]


_BUSINESS = dict(
    zip(
        BusinessState,
        ["待签收", "撤回中", "已签收", "已反馈", "已归档", "已退文", "已拒收", "已撤回", "已替代", "已作废"],
        strict=True,
    )
)


class Speaker(StrEnum):
    """Who may emit an event. A PERSON always speaks through a node of the recipient, whose key signs."""

    HUB = "hub"
    SENDER = "sender"
    NODE = "node"
    PERSON = "person"
    ADAPTER = "adapter"

    @property
    def of_recipient(self) -> bool:
        return self in (Speaker.NODE, Speaker.PERSON, Speaker.ADAPTER)


class Event(StrEnum):
    ACCEPTED = "ACCEPTED"
    REFUSED = "REFUSED"
    RELAYED = "RELAYED"
    DELIVERED = "DELIVERED"
    UNDELIVERED = "UNDELIVERED"
    EXPIRED = "EXPIRED"
    REMINDED = "REMINDED"
    SIGNED = "SIGNED"
    REJECTED = "REJECTED"
    RETURNED = "RETURNED"
    IMPORTED = "IMPORTED"
    READ = "READ"
    PRINTED = "PRINTED"
    FEEDBACK = "FEEDBACK"
    RECALL_REQUESTED = "RECALL_REQUESTED"
    RECALLED = "RECALLED"
    RECALL_DENIED = "RECALL_DENIED"
    SUPERSEDED = "SUPERSEDED"
    VOIDED = "VOIDED"
    ARCHIVED = "ARCHIVED"
    # Not an event of a document: a batch of receipts is confirmed as recorded, so that their author stops repeating
    # them. It is itself never confirmed.
    NOTED = "NOTED"
    # Nor is this: a node says that it is there, and how it is. It is neither confirmed nor repeated nor kept.
    PRESENT = "PRESENT"
    # Nor this: the hub tells units something. It is confirmed and repeated as a receipt is.
    NOTICE = "NOTICE"

    @property
    def rule(self) -> "EventRule":
        return _RULES[self]

    @property
    def chinese(self) -> str:
        return _RULES[self].chinese

    @property
    def of_document(self) -> bool:
        """Whether it happens to a document; a receipt of it then names which."""
        return self not in (Event.NOTED, Event.PRESENT, Event.NOTICE)

    @property
    def for_recipients_office(self) -> bool:
        """Whether the recipient's office system must hear of it: what others do to a document that it holds."""
        return self in _FOR_RECIPIENTS_OFFICE


@dataclass(frozen=True, slots=True)
class EventRule:
    """`reason`: whether a reason text is required. A rank of None leaves that state as it is."""

    chinese: str
    speakers: frozenset[Speaker]
    transport: TransportState | None = None
    business: BusinessState | None = None
    reason: bool = False


def _rule(
    chinese: str,
    *speakers: Speaker,
    transport: TransportState | None = None,
    business: BusinessState | None = None,
    reason: bool = False,
) -> EventRule:
    return EventRule(chinese, frozenset(speakers), transport, business, reason)


_RULES: dict[Event, EventRule] = {
    Event.ACCEPTED: _rule("已受理", Speaker.HUB, transport=TransportState.ACCEPTED),
    Event.REFUSED: _rule("不予受理", Speaker.HUB, transport=TransportState.REFUSED, reason=True),
    Event.RELAYED: _rule("已转发", Speaker.HUB, transport=TransportState.RELAYED),
    Event.DELIVERED: _rule("已送达", Speaker.NODE, transport=TransportState.DELIVERED),
    Event.UNDELIVERED: _rule("送达失败", Speaker.NODE, transport=TransportState.UNDELIVERED, reason=True),
    Event.EXPIRED: _rule("逾期", Speaker.HUB, transport=TransportState.EXPIRED, reason=True),
    Event.REMINDED: _rule("已催办", Speaker.HUB, Speaker.SENDER),
    Event.SIGNED: _rule("已签收", Speaker.PERSON, business=BusinessState.SIGNED),
    Event.REJECTED: _rule("拒收", Speaker.PERSON, business=BusinessState.REJECTED, reason=True),
    Event.RETURNED: _rule("退文", Speaker.PERSON, business=BusinessState.RETURNED, reason=True),
    Event.IMPORTED: _rule("已入OA", Speaker.ADAPTER),
    Event.READ: _rule("已阅", Speaker.ADAPTER),
    Event.PRINTED: _rule("已打印", Speaker.NODE),
    Event.FEEDBACK: _rule("已反馈", Speaker.PERSON, Speaker.ADAPTER, business=BusinessState.ANSWERED),
    Event.RECALL_REQUESTED: _rule("撤回中", Speaker.SENDER, business=BusinessState.RECALLING),
    Event.RECALLED: _rule("已撤回", Speaker.NODE, Speaker.PERSON, business=BusinessState.RECALLED),
    Event.RECALL_DENIED: _rule("撤回被拒", Speaker.NODE, Speaker.PERSON, reason=True),
    Event.SUPERSEDED: _rule("已替代", Speaker.SENDER, business=BusinessState.SUPERSEDED),
    Event.VOIDED: _rule("作废", Speaker.SENDER, business=BusinessState.VOIDED, reason=True),
    Event.ARCHIVED: _rule("已归档", Speaker.ADAPTER, Speaker.PERSON, business=BusinessState.ARCHIVED),
    Event.NOTED: _rule("已记录", Speaker.HUB, Speaker.NODE),
    Event.PRESENT: _rule("在线", Speaker.NODE),
    Event.NOTICE: _rule("中心通知", Speaker.HUB),
}

_FOR_RECIPIENTS_OFFICE = frozenset(
    {Event.REMINDED, Event.RECALL_REQUESTED, Event.RECALLED, Event.SUPERSEDED, Event.VOIDED}
)
