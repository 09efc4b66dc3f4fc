"""Decide: what a named person of the recipient unit says about a received document, signed with the unit's key.

签收 is never automatic: before it the node checks every file again (and fetches what its disk spoilt), and the person
is named. Each decision is one transaction: the receipt, the inbox's new state, the outbox row. A decision that
contradicts an earlier one is refused with what was decided, by whom and when. One that an office made carries the
office's own id of it in the signed receipt, by which the same one is known again.
"""

from typing import Final

from exchange.codec.read import read_envelope, read_receipt
from exchange.errors import RefusedError
from exchange.model.calendar import COUNTY_TIME
from exchange.model.envelope import EnvelopeKey
from exchange.model.events import BusinessState, Event, Speaker
from exchange.model.fold import DeliveryState
from exchange.model.receipt import Reason, Receipt, ReceiptId, Subject
from exchange.model.unit import UnitCode
from exchange.ports.office import OfficeDecision
from exchange.services.node.fetch import fetch_files
from exchange.services.node.kept import held
from exchange.services.node.node import Node

__all__ = ["Decider"]

_OFFICE_ID: Final = "office-id"
_OF_PEOPLE: Final = frozenset(
    {
        *(Event.SIGNED, Event.REJECTED, Event.RETURNED, Event.FEEDBACK, Event.ARCHIVED),
        *(Event.RECALLED, Event.RECALL_DENIED),
    }
)


class Decider:
    def __init__(self, node: Node) -> None:
        self._node = node

    # Of all: `as_id` is for a caller that may have to ask again, whose receipt it then is. Said twice it is one.

    def sign(self, unit: UnitCode, key: EnvelopeKey, person: str, *, as_id: ReceiptId | None = None) -> Receipt:
        """签收, after checking that the document is complete."""
        return self._decide(unit, key, Event.SIGNED, person, as_id=as_id)

    def reject(
        self,
        unit: UnitCode,
        key: EnvelopeKey,
        person: str,
        reason: Reason,
        text: str,
        *,
        as_id: ReceiptId | None = None,
    ) -> Receipt:
        """拒收, before signing."""
        return self._decide(unit, key, Event.REJECTED, person, reason, text, as_id=as_id)

    def send_back(
        self,
        unit: UnitCode,
        key: EnvelopeKey,
        person: str,
        reason: Reason,
        text: str,
        *,
        as_id: ReceiptId | None = None,
    ) -> Receipt:
        """退文, after signing."""
        return self._decide(unit, key, Event.RETURNED, person, reason, text, as_id=as_id)

    def answer(
        self, unit: UnitCode, key: EnvelopeKey, person: str, text: str, *, as_id: ReceiptId | None = None
    ) -> Receipt:
        """办理反馈, after signing."""
        return self._decide(unit, key, Event.FEEDBACK, person, None, text, as_id=as_id)

    def archive(self, unit: UnitCode, key: EnvelopeKey, person: str, *, as_id: ReceiptId | None = None) -> Receipt:
        """归档, after signing."""
        return self._decide(unit, key, Event.ARCHIVED, person, as_id=as_id)

    def give_back(self, unit: UnitCode, key: EnvelopeKey, person: str, *, as_id: ReceiptId | None = None) -> Receipt:
        """Agree to a recall that the node did not answer by itself."""
        return self._decide(unit, key, Event.RECALLED, person, as_id=as_id)

    def keep(
        self, unit: UnitCode, key: EnvelopeKey, person: str, text: str, *, as_id: ReceiptId | None = None
    ) -> Receipt:
        """Refuse a recall that the node did not answer by itself."""
        return self._decide(unit, key, Event.RECALL_DENIED, person, Reason.OPERATOR, text, as_id=as_id)

    def of_office(self, unit: UnitCode, decision: OfficeDecision) -> Receipt:
        """What a named user of the unit's office system decided there; the same reference again is the same receipt."""
        if decision.event not in _OF_PEOPLE:
            raise RefusedError(f"{decision.event}: not a person's to decide", code="STATE")
        reason = decision.reason or (Reason.OPERATOR if decision.event.rule.reason else None)
        return self._decide(
            unit, decision.key, decision.event, decision.person, reason, decision.text, office_id=decision.reference
        )

    def _decide(
        self,
        unit: UnitCode,
        key: EnvelopeKey,
        event: Event,
        person: str,
        reason: Reason | None = None,
        text: str | None = None,
        *,
        as_id: ReceiptId | None = None,
        office_id: str | None = None,
    ) -> Receipt:
        node = self._node
        node.check_hosted(unit)
        if (before := node.said(unit, as_id, event, key) or self._known(unit, key, event, office_id)) is not None:
            return before
        if event.rule.reason and not (text or "").strip():
            raise RefusedError(f"{event.chinese}: say why", code="REASON_REQUIRED")
        if event is Event.SIGNED:
            self._check_complete(unit, key)
        now = node.clock.now()
        with node.store.begin() as session:
            document, state = held(session, unit, key)
            _check_allowed(event, state)
            receipt, signed = node.receipt(
                unit,
                Speaker.PERSON,
                event,
                now,
                as_id=as_id,
                subject=Subject(envelope=key, digest=document.digest, recipient=unit),
                person=person,
                reason=reason,
                text=text,
                attributes=() if office_id is None else ((_OFFICE_ID, office_id),),
            )
            node.emit(session, unit, [(receipt, signed)], now)
            node.apply(session, unit, key, [receipt])
        node.metrics.count("yidi_node_decisions_total", event=event.value)
        node.log.info("decided", receipt=receipt.id, envelope=str(key), unit=unit, event_name=event.value)
        return receipt

    def _known(self, unit: UnitCode, key: EnvelopeKey, event: Event, office_id: str | None) -> Receipt | None:
        """The receipt that this decision of the office's already has. One adapter asks at a time, so looking before
        the transaction is enough."""
        if office_id is None:
            return None
        with self._node.store.look() as session:
            records = [record for record in session.receipts_of(unit, key) if record.event is event]
        said = map(read_receipt, (record.document for record in records))
        return next((receipt for receipt in said if dict(receipt.attributes).get(_OFFICE_ID) == office_id), None)

    def _check_complete(self, unit: UnitCode, key: EnvelopeKey) -> None:
        """Not within the transaction: hashing large files takes longer than others should wait for the store."""
        with self._node.store.begin() as session:
            document, state = held(session, unit, key)
        _check_allowed(Event.SIGNED, state)
        envelope = read_envelope(document.document)
        fetch_files(self._node, unit, envelope.files)


_BEFORE_SIGNING = {Event.SIGNED, Event.REJECTED}


def _check_allowed(event: Event, state: DeliveryState) -> None:
    moment = state.closed or state.signed
    done = f"{state.business.chinese} {state.business.name}"
    if moment is not None:
        done += f"（{moment.person or '系统'}，{moment.at.astimezone(COUNTY_TIME):%Y-%m-%d %H:%M}）"
    if event in _BEFORE_SIGNING:
        if state.business >= BusinessState.SIGNED:
            raise RefusedError(f"{event.chinese}: the document is already {done}", code="STATE")
        return
    if event in (Event.RECALLED, Event.RECALL_DENIED):
        if state.recall_requested is None:
            raise RefusedError("the sender has not asked for this document back", code="STATE")
    elif state.signed is None:
        raise RefusedError(f"{event.chinese}: sign for the document first (it is {done})", code="STATE")
    if state.business >= BusinessState.RETURNED:
        raise RefusedError(f"{event.chinese}: the document is already {done}", code="STATE")
