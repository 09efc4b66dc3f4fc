"""Orphans: uploads that nobody went on with, and files for which no document ever came, are found and given up.

Found in three ways: a claim that no document of its unit named in time; a file that nobody claims, left by a process
that died at the last moment; an unfinished upload that was not touched for days. A unit that needs a file after all is
asked for it again, as for any that is missing.

Not here: deleting a file that was given up (`discard`), which looks once more whether anybody needs it.
"""

from collections.abc import Iterator
from datetime import timedelta
from itertools import islice

from exchange.ports.files import Stored
from exchange.services.hub.hub import Hub
from exchange.settings import FileKeeping

__all__ = ["Orphans"]

_ROUND_SECONDS = 3600.0


class Orphans:
    def __init__(self, hub: Hub, keeping: FileKeeping) -> None:
        self._hub, self._keeping = hub, keeping
        self._round: Iterator[Stored] | None = None
        self._next = hub.clock.monotonic()
        self._files = self._bytes = 0

    def claims(self, limit: int = 500) -> int:
        """Look at claims whose document has not come; returns how many."""
        now, wanted = self._hub.clock.now(), timedelta(days=self._keeping.unclaimed_days)
        with self._hub.store.begin() as session:
            claims = session.waiting_claims(now, limit)
            late = {(one.unit, one.sha256) for one in claims if one.due is not None and not one.named}
            again = {(one.unit, one.sha256): None if one.named else now + wanted for one in claims}
            session.wait_for({key: due for key, due in again.items() if key not in late})
            session.drop_claims(late)
        self._hub.metrics.count("yidi_files_orphans_total", len(late), kind="unclaimed")
        return len(claims)

    def survey(self, limit: int = 500) -> int:
        """Go on through all files there are, once an hour; returns how many were looked at."""
        if self._round is None:
            if self._hub.clock.monotonic() < self._next:
                return 0
            self._round, self._files, self._bytes = self._hub.files.stored(), 0, 0
        found = list(islice(self._round, limit))
        self._files += len(found)
        self._bytes += sum(blob.size for blob in found)
        # Old ones alone: one that has just come is being claimed, and under a wrong database nobody claims any.
        before = self._hub.clock.now() - timedelta(days=self._keeping.unclaimed_days)
        with self._hub.store.begin() as session:
            lost = session.give_up(session.unclaimed(blob.sha256 for blob in found if blob.since < before))
        self._hub.metrics.count("yidi_files_orphans_total", lost, kind="unclaimed")
        if len(found) < limit:
            self._round, self._next = None, self._hub.clock.monotonic() + _ROUND_SECONDS
            self._hub.metrics.gauge("yidi_hub_files", self._files)
            self._hub.metrics.gauge("yidi_hub_files_bytes", self._bytes)
        return len(found)

    def unfinished(self) -> int:
        """Delete uploads that nobody went on with; returns how many."""
        swept = self._hub.files.sweep(self._hub.clock.now() - timedelta(days=self._keeping.unfinished_days))
        self._hub.metrics.count("yidi_files_orphans_total", swept, kind="unfinished")
        return swept
