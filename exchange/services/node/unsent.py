"""Unsent: files at a node that no document names are deleted when nobody has asked for them for days: what a program
uploaded and never sent, what an attempt to send or to receive left behind, what came in part.

A file is judged and deleted in one transaction, and a node's store has one writer. Whoever relies on a file that lies
here already looks, in the transaction that names it, that it is there: so either its document comes first and the file
stays, or it finds the file gone and brings it again, before anything was promised.

Not here: the hub's files (`orphans`, `discard`).
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import islice

from exchange.ports.files import Stored
from exchange.services.node.node import Node

__all__ = ["Unsent"]

_ROUND_SECONDS = 3600.0


class Unsent:
    def __init__(self, node: Node, pending: Callable[[], bool] = lambda: False) -> None:
        """`pending`: this node was restored, and does not know all of its documents yet."""
        self._node, self._pending = node, pending
        self._round: Iterator[Stored] | None = None
        self._next = node.clock.monotonic()

    def survey(self, limit: int = 500) -> int:
        """Go on through all files there are, once an hour; returns how many were looked at."""
        node = self._node
        if self._pending() or (self._round is None and node.clock.monotonic() < self._next):
            return 0
        self._round = self._round or node.files.stored()
        found, before = list(islice(self._round, limit)), self._before()
        with node.store.look() as session:
            unneeded = session.unneeded_files((one.sha256 for one in found if one.since < before), before)
        for sha256 in sorted(unneeded):
            self._delete(sha256, before)
        if len(found) < limit:
            self._round, self._next = None, node.clock.monotonic() + _ROUND_SECONDS
        return len(found)

    def unfinished(self) -> int:
        """Delete what came in part and nobody went on with; returns how many."""
        return self._node.files.sweep(self._before())

    def _before(self) -> datetime:
        return self._node.clock.now() - timedelta(days=self._node.timing.unsent_days)

    def _delete(self, sha256: str, before: datetime) -> None:
        node = self._node
        with node.store.begin() as session:
            if not session.unneeded_files([sha256], before):
                return  # a document, or a program, was faster
            session.forget_uploads(sha256)
            node.files.discard(sha256)
        node.log.info("file_expired", digest=sha256)
