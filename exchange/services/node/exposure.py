"""Exposure: a hub whose ledger went back, or forked, contradicts what it signed before, and its nodes cry out.

Two things that the hub signed go together if the later one's ledger has at least the earlier one's size, or the same
root for the same size. A declared restoring (`Restored` in the directory) explains what it left behind; nothing else
does. Not here: proofs that a root is a prefix of another, which evidence packages carry.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from exchange.directory.snapshot import Directory
from exchange.ports.node import HeldCheckpoint, NodeSession
from exchange.services.node.node import Node
from exchange.services.node.refresh import Refresher

__all__ = ["Contradiction", "Exposer", "contradictions"]

# A hub's receipt bears the time at which its batch began; several workers' clocks may differ.
_SKEW = timedelta(minutes=10)

Contradiction = tuple[HeldCheckpoint, HeldCheckpoint]
"""The earlier and the later."""


def contradictions(session: NodeSession, checkpoint: HeldCheckpoint) -> list[Contradiction]:
    """What is held against `checkpoint`, which has just come, whether explained or not."""
    before = _said(checkpoint) - _SKEW
    pairs = [(held, checkpoint) for held in session.opposed(checkpoint, before)]
    return [(a, b) if _said(a) <= _said(b) else (b, a) for a, b in pairs]


class Exposer:
    """Remembers what it has cried out, so that one contradiction is one alarm in the life of a process."""

    def __init__(self, node: Node, refresher: Refresher) -> None:
        self._node, self._refresher = node, refresher
        self._told: set[bytes] = set()

    def expose(self, found: Sequence[Contradiction]) -> None:
        """Alarm for what the directory does not explain, the largest alone; the hub is asked for a newer directory
        first."""
        node = self._node
        left = [pair for pair in found if pair[0].root not in self._told]
        left = left and _unexplained(node.verifier().directory, left)
        if left and self._refresher.refresh():
            left = _unexplained(node.verifier().directory, left)
        if not left:
            return
        earlier, later = max(left, key=lambda pair: pair[0].size)
        self._told |= {pair[0].root for pair in left}
        node.log.alarm(
            "ledger_contradiction",
            earlier_size=earlier.size,
            earlier_said=_said(earlier).isoformat(),
            later_size=later.size,
            later_said=_said(later).isoformat(),
        )


def _unexplained(directory: Directory, found: Sequence[Contradiction]) -> list[Contradiction]:
    return [
        (earlier, later)
        for earlier, later in found
        if not any(r.voids(earlier.size, _said(earlier)) and r.at < _said(later) for r in directory.restorings)
    ]


def _said(checkpoint: HeldCheckpoint) -> datetime:
    return checkpoint.said or checkpoint.seen
