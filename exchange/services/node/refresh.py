"""Refresh: a node follows the hub's directory, and keeps the one it holds on anything suspicious, with an alarm.

A directory that declares a restoring makes the node send again what the hub may have lost (`reopen`). A verdict that
fails because a key or unit is unknown asks the hub once for a newer directory before it stands.
"""

from collections.abc import Callable
from typing import TypeVar

from exchange.errors import DirectoryError, SignatureError, TransportError
from exchange.ports.directory import DirectoryFeed
from exchange.ports.records import DirectoryRecord
from exchange.services.node.node import Node
from exchange.services.node.reopen import new_restorings, reopen
from exchange.trust.anchor import verify_directory
from exchange.trust.verify import Verifier

__all__ = ["Refresher"]

T = TypeVar("T")

_UNKNOWN = {"SIG_KEY_UNKNOWN", "SIG_SENDER_UNKNOWN"}


class Refresher:
    def __init__(self, node: Node, feed: DirectoryFeed) -> None:
        self._node = node
        self._feed = feed

    def refresh(self) -> bool:
        """Take a newer directory if there is one and it is right; whether one was taken."""
        node = self._node
        with node.store.look() as session:
            held = session.directory()
        try:
            document = self._feed.newer(held.version if held else 0)
            if document is None:
                return False
            now = node.clock.now()
            directory, digest = verify_directory(document, node.anchor, now, held)
            restorings = new_restorings(None if held is None else node.verifier().directory, directory)
        except TransportError as error:
            node.log.warning("directory_unreachable", code=error.code, detail=error.detail)
            return False
        except (DirectoryError, SignatureError) as error:
            node.log.alarm("directory_suspicious", code=error.code, detail=error.detail)
            node.metrics.count("yidi_node_directory_refused_total", code=error.code)
            return False
        with node.store.begin() as session:
            session.save_directory(
                DirectoryRecord(version=directory.version, digest=digest, document=document, stored=now)
            )
            if restorings:
                reopen(node, session, restorings, now)
        node.log.info("directory_taken", version=directory.version)
        return True

    def with_fresh_directory(self, judge: Callable[[Verifier], T]) -> T:
        """`judge` under the directory of the batch's beginning; once more under a newer one if a key or unit was
        unknown."""
        try:
            return judge(self._node.verifier(look=False))
        except SignatureError as error:
            if error.code not in _UNKNOWN or not self.refresh():
                raise
        return judge(self._node.verifier())
