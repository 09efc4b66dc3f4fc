"""What gauges ask of a hub's store: ages and what waits for people, each by an index over what is open."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Select, case, func, or_, select

from exchange.model.events import BusinessState, TransportState
from exchange.model.unit import UnitCode
from exchange.ports.measures import Unsigned
from exchange.storage import tables_hub as tables
from exchange.storage.rows import from_time, to_time
from exchange.storage.session import Session

__all__ = ["Measures"]

_ON_THEIR_WAY = [state for state in TransportState if not state.settled]
_UNSIGNED = [state.value for state in BusinessState if state < BusinessState.SIGNED]


class Measures(Session):
    def first_to_expire(self) -> Mapping[TransportState, datetime]:
        deliveries = tables.deliveries.c
        open_ones = select(deliveries.expires).where(deliveries.due.is_not(None), deliveries.expires > 0)
        found = {}
        for state in _ON_THEIR_WAY:
            of_state = open_ones.where(deliveries.transport == state.value)
            if (row := self._sql.first(of_state.order_by(deliveries.expires).limit(1))) is not None:
                found[state] = from_time(row[0])
        return found

    def expiring_before(self, expires: datetime, limit: int) -> int:
        return self._up_to(_expiring(expires), limit)

    def expiring_though_here(self, expires: datetime, since: datetime, heard: datetime, limit: int) -> int:
        presences = tables.presences.c
        of_recipient = tables.deliveries.join(tables.presences, presences.unit == tables.deliveries.c.recipient)
        is_here = (presences.heard >= to_time(heard)) & (presences.since <= to_time(since))
        return self._up_to(_expiring(expires).select_from(of_recipient).where(is_here), limit)

    def unsigned(self, now: datetime) -> Mapping[tuple[UnitCode, bool], Unsigned]:
        deliveries, documents = tables.deliveries.c, tables.documents.c
        of_delivery = (documents.envelope_id == deliveries.envelope_id) & (documents.sender == deliveries.sender)
        overdue = or_(deliveries.reminders > 0, deliveries.sign_by < to_time(now))
        counted = select(
            *(deliveries.recipient, documents.urgent),
            *(func.count(), func.sum(case((overdue, 1), else_=0)), func.min(documents.received)),
        ).select_from(tables.deliveries.join(tables.documents, of_delivery))
        # Both by name, so that the index leads past all that was signed.
        waiting = counted.where(
            deliveries.transport == TransportState.DELIVERED.value, deliveries.business.in_(_UNSIGNED)
        )
        rows = self._sql.rows(waiting.group_by(deliveries.recipient, documents.urgent))
        return {
            (UnitCode(unit), bool(urgent)): Unsigned(int(n), int(late), from_time(oldest))
            for unit, urgent, n, late, oldest in rows
        }

    def oldest_unsealed(self) -> datetime | None:
        entries = tables.entries.c
        row = self._sql.first(select(entries.recorded).where(entries.leaf.is_(None)).order_by(entries.no).limit(1))
        return None if row is None else from_time(row[0])

    def _up_to(self, late: Select[tuple[int]], limit: int) -> int:
        row = self._sql.first(select(func.count()).select_from(late.limit(limit).subquery("late")))
        return int(row[0]) if row else 0


def _expiring(expires: datetime) -> Select[tuple[int]]:
    deliveries = tables.deliveries.c
    return select(deliveries.transport).where(
        deliveries.transport.in_([state.value for state in _ON_THEIR_WAY]),
        deliveries.due.is_not(None),
        deliveries.expires < to_time(expires),
    )
