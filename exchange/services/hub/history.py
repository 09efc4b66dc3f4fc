"""History: what the hub recorded about a unit's documents since some time, page by page, for a node that was restored.

A unit gets what it sent or was sent, and the receipts that it would have been given or has given itself. Reads only.
Not here: who asks (`exchange.web.signed`), what the node makes of it (`exchange.services.node.recover`).

Limits: what was archived in a file that is not here is left out, with a warning: such a document is older than any
backup that a node should be restored from, which therefore has it. Looking for what was recorded since reads every
receipt of the hub once a page.
"""

from datetime import datetime, timedelta

from exchange.model.envelope import EnvelopeKey
from exchange.model.unit import UnitCode
from exchange.ports.history import DocumentHistory
from exchange.ports.hub import HubSession, HubStore
from exchange.ports.records import DocumentRecord
from exchange.ports.telemetry import Log
from exchange.ports.time import Clock
from exchange.services.archive.shelf import Shelf

__all__ = ["Historian"]

_DOCUMENTS = 500
# No backup should be older. Whoever has stolen a unit's key may ask, too.
_LONGEST = timedelta(days=90)
_BYTES = 8 * 1024 * 1024


class Historian:
    """Implements `exchange.ports.history.HistoryFeed`."""

    def __init__(self, store: HubStore, clock: Clock, log: Log, shelf: Shelf | None = None) -> None:
        """`shelf`: where archived bytes are."""
        self._store, self._clock, self._log, self._shelf = store, clock, log, shelf or Shelf()

    def page(self, unit: UnitCode, since: datetime, after: EnvelopeKey | None) -> list[DocumentHistory]:
        """One document at least, if there is one left: it alone may be large."""
        found: list[DocumentHistory] = []
        size = 0
        since = max(since, self._clock.now() - _LONGEST)
        with self._store.begin() as session:
            while not found and (keys := session.spoken_of(unit, since, after, _DOCUMENTS)):
                after = keys[-1]
                documents = session.documents(keys)
                for key in keys:
                    told = self._told(session, unit, documents[key])
                    if told is None:
                        continue
                    size += len(told.document) + sum(map(len, told.receipts))
                    if found and size > _BYTES:
                        break
                    found.append(told)
        return found

    def _told(self, session: HubSession, unit: UnitCode, record: DocumentRecord) -> DocumentHistory | None:
        """None when its bytes are in an archive that is not here."""
        document = self._shelf.document(record)
        receipts = []
        for one in session.receipts_of(record.key):
            if unit == record.key.sender or one.recipient in (None, unit):
                if (spoken := self._shelf.receipt(one)) is None:
                    self._log.warning("history_archived", receipt=one.id, archive=", ".join(one.archived))
                else:
                    receipts.append(spoken)
        if document is None:
            self._log.warning("history_archived", envelope=str(record.key), archive=", ".join(record.archived))
            return None
        return DocumentHistory(document=document, receipts=tuple(receipts))
