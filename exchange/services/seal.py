"""Seal: append what was recorded to the Merkle tree and sign a checkpoint over it. One sealer at a time.

Rows get their place in the tree here and not where they are written, so that any number of routers may write at
once and the log still has no gap. A crash before the commit leaves the rows unsealed and the old checkpoint
standing; nothing is published before it is stored.
"""

from collections.abc import Callable

from exchange.ledger import merkle
from exchange.ledger.checkpoint import Checkpoint
from exchange.ports.hub import HubStore, SealedCheckpoint
from exchange.ports.telemetry import Log, Metrics
from exchange.ports.time import Clock

__all__ = ["Sealer"]


class Sealer:
    def __init__(
        self, store: HubStore, clock: Clock, sign_note: Callable[[str], str], origin: str, metrics: Metrics, log: Log
    ) -> None:
        """`sign_note`: checkpoint body -> signed note with the hub's ledger key."""
        self._store, self._clock, self._sign_note, self._origin = store, clock, sign_note, origin
        self._metrics, self._log = metrics, log

    def seal(self, limit: int = 5000) -> int:
        """Seal up to `limit` entries; returns how many."""
        with self._store.begin() as session:
            rows = session.unsealed(limit)
            if not rows:
                return 0
            latest = session.checkpoint()
            size = latest.size if latest else 0
            nodes = merkle.append(size, [entry.leaf_hash for _, entry in rows], session.tree_node)
            grown = size + len(rows)
            root = merkle.root(grown, lambda level, index: nodes.get((level, index)) or session.tree_node(level, index))
            note = self._sign_note(Checkpoint(origin=self._origin, size=grown, root=root).body())
            session.seal(
                [(row, size + offset) for offset, (row, _) in enumerate(rows)],
                nodes,
                SealedCheckpoint(size=grown, root=root, note=note, at=self._clock.now()),
            )
        self._metrics.gauge("yidi_ledger_checkpoint_entries", grown)
        self._log.info("checkpoint_signed", size=grown)
        return len(rows)
