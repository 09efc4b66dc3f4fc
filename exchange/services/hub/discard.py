"""Discard: files of the hub's that were given up and that nobody else needs are deleted, here and nowhere else.

A router that refuses a document records in its own transaction that the files may be unneeded. Whether they are is
judged here, under the lock that whoever finishes an upload of the same bytes takes, too: either that one comes first
and the file stays, or it finds the file gone and begins anew. If the process dies in between, the record still stands.
"""

from exchange.services.hub.hub import Hub

__all__ = ["Discarder"]


class Discarder:
    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def discard(self, limit: int = 100) -> int:
        """One round; returns how many files it looked at. Raises StorageError, with the file still recorded."""
        with self._hub.store.begin() as session:
            given_up = session.unneeded(limit)
        for sha256 in given_up:
            with self._hub.store.begin() as session:
                if session.take_unneeded(sha256):
                    self._hub.files.discard(sha256)
                    self._hub.metrics.count("yidi_files_deleted_total")
        return len(given_up)
