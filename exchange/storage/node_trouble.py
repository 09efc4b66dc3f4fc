"""What a node can hold against the hub, what it quarantined, and the counts that show its health."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select

from exchange.model.unit import UnitCode
from exchange.ports.node import Box, HeldCheckpoint
from exchange.ports.records import QuarantineRecord
from exchange.storage import tables_node as tables
from exchange.storage.rows import (
    QUARANTINE,
    Row,
    from_time,
    optional_from_time,
    optional_to_time,
    quarantine_record,
    quarantine_values,
    to_time,
)
from exchange.storage.session import Session
from exchange.storage.transaction import columns

__all__ = ["Trouble"]

_CHECKPOINT = ("size", "root", "note", "seen", "said")
_LOOKED_AT = 20
_HELD = select(*columns(tables.held_checkpoints, _CHECKPOINT))


class Trouble(Session):
    def add_checkpoint(self, checkpoint: HeldCheckpoint) -> None:
        said = optional_to_time(checkpoint.said)
        values = (checkpoint.size, checkpoint.root, checkpoint.note, to_time(checkpoint.seen), said)
        self._sql.add_new(tables.held_checkpoints, _CHECKPOINT, [values])

    def checkpoints(self) -> list[HeldCheckpoint]:
        """Smallest first."""
        held = tables.held_checkpoints.c
        return [_checkpoint(row) for row in self._sql.rows(_HELD.order_by(held.size, held.seen))]

    def opposed(self, checkpoint: HeldCheckpoint, before: datetime) -> list[HeldCheckpoint]:
        """Looks at the last few that were said before: a ledger only grows, so that they are the largest of them."""
        held = tables.held_checkpoints.c
        forked = _HELD.where(held.size == checkpoint.size, held.root != checkpoint.root)
        last = _HELD.where(held.said < to_time(before)).order_by(held.said.desc()).limit(_LOOKED_AT)
        rows = [*self._sql.rows(forked), *(row for row in self._sql.rows(last) if row[0] > checkpoint.size)]
        return sorted(map(_checkpoint, rows), key=lambda one: -one.size)

    def quarantine(self, unit: UnitCode, records: Sequence[QuarantineRecord]) -> None:
        """The same bytes from the same user in the same queue are kept once."""
        rows = [(unit, *quarantine_values(record)) for record in records]
        self._sql.add_new(tables.quarantine, ("unit", *QUARANTINE), rows)

    def quarantined(self, unit: UnitCode | None, limit: int) -> list[QuarantineRecord]:
        """Newest first."""
        kept = select(*columns(tables.quarantine, QUARANTINE)).order_by(tables.quarantine.c.no.desc())
        if unit is not None:
            kept = kept.where(tables.quarantine.c.unit == unit)
        return [quarantine_record(row) for row in self._sql.rows(kept.limit(limit))]

    def count_failure(self, digest: str) -> int:
        return self._count_failure(tables.failures, digest)

    def counts(self) -> dict[str, int]:
        """`sent` and `inbox` documents, `outbox_open`, `handovers_open`, `untold`, `quarantined`."""
        documents = tables.documents
        grouped = select(documents.c.box, func.count()).group_by(documents.c.box)
        boxes = {box: int(count) for box, count in self._sql.rows(grouped)}
        return {
            **{box.value: boxes.get(box.value, 0) for box in Box},
            "outbox_open": self._count(tables.outbox, tables.outbox.c.due.is_not(None)),
            "handovers_open": self._count(tables.handovers, tables.handovers.c.due.is_not(None)),
            "untold": self._count(tables.receipts, tables.receipts.c.untold.is_not(None)),
            "quarantined": self._count(tables.quarantine),
        }


def _checkpoint(row: Row) -> HeldCheckpoint:
    size, root, note, seen, said = row
    return HeldCheckpoint(size=size, root=root, note=note, seen=from_time(seen), said=optional_from_time(said))
