"""Units whose documents are held."""

from datetime import datetime

from sqlalchemy import case, delete, select, update

from exchange.model.events import TransportState
from exchange.model.unit import UnitCode
from exchange.ports.pauses import Pause
from exchange.storage import tables_hub as tables
from exchange.storage.rows import from_time, optional_from_time, optional_to_time, to_time
from exchange.storage.session import Session
from exchange.storage.transaction import columns

__all__ = ["Pausing"]

_PAUSE = ("unit", "since", "until", "reason")
_ON_THEIR_WAY = [state.value for state in TransportState if not state.settled]


class Pausing(Session):
    def pauses(self) -> dict[UnitCode, Pause]:
        found = {}
        for unit, since, until, reason in self._sql.rows(select(*columns(tables.pauses, _PAUSE))):
            one = Pause(unit=UnitCode(unit), since=from_time(since), until=optional_from_time(until), reason=reason)
            found[one.unit] = one
        return found

    def add_pause(self, pause: Pause) -> bool:
        row = (pause.unit, to_time(pause.since), optional_to_time(pause.until), pause.reason)
        return bool(self._sql.add_new(tables.pauses, _PAUSE, [row]))

    def end_pause(self, unit: UnitCode, now: datetime, expires: datetime) -> bool:
        deliveries, end = tables.deliveries, to_time(expires)
        # The states by name, so that the index leads to those that are open.
        held = deliveries.c.transport.in_(_ON_THEIR_WAY) & (deliveries.c.recipient == unit)
        later = case((deliveries.c.expires < end, end), else_=deliveries.c.expires)
        freed = update(deliveries).where(held, deliveries.c.due.is_not(None)).values(due=to_time(now), expires=later)
        ended = self._sql.run(delete(tables.pauses).where(tables.pauses.c.unit == unit))
        if ended:
            self._sql.run_ordered(freed, columns(deliveries, ("envelope_id", "sender", "recipient")))
        return bool(ended)
