"""What each unit has used up of its quota, day by day."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, select

from exchange.model.unit import UnitCode
from exchange.ports.hub import Usage
from exchange.storage import tables_hub as tables
from exchange.storage.rows import to_time
from exchange.storage.session import Session
from exchange.storage.transaction import columns

__all__ = ["UsedUp"]


class UsedUp(Session):
    def usage(self, units: Iterable[UnitCode], day: datetime) -> dict[UnitCode, Usage]:
        rows = self._sql.rows_of(_on(to_time(day)), [tables.usage.c.unit], ((unit,) for unit in units))
        return {unit: Usage(documents=count, bytes=size, uploaded=came) for unit, count, size, came in rows}

    def add_usage(self, day: datetime, used: Mapping[UnitCode, Usage]) -> None:
        at = to_time(day)
        rows = [(unit, at, one.documents, one.bytes, one.uploaded) for unit, one in used.items()]
        self._sql.add_up(tables.usage, ("unit", "day"), ("documents", "bytes", "uploaded"), rows)


@lru_cache(maxsize=8)
def _on(day: int) -> Select[Any]:
    """The same statement all day: building one takes longer than running it."""
    return select(*columns(tables.usage, ("unit", "documents", "bytes", "uploaded"))).where(tables.usage.c.day == day)
