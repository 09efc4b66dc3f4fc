"""Take back: documents that the hub had accepted before it was restored, and that it knows of by its own ACCEPTED
alone, which a unit gave back.

Such a document is recorded as of the time at which it was accepted, and answered with that ACCEPTED, byte for byte.
The key that signed it may have been revoked, a recipient may have left, a rule may have changed since: what the hub has
said it has said. Other bytes under the same id are a conflict, as they would have been.

Limits: a copy of the document that comes before its ACCEPTED (from a queue that outlived the hub) is judged as of now.

Not here: how the ACCEPTED came back (`acknowledge`), recording (`route`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from exchange.codec.read import read_envelope, read_receipt
from exchange.errors import StorageError, YidiError
from exchange.model.envelope import EnvelopeKey
from exchange.model.receipt import Receipt
from exchange.ports.hub import HubSession, HubStore
from exchange.ports.records import ReceiptRecord

__all__ = ["AcceptedBefore", "accepted_before", "find_accepted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedBefore:
    """The hub's ACCEPTED of a document that it has lost."""

    receipt: Receipt
    record: ReceiptRecord

    @property
    def digest(self) -> str:
        """Of the document."""
        assert self.receipt.subject is not None
        return self.receipt.subject.digest

    @property
    def at(self) -> datetime:
        return self.receipt.at


def accepted_before(
    session: HubSession, keys: Iterable[EnvelopeKey], known: Iterable[EnvelopeKey]
) -> dict[EnvelopeKey, AcceptedBefore]:
    """Of `keys`, those that are not `known` as documents and yet were accepted."""
    found = session.accepted_receipts(set(keys) - set(known))
    return {key: AcceptedBefore(receipt=read_receipt(one.document), record=one) for key, one in found.items()}


def find_accepted(store: HubStore, document: bytes, digest: str) -> AcceptedBefore | None:
    """The ACCEPTED of exactly these bytes, if the hub has lost the document. Raises StorageError."""
    try:
        key = read_envelope(document).key
    except StorageError:
        raise
    except YidiError:
        return None
    with store.begin() as session:
        found = accepted_before(session, [key], session.documents([key])).get(key)
    return found if found is not None and found.digest == digest else None
