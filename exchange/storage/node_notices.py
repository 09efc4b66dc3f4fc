"""What the hub announced to this node's units."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import select, update

from exchange.model.receipt import ReceiptId
from exchange.model.unit import UnitCode
from exchange.ports.notices import NoticeRecord
from exchange.storage import tables_node as tables
from exchange.storage.rows import NOTICE, notice_record, notice_values, to_time
from exchange.storage.session import Session
from exchange.storage.transaction import columns

__all__ = ["Notices"]

_KEY = columns(tables.notices, ("unit", "receipt_id"))


class Notices(Session):
    def add_notices(self, unit: UnitCode, records: Sequence[NoticeRecord]) -> None:
        for one in records:
            row = (unit, *notice_values(one), to_time(one.at))
            if self._sql.add_new(tables.notices, ("unit", *NOTICE, "untold"), [row]):
                self._sql.add(tables.happened, ("unit", "receipt_id"), [(unit, one.id)])

    def notices(self, now: datetime) -> list[tuple[UnitCode, NoticeRecord]]:
        current = select(*columns(tables.notices, ("unit", *NOTICE))).where(tables.notices.c.until > to_time(now))
        latest = current.order_by(tables.notices.c.at.desc(), tables.notices.c.receipt_id, tables.notices.c.unit)
        found, ended = [], set()
        for code, *row in self._sql.rows(latest):
            unit, one = UnitCode(code), notice_record(row)
            if (unit, one.kind) not in ended:
                found.append((unit, one))
            ended.add((unit, one.kind.ends))
        return found

    def untold_notices(self, now: datetime, except_of: Iterable[UnitCode] = ()) -> list[tuple[UnitCode, NoticeRecord]]:
        notices = tables.notices.c
        waiting = select(*columns(tables.notices, ("unit", *NOTICE))).where(
            notices.untold.is_not(None), notices.until > to_time(now), notices.unit.not_in(list(except_of))
        )
        rows = self._sql.rows(waiting.order_by(notices.untold, notices.receipt_id))
        return [(UnitCode(code), notice_record(row)) for code, *row in rows]

    def told_notices(self, keys: Iterable[tuple[UnitCode, ReceiptId]]) -> None:
        self._sql.run_for(update(tables.notices).values(untold=None), _KEY, keys)
