"""What the hub announced to units."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import func, select

from exchange.model.receipt import ReceiptId
from exchange.ports.notices import NoticeRecord
from exchange.storage import tables_hub as tables
from exchange.storage.hub_receipts import Receipts
from exchange.storage.rows import NOTICE, notice_record, notice_values, to_time
from exchange.storage.transaction import columns

__all__ = ["Notices"]


class Notices(Receipts):
    def add_notice(self, record: NoticeRecord) -> None:
        self._sql.add(tables.notices, (*NOTICE, "units"), [(*notice_values(record), record.units)])

    def notices(self, limit: int) -> list[tuple[NoticeRecord, int]]:
        open_ones = select(func.count()).where(tables.forwards.c.receipt_id == tables.notices.c.receipt_id)
        named = (*columns(tables.notices, NOTICE), tables.notices.c.units, open_ones.scalar_subquery())
        latest = select(*named).order_by(tables.notices.c.at.desc(), tables.notices.c.receipt_id).limit(limit)
        return [(notice_record(row[:-2], row[-2]), int(row[-1])) for row in self._sql.rows(latest)]

    def notices_over(self, ids: Iterable[ReceiptId], now: datetime) -> set[ReceiptId]:
        over = select(tables.notices.c.receipt_id).where(tables.notices.c.until <= to_time(now))
        rows = self._sql.rows_of(over, [tables.notices.c.receipt_id], ((one,) for one in ids))
        return {ReceiptId(id_) for (id_,) in rows}

    def forwarded(self, ids: Iterable[ReceiptId]) -> dict[ReceiptId, bytes]:
        wanted = list(ids)
        found = {id_: record.document for id_, record in self.receipts(wanted).items()}
        rest = [(one,) for one in wanted if one not in found]
        named = select(*columns(tables.notices, ("receipt_id", "document")))
        return found | {
            ReceiptId(id_): bytes(document)
            for id_, document in self._sql.rows_of(named, [tables.notices.c.receipt_id], rest)
        }
