"""Confirm: a program of the unit's takes a received document into the office system, and says when it is there.

It may lock the document first, so that of several programs one takes it in; a lock ends by itself. Confirming is
IMPORTED, signed, with the office's own id: once, however often it is said.

Not here: adapters that the node itself hands documents to (`exchange.services.node.handover`).
"""

from dataclasses import replace
from datetime import datetime, timedelta

from exchange.errors import RefusedError
from exchange.model.envelope import EnvelopeKey
from exchange.model.events import Event, Speaker
from exchange.model.receipt import Receipt, ReceiptId, Subject
from exchange.model.text import check_line
from exchange.model.unit import UnitCode
from exchange.ports.node import HandoverRecord, NodeSession
from exchange.ports.programs import Lock
from exchange.services.node.kept import check_kept, held
from exchange.services.node.node import Node

__all__ = ["Confirmer"]


class Confirmer:
    def __init__(self, node: Node) -> None:
        self._node = node

    def lock(self, unit: UnitCode, key: EnvelopeKey, holder: str, life: timedelta) -> Lock:
        """For `holder` alone until `life` is over; whoever holds it may have it longer. Raises RefusedError (LOCKED,
        NOT_FOUND)."""
        now = self._node.clock.now()
        with self._node.store.begin() as session:
            self._check_received(session, unit, key)
            _check_free(session, unit, key, holder, now)
            lock = Lock(unit=unit, envelope=key, token=holder, until=now + life)
            session.put_lock(lock)
        return lock

    def release(self, unit: UnitCode, key: EnvelopeKey, holder: str) -> None:
        """Nothing happens when it is not locked. Raises RefusedError (LOCKED): another holds it."""
        now = self._node.clock.now()
        with self._node.store.begin() as session:
            _check_free(session, unit, key, holder, now)
            session.drop_lock(unit, key)

    def confirm(
        self, unit: UnitCode, key: EnvelopeKey, holder: str, external_id: str, *, as_id: ReceiptId | None = None
    ) -> Receipt:
        """IMPORTED. `external_id`: the office's. `as_id` as in `Decider`. Raises RefusedError (LOCKED, NOT_FOUND,
        STATE)."""
        node = self._node
        check_line("external id", external_id, 200)
        if (before := node.said(unit, as_id, Event.IMPORTED, key)) is not None:
            return before
        now = node.clock.now()
        with node.store.begin() as session:
            digest = self._check_received(session, unit, key)
            _check_free(session, unit, key, holder, now)
            known = session.handover(unit, key)
            if known is not None and known.external_id:
                raise RefusedError(f"the office system has it already, as {known.external_id}", code="STATE")
            subject = Subject(envelope=key, digest=digest, recipient=unit)
            receipt, signed = node.receipt(unit, Speaker.ADAPTER, Event.IMPORTED, now, as_id=as_id, subject=subject)
            node.emit(session, unit, [(receipt, signed)], now)
            node.apply(session, unit, key, [receipt])
            if known is None:
                session.add_handovers([HandoverRecord(unit=unit, envelope=key, due=None, external_id=external_id)])
            else:
                session.save_handovers([replace(known, due=None, external_id=external_id)])
            session.drop_lock(unit, key)
        node.log.info("confirmed", envelope=str(key), unit=unit)
        return receipt

    def _check_received(self, session: NodeSession, unit: UnitCode, key: EnvelopeKey) -> str:
        """The document's digest."""
        document, state = held(session, unit, key)
        check_kept(state)
        return document.digest


def _check_free(session: NodeSession, unit: UnitCode, key: EnvelopeKey, holder: str, now: datetime) -> None:
    lock = session.locks(unit, [key]).get(key)
    if lock is not None and lock.token != holder and now < lock.until:
        raise RefusedError(f"another program holds it until {lock.until:%Y-%m-%d %H:%M:%S} UTC", code="LOCKED")
