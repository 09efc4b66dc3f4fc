"""What a node can hold against the hub, what it quarantined, and the counts that show its health."""

from collections.abc import Sequence

from sqlalchemy import func, select

from exchange.model.unit import UnitCode
from exchange.ports.node import Box, HeldCheckpoint
from exchange.ports.records import QuarantineRecord
from exchange.storage import tables_node as tables
from exchange.storage.rows import QUARANTINE, from_time, quarantine_record, quarantine_values, to_time
from exchange.storage.session import Session
from exchange.storage.transaction import columns

__all__ = ["Trouble"]

_CHECKPOINT = ("size", "root", "note", "seen")


class Trouble(Session):
    def add_checkpoint(self, checkpoint: HeldCheckpoint) -> None:
        """One that is held already is not held twice; another root for the same size is held beside it."""
        values = (checkpoint.size, checkpoint.root, checkpoint.note, to_time(checkpoint.seen))
        self._sql.add_new(tables.held_checkpoints, _CHECKPOINT, [values])

    def checkpoints(self) -> list[HeldCheckpoint]:
        """Smallest first."""
        held = tables.held_checkpoints
        rows = self._sql.rows(select(*columns(held, _CHECKPOINT)).order_by(held.c.size, held.c.seen))
        return [
            HeldCheckpoint(size=size, root=root, note=note, seen=from_time(seen)) for size, root, note, seen in rows
        ]

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
