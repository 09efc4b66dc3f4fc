"""Recall: the sender asks for a document back. Unsigned, the recipient's node gives it back by itself; signed, a
person there decides. And what else a sender says about what it sent: urged, void, replaced by another.

Each is a receipt of the sender's that binds the envelope; it may overtake the envelope on the wire and then
waits for it.
"""

from collections.abc import Callable, Sequence

from exchange.errors import RefusedError
from exchange.model.envelope import EnvelopeId, EnvelopeKey
from exchange.model.events import BusinessState, Event, Speaker
from exchange.model.receipt import Reason, Receipt, ReceiptId, Subject
from exchange.model.unit import UnitCode
from exchange.ports.node import Box
from exchange.ports.records import DeliveryRecord
from exchange.services.node.node import Node

__all__ = ["Recaller"]

_ENDS = frozenset({Event.SUPERSEDED, Event.VOIDED})


class Recaller:
    def __init__(self, node: Node) -> None:
        self._node = node

    # Of all: `as_id` as in `Decider`.

    def recall(
        self,
        key: EnvelopeKey,
        person: str,
        text: str,
        recipient: UnitCode | None = None,
        *,
        as_id: ReceiptId | None = None,
    ) -> Receipt:
        """Ask `recipient`, or every recipient, for the document back."""
        return self._say(Event.RECALL_REQUESTED, key, person, text, recipient, as_id)

    def remind(
        self, key: EnvelopeKey, person: str, text: str, recipient: UnitCode, *, as_id: ReceiptId | None = None
    ) -> Receipt:
        """催办 by hand: urge one recipient that has not signed."""
        return self._say(Event.REMINDED, key, person, text, recipient, as_id)

    def remind_all(
        self, key: EnvelopeKey, person: str, text: str, as_id: Callable[[UnitCode], ReceiptId | None] = lambda _: None
    ) -> list[Receipt]:
        """As `remind`, every one that has not signed. Raises RefusedError (STATE): nobody is left."""
        with self._node.store.look() as session:
            deliveries = session.deliveries(key.sender, key)
        unsigned = [one.key.recipient for one in deliveries if one.state.business < BusinessState.SIGNED]
        if not unsigned:
            raise RefusedError("nobody is left to remind: it is signed for", code="STATE")
        return [self.remind(key, person, text, one, as_id=as_id(one)) for one in unsigned]

    def void(self, key: EnvelopeKey, person: str, text: str, *, as_id: ReceiptId | None = None) -> Receipt:
        """作废: the document holds no more, at every recipient, whatever became of it there."""
        if not text.strip():
            raise RefusedError("作废: say why", code="REASON_REQUIRED")
        return self._say(Event.VOIDED, key, person, text, None, as_id)

    def supersede(self, key: EnvelopeKey, person: str, by: EnvelopeId, *, as_id: ReceiptId | None = None) -> Receipt:
        """替代: `by`, which was submitted, stands in its place."""
        return self._say(Event.SUPERSEDED, key, person, by, None, as_id)

    def check_superseding(self, key: EnvelopeKey, *, as_id: ReceiptId | None = None) -> None:
        """Before another is submitted in its place: that it can be replaced still, or was under this id. Raises
        RefusedError (STATE)."""
        if self._node.said(key.sender, as_id, Event.SUPERSEDED, key) is None:
            with self._node.store.look() as session:
                _check_holds(session.deliveries(key.sender, key))

    def _say(
        self,
        event: Event,
        key: EnvelopeKey,
        person: str,
        text: str,
        recipient: UnitCode | None,
        as_id: ReceiptId | None,
    ) -> Receipt:
        node = self._node
        node.check_hosted(key.sender)
        if (before := node.said(key.sender, as_id, event, key)) is not None:
            return before
        now = node.clock.now()
        with node.store.begin() as session:
            document = session.documents(Box.SENT, [(key.sender, key)]).get((key.sender, key))
            if document is None:
                raise RefusedError(f"{key.sender} has sent no document {key.id}", code="NOT_FOUND")
            deliveries = session.deliveries(key.sender, key)
            asked = [d for d in deliveries if recipient in (None, d.key.recipient)]
            if not asked:
                raise RefusedError(f"{recipient} is no recipient of this document", code="UNKNOWN_RECIPIENT")
            if event is Event.REMINDED and all(d.state.business >= BusinessState.SIGNED for d in asked):
                raise RefusedError("nobody is left to remind: it is signed for", code="STATE")
            if event is Event.RECALL_REQUESTED and all(d.state.business > BusinessState.ARCHIVED for d in asked):
                raise RefusedError("nobody holds it any more: it was returned, rejected or recalled", code="STATE")
            if event in _ENDS:
                _check_holds(asked)
            count = max(d.state.reminders for d in asked) + 1
            receipt, signed = node.receipt(
                key.sender,
                Speaker.SENDER,
                event,
                now,
                as_id=as_id,
                subject=Subject(envelope=key, digest=document.digest, recipient=recipient),
                person=person,
                reason=Reason.OPERATOR if event is Event.VOIDED else None,
                text=text,
                attributes=(("n", str(count)),) if event is Event.REMINDED else (),
            )
            node.emit(session, key.sender, [(receipt, signed)], now)
            node.apply(session, key.sender, key, [receipt])
        node.log.info("sender_spoke", receipt=receipt.id, envelope=str(key), unit=key.sender, event_name=event.value)
        return receipt


def _check_holds(deliveries: Sequence[DeliveryRecord]) -> None:
    if all(delivery.state.business >= BusinessState.SUPERSEDED for delivery in deliveries):
        raise RefusedError("it was declared void or replaced before", code="STATE")
