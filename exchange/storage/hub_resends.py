"""Documents to be dispatched once more because an operator said so."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import delete, select

from exchange.model.unit import UnitCode
from exchange.ports.records import DeliveryKey
from exchange.ports.resends import Resend
from exchange.storage import tables_hub as tables
from exchange.storage.rows import envelope_key, from_time, to_time
from exchange.storage.session import Session, delivery_ids
from exchange.storage.transaction import columns

__all__ = ["Resending"]

_KEY = ("envelope_id", "sender", "recipient")
_RESEND = (*_KEY, "due", "attempts")


class Resending(Session):
    def add_resends(self, resends: Sequence[Resend]) -> None:
        rows = [
            (*key, to_time(one.due), one.attempts)
            for one, key in zip(resends, delivery_ids(one.key for one in resends), strict=True)
        ]
        self._sql.add_new(tables.resends, _RESEND, rows)

    def due_resends(self, now: datetime, limit: int) -> list[Resend]:
        come = select(*columns(tables.resends, _RESEND)).where(tables.resends.c.due <= to_time(now))
        oldest = come.order_by(tables.resends.c.due).limit(limit).with_for_update(skip_locked=True)
        return [
            Resend(
                key=DeliveryKey(envelope_key(sender, envelope_id), UnitCode(recipient)),
                due=from_time(due),
                attempts=attempts,
            )
            for envelope_id, sender, recipient, due, attempts in self._sql.rows(oldest)
        ]

    def save_resends(self, resends: Sequence[Resend]) -> None:
        rows = [
            (to_time(one.due), one.attempts, *key)
            for one, key in zip(resends, delivery_ids(one.key for one in resends), strict=True)
        ]
        self._sql.change(tables.resends, ("due", "attempts"), rows, key=_KEY)

    def remove_resends(self, keys: Iterable[DeliveryKey]) -> None:
        self._sql.run_for(delete(tables.resends), columns(tables.resends, _KEY), delivery_ids(keys))
