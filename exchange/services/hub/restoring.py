"""What became of a restored hub: what it had lost, as far as its nodes can show, what has come back, what is missing.

Derived from the store: a receipt that was said before the restoring and recorded after it came back; an ACCEPTED that
came back without its document says that this one is missing still; the largest checkpoint that came back is the least
that the ledger had. Not here: bringing anything back (`reopen`, `take_back`).
"""

from dataclasses import dataclass

from exchange.directory.snapshot import Directory, Restored
from exchange.ledger.checkpoint import Checkpoint
from exchange.ports.hub import HubSession
from exchange.services.evidence.facts import read_checkpoint, read_receipt

__all__ = ["Restoring", "last_restoring"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Restoring:
    """`largest`: of the checkpoints that units gave back, or None when they gave none. Documents and receipts that are
    `back`; documents that are `missing`."""

    restored: Restored
    largest: Checkpoint | None
    documents_back: int
    receipts_back: int
    documents_missing: int


def last_restoring(session: HubSession, directory: Directory) -> Restoring | None:
    if not directory.restorings:
        return None
    restored = directory.restorings[-1]
    back = session.back_since(restored.at)
    notes = [read_receipt(document).checkpoint for document in back.latest]
    sizes = [read_checkpoint(note) for note in notes if note is not None]
    return Restoring(
        restored=restored,
        largest=max(sizes, key=lambda one: one.size, default=None),
        documents_back=back.accepted - back.without_document,
        receipts_back=back.receipts,
        documents_missing=back.without_document,
    )
