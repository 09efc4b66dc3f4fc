"""What operators did. There is no method that changes or removes a row, and the database refuses both."""

from collections.abc import Sequence

from sqlalchemy import select

from exchange.ports.acts import Act
from exchange.storage import tables_hub as tables
from exchange.storage.rows import from_time, to_time
from exchange.storage.session import Session
from exchange.storage.transaction import columns

__all__ = ["Acting"]

_ACT = ("at", "account", "operator", "verb", "target", "reason", "outcome")


class Acting(Session):
    def add_acts(self, acts: Sequence[Act]) -> None:
        rows = [
            (to_time(one.at), one.account, one.operator, one.verb, one.target, one.reason, one.outcome) for one in acts
        ]
        self._sql.add(tables.acts, _ACT, rows)

    def acts(self, before: int | None, limit: int) -> list[tuple[int, Act]]:
        number = tables.acts.c.no
        latest = select(number, *columns(tables.acts, _ACT)).order_by(number.desc()).limit(limit)
        if before is not None:
            latest = latest.where(number < before)
        return [
            (no, Act(at=from_time(at), **dict(zip(_ACT[1:], texts, strict=True))))
            for no, at, *texts in self._sql.rows(latest)
        ]
