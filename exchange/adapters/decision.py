"""A decision about a received document, as an office without a decision interface of its own writes it: a JSON object,
or the same in columns of a table.

    {"公文": "520304-001_6f1c1f6e-...", "决定": "签收", "人员": "李四"}

Not here: where it is found (`folder`, `staging`), whether it may be taken (`exchange.services.node.decide`).
"""

from typing import Final

from exchange.adapters.json_fields import Fields, refuse
from exchange.errors import InvalidValueError
from exchange.model.envelope import EnvelopeKey, parse_envelope_id
from exchange.model.events import Event
from exchange.model.receipt import Reason
from exchange.model.unit import parse_unit_code
from exchange.ports.office import OfficeDecision

__all__ = ["decision_from", "decision_id", "event_of", "key_from", "name_of", "reason_of"]

_KEYS: Final = {
    "id": "编号",
    "document": "公文",
    "decision": "决定",
    "person": "人员",
    "reason": "原因",
    "text": "说明",
}
_EVENTS: Final = {
    "签收": Event.SIGNED,
    "拒收": Event.REJECTED,
    "退文": Event.RETURNED,
    "反馈": Event.FEEDBACK,
    "归档": Event.ARCHIVED,
    "同意撤回": Event.RECALLED,
    "不同意撤回": Event.RECALL_DENIED,
}


def name_of(key: EnvelopeKey) -> str:
    """A received document's name in an office that has no ids of its own."""
    return f"{key.sender}_{key.id}"


def key_from(name: str) -> EnvelopeKey:
    """The document of that name. Raises InputError."""
    sender, _, id_ = name.strip().partition("_")
    try:
        return EnvelopeKey(parse_unit_code(sender), parse_envelope_id(id_))
    except InvalidValueError:
        refuse(f"公文 document: {name[:80]} 不是收文的名称（如 520304-001_…）")


def event_of(word: str) -> Event:
    """签收 or SIGNED. Raises InputError."""
    found = next((event for chinese, event in _EVENTS.items() if word in (chinese, event.value)), None)
    return found or refuse(f"决定 decision: {word[:40]} 不在可选范围内（{'、'.join(_EVENTS)}）")


def reason_of(word: str | None) -> Reason | None:
    """Raises InputError."""
    if not word:
        return None
    if word not in Reason.__members__:
        refuse(f"原因 reason: {word[:40]} 不在可选范围内（{'、'.join(Reason)}）")
    return Reason(word)


def decision_id(raw: object) -> str | None:
    """The office's own id of the decision, if it gave one. Raises InputError."""
    return Fields(raw, _KEYS, "决定").text("id")


def decision_from(raw: object, reference: str) -> OfficeDecision:
    """What the JSON object `raw` says. Raises InputError."""
    given = Fields(raw, _KEYS, "决定")
    return OfficeDecision(
        key=key_from(given.required("document")),
        event=event_of(given.required("decision")),
        person=given.required("person"),
        reason=reason_of(given.text("reason")),
        text=given.text("text"),
        reference=reference,
    )
