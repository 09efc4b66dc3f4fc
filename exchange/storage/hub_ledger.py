"""The ledger's entries, tree nodes and checkpoints, and the lease of whoever may seal.

Nothing of the ledger is ever changed but an entry's empty place.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from exchange.errors import ConflictError, StorageError
from exchange.ledger.entry import LedgerEntry
from exchange.model.envelope import EnvelopeKey
from exchange.ports.hub import Lease, SealedCheckpoint
from exchange.storage import tables_hub as tables
from exchange.storage.rows import from_time, to_time
from exchange.storage.session import Session
from exchange.storage.transaction import columns

__all__ = ["Ledger"]

_ENTRY = ("kind", "sender", "envelope_id", "id", "digest", "recorded")
_LEASE = ("name", "holder", "epoch", "expires")
_CHECKPOINT = ("size", "root", "note", "at")
_CHECKPOINTS = select(*columns(tables.checkpoints, _CHECKPOINT))


class Ledger(Session):
    def add_entries(self, entries: Sequence[LedgerEntry]) -> None:
        rows = [(one.kind, one.sender, one.envelope_id, one.id, one.digest, to_time(one.recorded)) for one in entries]
        self._sql.add(tables.entries, _ENTRY, rows)

    def unsealed(self, limit: int) -> list[tuple[int, LedgerEntry]]:
        oldest = select(tables.entries.c.no, *columns(tables.entries, _ENTRY)).where(tables.entries.c.leaf.is_(None))
        rows = self._sql.rows(oldest.order_by(tables.entries.c.no).limit(limit))
        return [(number, _entry(values)) for number, *values in rows]

    def seal(
        self, rows: Sequence[tuple[int, int]], nodes: Mapping[tuple[int, int], bytes], checkpoint: SealedCheckpoint
    ) -> None:
        """Raises ConflictError when a row is sealed already, or a leaf index, node or size is taken."""
        sealed = self._sql.change(
            tables.entries, ("leaf",), [(leaf, number) for number, leaf in rows], key=("no",), empty="leaf"
        )
        if sealed != len(rows):
            raise ConflictError("ledger: another sealer has sealed some of these entries")
        self._sql.add(
            tables.tree_nodes, ("level", "position", "hash"), [(*place, digest) for place, digest in nodes.items()]
        )
        values = (checkpoint.size, checkpoint.root, checkpoint.note, to_time(checkpoint.at))
        self._sql.add(tables.checkpoints, _CHECKPOINT, [values])

    def lease(self, name: str) -> Lease | None:
        at = select(*columns(tables.leases, _LEASE)).where(tables.leases.c.name == name).with_for_update()
        row = self._sql.first(at)
        return None if row is None else Lease(name=row[0], holder=row[1], epoch=row[2], expires=from_time(row[3]))

    def take_lease(self, lease: Lease) -> bool:
        values = (lease.holder, lease.epoch, to_time(lease.expires))
        if lease.epoch == 1:
            return self._sql.add_new(tables.leases, _LEASE, [(lease.name, *values)]) == 1
        former = (lease.name, lease.epoch - 1)
        return self._sql.change(tables.leases, _LEASE[1:], [(*values, *former)], key=("name", "epoch")) == 1

    def renew_lease(self, lease: Lease) -> bool:
        values = (to_time(lease.expires), lease.name, lease.holder, lease.epoch)
        return self._sql.change(tables.leases, ("expires",), [values], key=("name", "holder", "epoch")) == 1

    def checkpoint(self) -> SealedCheckpoint | None:
        row = self._sql.first(_CHECKPOINTS.order_by(tables.checkpoints.c.size.desc()).limit(1))
        return None if row is None else _checkpoint(row)

    def checkpoints(self) -> list[SealedCheckpoint]:
        """Smallest first."""
        return [_checkpoint(row) for row in self._sql.rows(_CHECKPOINTS.order_by(tables.checkpoints.c.size))]

    def tree_node(self, level: int, index: int) -> bytes:
        """Raises StorageError when there is none: the tree is damaged, or the caller counts beyond its end."""
        at = select(tables.tree_nodes.c.hash).where(
            tables.tree_nodes.c.level == level, tables.tree_nodes.c.position == index
        )
        row = self._sql.first(at)
        if row is None:
            raise StorageError(f"ledger: no tree node at level {level}, index {index}", code="STORAGE_CORRUPT")
        return bytes(row[0])

    def entries_of(self, envelope: EnvelopeKey) -> list[tuple[int | None, LedgerEntry]]:
        of_envelope = select(tables.entries.c.leaf, *columns(tables.entries, _ENTRY)).where(
            tables.entries.c.envelope_id == envelope.id, tables.entries.c.sender == envelope.sender
        )
        return [(leaf, _entry(values)) for leaf, *values in self._sql.rows(of_envelope.order_by(tables.entries.c.no))]

    def entries(self, start: int, limit: int) -> list[tuple[int, LedgerEntry]]:
        sealed = select(tables.entries.c.leaf, *columns(tables.entries, _ENTRY)).where(tables.entries.c.leaf >= start)
        rows = self._sql.rows(sealed.order_by(tables.entries.c.leaf).limit(limit))
        return [(leaf, _entry(values)) for leaf, *values in rows]


def _entry(values: Sequence[Any]) -> LedgerEntry:
    kind, sender, envelope_id, id_, digest, recorded = values
    return LedgerEntry(
        kind=kind, sender=sender, envelope_id=envelope_id, id=id_, digest=digest, recorded=from_time(recorded)
    )


def _checkpoint(row: Sequence[Any]) -> SealedCheckpoint:
    size, root, note, at = row
    return SealedCheckpoint(size=size, root=root, note=note, at=from_time(at))
