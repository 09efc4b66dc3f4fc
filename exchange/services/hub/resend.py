"""Resend: an operator has one document dispatched again, to whom it is still on its way, came too late for, or who says
that it was lost.

    on its way           its delivery becomes due now, and goes on as before
    expired              once more; when it arrives, DELIVERED overtakes EXPIRED
    delivered            once more, only to a unit that is named. A node that has it answers with its first receipt
    withdrawn            never: recalled, superseded or void, it must not come back
    archived             never: its bytes lie in an archive file
    the sender           gets all receipts about it again

What the broker has taken is done with. If the broker then loses it, the operator does it again: what promises that
nothing is lost is the delivery, and that was settled.
"""

from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from exchange.errors import RefusedError
from exchange.model.envelope import EnvelopeKey
from exchange.model.events import BusinessState, TransportState
from exchange.model.unit import UnitCode
from exchange.ports.acts import Operator
from exchange.ports.hub import Forward, HubSession, HubStore
from exchange.ports.records import DeliveryRecord
from exchange.ports.resends import Resend
from exchange.ports.transport import PublishResult
from exchange.services.backoff import next_try
from exchange.services.hub.dispatch import accompanied
from exchange.services.hub.hub import Hub

__all__ = ["Resender", "Resent", "order_resend"]

_VERB = "resend"


class Resent(StrEnum):
    HASTENED = "hastened"
    AGAIN = "again"
    RECEIPTS = "receipts"
    DELIVERED = "delivered"  # left alone: nobody named this unit
    WITHDRAWN = "withdrawn"
    ARCHIVED = "archived"

    @property
    def is_act(self) -> bool:
        return self in (Resent.HASTENED, Resent.AGAIN, Resent.RECEIPTS)


def order_resend(
    store: HubStore, key: EnvelopeKey, to: UnitCode | None, operator: Operator, now: datetime
) -> dict[UnitCode, Resent]:
    """To `to` alone, or to every recipient that has not got it; returns what is done for each. Raises RefusedError
    (WRONG_UNIT) when `to` has nothing to do with it."""
    with store.begin() as session:
        is_senders = to is not None and to == key.sender
        found = {key.sender: _receipts(session, key, now)} if is_senders else _deliveries(session, key, to, now)
        if not found:
            raise RefusedError(f"{to} is neither sender nor recipient of {key.id}", code="WRONG_UNIT")
        session.add_acts(
            [operator.act(now, _VERB, f"{key} -> {unit}", one.value) for unit, one in found.items() if one.is_act]
        )
    return found


def _receipts(session: HubSession, key: EnvelopeKey, now: datetime) -> Resent:
    to = key.sender
    records = [record for record in session.receipts_of(key) if not record.archived]
    forwards = [Forward(unit=to, receipt=record.id, due=now) for record in records]
    session.add_forwards(forwards)
    session.hasten_forwards([(to, one.receipt) for one in forwards], now)
    return Resent.RECEIPTS if forwards else Resent.ARCHIVED


def _deliveries(session: HubSession, key: EnvelopeKey, to: UnitCode | None, now: datetime) -> dict[UnitCode, Resent]:
    wanted = [one.key for one in session.deliveries_of(key) if to in (None, one.key.recipient)]
    locked = session.lock_deliveries(wanted)
    archived = bool(session.documents([key])[key].archived) if locked else False
    found = {one.recipient: Resent.ARCHIVED if archived else _what(locked[one], named=to is not None) for one in wanted}
    hastened = [one for one in locked.values() if found[one.key.recipient] is Resent.HASTENED]
    session.save_deliveries([replace(one, due=now) for one in hastened])
    again = [one for one in wanted if found[one.recipient] is Resent.AGAIN]
    session.add_resends([Resend(key=one, due=now) for one in again])
    return found


def _what(delivery: DeliveryRecord, *, named: bool) -> Resent:
    state = delivery.state
    if state.business >= BusinessState.RECALLED:
        return Resent.WITHDRAWN
    if not state.transport.settled:
        return Resent.HASTENED
    return Resent.AGAIN if named or state.transport is not TransportState.DELIVERED else Resent.DELIVERED


class Resender:
    """The clock's part: what was ordered goes out."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def resend(self, limit: int = 100) -> int:
        """One round; returns how many documents went out again. As in `dispatch`, the next attempt is stored before
        this one is made."""
        hub, now = self._hub, self._hub.clock.now()
        with hub.store.begin() as session:
            due = session.due_resends(now, limit)
            if not due:
                return 0
            session.save_resends([self._later(one, now) for one in due])
            paused = session.pauses()
            due = [one for one in due if one.key.recipient not in paused]
            proofs, batch = accompanied(session, [one.key for one in due])
        fates = hub.publish([*proofs, *batch])[len(proofs) :]
        taken = [one.key for one, told in zip(due, fates, strict=True) if told is PublishResult.ACCEPTED]
        with hub.store.begin() as session:
            session.remove_resends(taken)
        return len(taken)

    def _later(self, one: Resend, now: datetime) -> Resend:
        due = next_try(self._hub.timing.retry, self._hub.chance, now, one.attempts, confirmed=False)
        return replace(one, due=due, attempts=one.attempts + 1)
