"""What the hub announced to this node's units."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from exchange.model.unit import UnitCode
from exchange.ports.notices import NoticeRecord
from exchange.storage import tables_node as tables
from exchange.storage.rows import NOTICE, notice_record, notice_values, to_time
from exchange.storage.session import Session
from exchange.storage.transaction import columns

__all__ = ["Notices"]


class Notices(Session):
    def add_notices(self, unit: UnitCode, records: Sequence[NoticeRecord]) -> None:
        self._sql.add_new(tables.notices, ("unit", *NOTICE), [(unit, *notice_values(one)) for one in records])

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
