"""What programs of each unit have uploaded, day by day."""

from datetime import datetime

from sqlalchemy import select

from exchange.model.unit import UnitCode
from exchange.storage import tables_node as tables
from exchange.storage.rows import to_time
from exchange.storage.session import Session

__all__ = ["UsedByPrograms"]


class UsedByPrograms(Session):
    def bytes_of_day(self, unit: UnitCode, day: datetime) -> int:
        usage = tables.usage.c
        row = self._sql.first(select(usage.uploaded).where(usage.unit == unit, usage.day == to_time(day)))
        return 0 if row is None else int(row[0])

    def add_bytes(self, unit: UnitCode, day: datetime, more: int) -> None:
        self._sql.add_up(tables.usage, ("unit", "day"), ("uploaded",), [(unit, to_time(day), more)])
