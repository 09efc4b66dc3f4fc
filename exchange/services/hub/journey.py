"""Journey: what the hub recorded about one document, from its acceptance on, in the order in which it was recorded.

Reads only, by keys. Read, not verified: what a receipt says here is proved by an evidence package
(`exchange.services.evidence.gather`). Not here: what was refused, which never became a document of the hub's.

Limit: of what was archived in a file that is not here, only the rows are told: no person, reason or words.
"""

from dataclasses import dataclass
from datetime import datetime

from exchange.codec.read import read_receipt
from exchange.model.envelope import EnvelopeKey
from exchange.model.receipt import Receipt
from exchange.ports.hub import HubSession
from exchange.ports.records import DeliveryRecord, DocumentRecord, ReceiptRecord
from exchange.services.archive.shelf import Shelf

__all__ = ["Journey", "Step", "journey"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One receipt. `said` is None when its bytes are in an archive elsewhere; `leaf`: its place in the ledger, None
    while it is not sealed."""

    record: ReceiptRecord
    said: Receipt | None
    leaf: int | None

    @property
    def at(self) -> datetime:
        """When the hub recorded it. Its author's own clock may be wrong."""
        return self.record.recorded


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """`leaf`: the document's own place in the ledger."""

    document: DocumentRecord
    leaf: int | None
    deliveries: tuple[DeliveryRecord, ...]
    steps: tuple[Step, ...]


def journey(session: HubSession, shelf: Shelf, key: EnvelopeKey) -> Journey | None:
    """None when the hub has no such document. Raises PackageError when an archive cannot be read."""
    document = session.documents([key]).get(key)
    if document is None:
        return None
    leaves = {entry.id: leaf for leaf, entry in session.entries_of(key)}
    steps = [_step(shelf, record, leaves.get(record.id)) for record in session.receipts_of(key)]
    return Journey(
        document=document,
        leaf=leaves.get(key.id),
        deliveries=tuple(session.deliveries_of(key)),
        steps=tuple(sorted(steps, key=lambda step: (step.at, step.record.at, step.record.id))),
    )


def _step(shelf: Shelf, record: ReceiptRecord, leaf: int | None) -> Step:
    spoken = shelf.receipt(record)
    return Step(record=record, said=None if spoken is None else read_receipt(spoken), leaf=leaf)
