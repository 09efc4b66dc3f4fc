"""Mark: what people do with a received document that decides nothing: read it, print it.

READ is said once, by whoever was first. PRINTED counts copies with red head and seal against the number that the sender
set for this unit; it is asked for before printing, so that no more are printed than it grants. Over it, a copy without
red head and seal needs no asking.

Not here: what a person decides (`decide`), taking a document into an office system (`confirm`).
"""

from exchange.codec.read import read_envelope, read_receipt
from exchange.errors import InvalidValueError, RefusedError
from exchange.model.envelope import EnvelopeKey
from exchange.model.events import Event, Speaker
from exchange.model.receipt import Receipt, ReceiptId, Subject
from exchange.model.unit import UnitCode
from exchange.services.node.kept import check_kept, held
from exchange.services.node.node import Node

__all__ = ["Marker"]


class Marker:
    def __init__(self, node: Node) -> None:
        self._node = node

    # Of both: `as_id` as in `Decider`.

    def read(self, unit: UnitCode, key: EnvelopeKey, person: str, *, as_id: ReceiptId | None = None) -> Receipt:
        """READ; of later readers the first one's. Raises RefusedError (NOT_FOUND, STATE)."""
        node = self._node
        node.check_hosted(unit)
        with node.store.begin() as session:
            document, state = held(session, unit, key)
            first = next((one for one in session.receipts_of(unit, key) if one.event is Event.READ), None)
            if first is not None:
                return read_receipt(first.document)
            check_kept(state)
            subject = Subject(envelope=key, digest=document.digest, recipient=unit)
            now = node.clock.now()
            receipt, signed = node.receipt(
                unit, Speaker.ADAPTER, Event.READ, now, as_id=as_id, subject=subject, person=person
            )
            node.emit(session, unit, [(receipt, signed)], now)
            node.apply(session, unit, key, [receipt])
        node.log.info("marked", envelope=str(key), unit=unit, event_name=Event.READ.value)
        return receipt

    def printed(
        self, unit: UnitCode, key: EnvelopeKey, person: str, copies: int, *, as_id: ReceiptId | None = None
    ) -> Receipt:
        """PRINTED: so many more of those that the sender allows. Raises RefusedError (NOT_FOUND, STATE,
        PRINT_QUOTA)."""
        if copies < 1:
            raise InvalidValueError(f"copies: {copies} is not at least 1")
        node = self._node
        node.check_hosted(unit)
        if (before := node.said(unit, as_id, Event.PRINTED, key)) is not None:
            return before
        with node.store.begin() as session:
            document, state = held(session, unit, key)
            check_kept(state)
            recipients = read_envelope(document.document).recipients
            quota = next(one.print_quota for one in recipients if one.unit == unit)
            total = state.printed + copies
            if total > quota:
                raise RefusedError(
                    f"{quota} copies are allowed, {state.printed} were printed: ask the sender, or print without red "
                    "head and seal",
                    code="PRINT_QUOTA",
                )
            now = node.clock.now()
            receipt, signed = node.receipt(
                unit,
                Speaker.NODE,
                Event.PRINTED,
                now,
                as_id=as_id,
                subject=Subject(envelope=key, digest=document.digest, recipient=unit),
                person=person,
                attributes=(("k", str(total)), ("m", str(quota))),
            )
            node.emit(session, unit, [(receipt, signed)], now)
            node.apply(session, unit, key, [receipt])
        node.log.info("marked", envelope=str(key), unit=unit, event_name=Event.PRINTED.value)
        return receipt
