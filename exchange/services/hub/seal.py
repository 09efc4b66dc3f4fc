"""Seal: append what was recorded to the Merkle tree and sign a checkpoint over it. One sealer at a time.

Rows get their place in the tree here and not where they are written, so that any number of routers may write at
once and the log still has no gap. A crash before the commit leaves the rows unsealed and the old checkpoint
standing; nothing is published before it is stored.

Two transactions: one reads, and holds nothing while hashes are computed and the checkpoint is signed; the other
writes. In between another sealer may have taken over, because this one slept. The lease's epoch is looked at in the
very transaction that writes, so that the late writer is refused whatever it read, and whatever clocks say.

A sealer that starts takes the lease from whoever has it: it was started because the other died, or by mistake, and
then the last one counts. One that lost it stands by and takes it again when it has run out.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from exchange.ledger import merkle
from exchange.ledger.checkpoint import Checkpoint
from exchange.ledger.entry import LedgerEntry
from exchange.ports.hub import HubSession, HubStore, Lease, SealedCheckpoint
from exchange.ports.telemetry import Log, Metrics
from exchange.ports.time import Clock

__all__ = ["LEASE", "Sealer"]

LEASE = "sealer"
# Much longer than a batch takes: it only decides how soon another takes over, never who may write.
_LASTS = timedelta(seconds=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    """What one look found, and what it makes of the tree that had `size` leaves."""

    rows: Sequence[tuple[int, LedgerEntry]]
    size: int
    nodes: Mapping[tuple[int, int], bytes]
    root: bytes


class Sealer:
    def __init__(
        self,
        store: HubStore,
        clock: Clock,
        sign_note: Callable[[str], str],
        origin: str,
        metrics: Metrics,
        log: Log,
        *,
        holder: str,
    ) -> None:
        """`sign_note`: checkpoint body -> signed note with the hub's ledger key. `holder`: this process's own id, new
        at each start."""
        self._store, self._clock, self._sign_note, self._origin = store, clock, sign_note, origin
        self._metrics, self._log, self._holder = metrics, log, holder
        self._lease: Lease | None = None
        self._started = False

    def seal(self, limit: int = 5000) -> int:
        """Seal up to `limit` entries; returns how many. None while another sealer is at work."""
        now = self._clock.now()
        with self._store.begin() as session:
            lease = self._hold(session, now) if session.unsealed(1) else None
            # After the lease: what its former holder was sealing is sealed now.
            rows = session.unsealed(limit) if lease else []
            batch = _append(session, rows) if rows else None
        if lease is None or batch is None:
            return 0
        self._lease, self._started = lease, True
        return self._write(batch, replace(lease, expires=now + _LASTS))

    def _hold(self, session: HubSession, now: datetime) -> Lease | None:
        """The lease, ours for all that this process knows; None when another has it."""
        if self._lease is not None and now < self._lease.expires:
            return self._lease  # perhaps no longer: writing will tell
        found = session.lease(LEASE)
        # One that ends later than any lease can was given under a wrong clock.
        if found is not None and self._started and now < found.expires <= now + 2 * _LASTS:
            return None
        mine = Lease(name=LEASE, holder=self._holder, epoch=found.epoch + 1 if found else 1, expires=now + _LASTS)
        return mine if session.take_lease(mine) else None

    def _write(self, batch: _Batch, lease: Lease) -> int:
        grown = batch.size + len(batch.rows)
        note = self._sign_note(Checkpoint(origin=self._origin, size=grown, root=batch.root).body())
        with self._store.begin() as session:
            still_ours = session.renew_lease(lease)
            if still_ours:
                session.seal(
                    [(row, batch.size + offset) for offset, (row, _) in enumerate(batch.rows)],
                    batch.nodes,
                    SealedCheckpoint(size=grown, root=batch.root, note=note, at=self._clock.now()),
                )
        if not still_ours:
            # What was signed is stored nowhere and was shown to nobody.
            self._lease = None
            self._log.warning("sealer_superseded", epoch=lease.epoch)
            return 0
        self._lease = lease
        self._metrics.gauge("yidi_ledger_checkpoint_entries", grown)
        self._log.info("checkpoint_signed", size=grown)
        return len(batch.rows)


def _append(session: HubSession, rows: Sequence[tuple[int, LedgerEntry]]) -> _Batch:
    latest = session.checkpoint()
    size = latest.size if latest else 0
    nodes = merkle.append(size, [entry.leaf_hash for _, entry in rows], session.tree_node)
    root = merkle.root(
        size + len(rows), lambda level, index: nodes.get((level, index)) or session.tree_node(level, index)
    )
    return _Batch(rows=rows, size=size, nodes=nodes, root=root)
