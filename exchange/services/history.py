"""History: what the hub recorded about a unit's documents since some time, page by page, for a node that was restored.

A unit gets what it sent or was sent, and the receipts that it would have been given or has given itself. Reads only.
Not here: who asks (`exchange.web.signed`), what the node makes of it (`exchange.services.recover`).

Limits: looking for what was recorded since reads every receipt of the hub once a page.
"""

from datetime import datetime, timedelta

from exchange.model.envelope import EnvelopeKey
from exchange.model.unit import UnitCode
from exchange.ports.history import DocumentHistory
from exchange.ports.hub import HubStore
from exchange.ports.time import Clock

__all__ = ["Historian"]

_DOCUMENTS = 500
# No backup should be older. Whoever has stolen a unit's key may ask, too.
_LONGEST = timedelta(days=90)
_BYTES = 8 * 1024 * 1024


class Historian:
    """Implements `exchange.ports.history.HistoryFeed`."""

    def __init__(self, store: HubStore, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def page(self, unit: UnitCode, since: datetime, after: EnvelopeKey | None) -> list[DocumentHistory]:
        """One document at least, if there is one left: it alone may be large."""
        found: list[DocumentHistory] = []
        size = 0
        with self._store.begin() as session:
            keys = session.spoken_of(unit, max(since, self._clock.now() - _LONGEST), after, _DOCUMENTS)
            documents = session.documents(keys)
            for key in keys:
                concerning = tuple(
                    record.document
                    for record in session.receipts_of(key)
                    if unit == key.sender or record.recipient in (None, unit)
                )
                size += len(documents[key].document) + sum(map(len, concerning))
                if found and size > _BYTES:
                    break
                found.append(DocumentHistory(document=documents[key].document, receipts=concerning))
        return found
