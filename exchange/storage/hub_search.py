"""Searching documents: along the index over when they were accepted, each delivery by its key."""

from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select, tuple_

from exchange.model.document import DocumentType
from exchange.model.events import TransportState
from exchange.ports.search import Found, Place, Search
from exchange.storage import tables_hub as tables
from exchange.storage.rows import envelope_key, from_time, to_time
from exchange.storage.session import Session, begins

__all__ = ["Searching"]

_DOCUMENTS, _DELIVERIES = tables.documents.c, tables.deliveries.c
_KEY = (_DOCUMENTS.envelope_id, _DOCUMENTS.sender)
_ITS_OWN = and_(_DELIVERIES.envelope_id == _DOCUMENTS.envelope_id, _DELIVERIES.sender == _DOCUMENTS.sender)


class Searching(Session):
    def search(self, wanted: Search, after: Place | None, limit: int) -> list[Found]:
        shown = (_DOCUMENTS.received, _DOCUMENTS.title, _DOCUMENTS.number, _DOCUMENTS.type, _DOCUMENTS.urgent)
        found = select(*_KEY, *shown).where(*_conditions(wanted))
        if after is not None:
            at, key = to_time(after[0]), after[1]
            same = and_(_DOCUMENTS.received == at, tuple_(*_KEY) > (key.id, key.sender))
            # The first for the index, which the second alone would not lead along.
            found = found.where(_DOCUMENTS.received <= at, or_(_DOCUMENTS.received < at, same))
        rows = self._sql.rows(found.order_by(_DOCUMENTS.received.desc(), *_KEY).limit(limit))
        told = self._told([(row[0], row[1]) for row in rows])
        return [
            Found(
                key=envelope_key(sender, envelope_id),
                received=from_time(received),
                title=title,
                number=number,
                type=None if type_ is None else DocumentType(type_),
                urgent=bool(urgent),
                recipients=told.get((envelope_id, sender), (0, 0, 0))[0],
                delivered=told.get((envelope_id, sender), (0, 0, 0))[1],
                signed=told.get((envelope_id, sender), (0, 0, 0))[2],
            )
            for envelope_id, sender, received, title, number, type_, urgent in rows
        ]

    def _told(self, keys: list[tuple[str, str]]) -> dict[tuple[str, str], tuple[int, int, int]]:
        key = [_DELIVERIES.envelope_id, _DELIVERIES.sender]
        has, signed = (func.sum(case((column.is_not(None), 1), else_=0)) for column in _MOMENTS)
        counted = select(*key, func.count(), has, signed).group_by(*key)
        rows = self._sql.rows_of(counted, key, keys)
        return {(id_, sender): (int(all_), int(had), int(done)) for id_, sender, all_, had, done in rows}


_MOMENTS = (_DELIVERIES.delivered_at, _DELIVERIES.signed_at)


def _conditions(wanted: Search) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[Any]] = [
        _DOCUMENTS.received >= to_time(wanted.since),
        _DOCUMENTS.received < to_time(wanted.until),
        *(_DOCUMENTS.title.contains(word, autoescape=True) for word in wanted.words),
    ]
    if wanted.sender is not None:
        conditions.append(_DOCUMENTS.sender == wanted.sender)
    if wanted.number is not None:
        conditions.append(_DOCUMENTS.number.contains(wanted.number, autoescape=True))
    if wanted.type is not None:
        conditions.append(_DOCUMENTS.type == wanted.type.value)
    if wanted.id is not None:
        conditions.append(begins(_DOCUMENTS.envelope_id, wanted.id))
    if wanted.urgent is not None:
        conditions.append(_DOCUMENTS.urgent.is_(wanted.urgent))
    of_delivery = []
    if wanted.to is not None:
        of_delivery.append(_DELIVERIES.recipient == wanted.to)
    if wanted.state is not None:
        column = _DELIVERIES.transport if isinstance(wanted.state, TransportState) else _DELIVERIES.business
        of_delivery.append(column == wanted.state.value)
    if of_delivery:
        conditions.append(exists().where(_ITS_OWN, *of_delivery))
    return conditions
