"""Figures of a period: the database sums up, so that a month of a large county is a few hundred rows here."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select

from exchange.model.events import BusinessState
from exchange.model.unit import UnitCode
from exchange.ports.figures import Figures
from exchange.storage import tables_hub as tables
from exchange.storage.rows import Row, to_time
from exchange.storage.session import Session

__all__ = ["Figuring"]

_DELIVERIES, _DOCUMENTS = tables.deliveries.c, tables.documents.c
_OF_PERIOD = tables.documents.join(
    tables.deliveries,
    and_(_DELIVERIES.envelope_id == _DOCUMENTS.envelope_id, _DELIVERIES.sender == _DOCUMENTS.sender),
)
_EVERY, _HALF, _MOST = 100, 50, 95


class Figuring(Session):
    def figures(self, start: datetime, end: datetime, now: datetime) -> Mapping[UnitCode | None, Figures]:
        found: dict[UnitCode | None, Figures] = {}
        within = (_DOCUMENTS.received >= to_time(start), _DOCUMENTS.received < to_time(end))
        for by in ([_DELIVERIES.recipient], []):
            for unit, *numbers in self._by(by, _sums(now), within):
                addressed, received, signed, returned, rejected, overdue = (int(number or 0) for number in numbers)
                found[unit] = Figures(
                    addressed=addressed,
                    received=received,
                    signed=signed,
                    returned=returned,
                    rejected=rejected,
                    overdue=overdue,
                )
            for unit, median, most in self._times(by, within):
                found[unit] = replace(
                    found[unit], median=timedelta(microseconds=int(median)), most=timedelta(microseconds=int(most))
                )
        for column, name, table, whence in (
            (func.count(), "sent", tables.documents, within),
            (func.sum(tables.usage.c.bytes), "bytes", tables.usage, _days(start, end)),
        ):
            owner = table.c.sender if table is tables.documents else table.c.unit
            for unit, number in self._sql.rows(select(owner, column).where(*whence).group_by(owner)):
                for one in (unit, None):
                    before = found.get(one, Figures())
                    found[one] = replace(before, **{name: getattr(before, name) + int(number)})
        return found

    def _by(
        self, by: list[Any], sums: Sequence[ColumnElement[Any]], within: Sequence[ColumnElement[bool]]
    ) -> Sequence[Row]:
        statement = select(*by, *sums).select_from(_OF_PERIOD).where(*within).group_by(*by)
        rows = self._sql.rows(statement)
        return rows if by else [(None, *row) for row in rows]

    def _times(self, by: list[Any], within: Sequence[ColumnElement[bool]]) -> Sequence[Row]:
        """The least time that at least so many of a hundred took no longer than (nearest rank)."""
        took = _DELIVERIES.signed_at - _DELIVERIES.delivered_at
        least = case((took > 0, took), else_=0)
        ranked = (
            select(
                *by,
                least.label("took"),
                func.row_number().over(partition_by=by or None, order_by=least).label("place"),
                func.count().over(partition_by=by or None).label("number"),
            )
            .select_from(_OF_PERIOD)
            .where(*within, _DELIVERIES.signed_at.is_not(None), _DELIVERIES.delivered_at.is_not(None))
            .subquery("ranked")
        )
        ranks = [
            func.min(case((ranked.c.place * _EVERY >= ranked.c.number * share, ranked.c.took)))
            for share in (_HALF, _MOST)
        ]
        owners = [ranked.c.recipient] if by else []
        rows = self._sql.rows(select(*owners, *ranks).group_by(*owners))
        return rows if by else [(None, *row) for row in rows if row[0] is not None]


def _sums(now: datetime) -> list[ColumnElement[Any]]:
    received, signed, by = _DELIVERIES.delivered_at.is_not(None), _DELIVERIES.signed_at, _DELIVERIES.sign_by
    late = or_(_DELIVERIES.reminders > 0, and_(by.is_not(None), by < func.coalesce(signed, to_time(now))))
    conditions = [
        received,
        signed.is_not(None),
        _DELIVERIES.business == BusinessState.RETURNED.value,
        _DELIVERIES.business == BusinessState.REJECTED.value,
        and_(received, late),
    ]
    return [func.count(), *(func.sum(case((condition, 1), else_=0)) for condition in conditions)]


def _days(start: datetime, end: datetime) -> list[ColumnElement[bool]]:
    return [tables.usage.c.day >= to_time(start), tables.usage.c.day < to_time(end)]
