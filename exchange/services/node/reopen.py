"""Reopen: when the directory declares that the hub began again from a backup, a node sends again what the hub may have
lost, byte for byte: its own receipts, and the hub's own, which it gives back.

An ACCEPTED goes before its document: with it the hub knows that it had accepted these very bytes, and when. So the
document follows once the hub has noted the ACCEPTED (`send_documents_again`). Files follow by themselves: the relay
uploads what the hub lacks.

Not here: what the hub makes of it (`exchange.services.hub.acknowledge`, `exchange.services.hub.route`).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from exchange.codec.read import read_receipt
from exchange.directory.snapshot import Directory, Restored
from exchange.model.events import Event, Speaker
from exchange.model.receipt import Noted, Receipt
from exchange.model.unit import UnitCode
from exchange.ports.node import NodeSession
from exchange.ports.records import ReceiptRecord
from exchange.services.node.node import Node, receipt_row

__all__ = ["give_back", "new_restorings", "reopen", "send_documents_again"]

# Receipts bear their author's time, and a node's clock may be wrong.
_MARGIN = timedelta(days=1)


def new_restorings(held: Directory | None, taken: Directory) -> tuple[Restored, ...]:
    """Those that `taken` declares and `held` did not; none for a node that held nothing yet."""
    return () if held is None else tuple(one for one in taken.restorings if one not in held.restorings)


def reopen(node: Node, session: NodeSession, restorings: Sequence[Restored], now: datetime) -> None:
    """In the transaction that stores the directory: what is open then stays so."""
    since, until = min(one.backup for one in restorings) - _MARGIN, max(one.at for one in restorings)
    rows = [
        receipt_row(unit, record, now)
        for unit, record in session.receipts_since(since)
        if (actor := read_receipt(record.document).actor).unit == unit
        or (actor.speaker is Speaker.HUB and record.at <= until)
    ]
    session.put_again(rows)
    for one in restorings:
        node.log.alarm("hub_restored", at=one.at.isoformat(), backup=one.backup.isoformat(), size=one.size)
    node.log.info("reopened", receipts=len(rows))


def give_back(
    session: NodeSession,
    directory: Directory,
    unit: UnitCode,
    taken: Iterable[tuple[Receipt, ReceiptRecord]],
    now: datetime,
) -> None:
    """Receipts of the hub's that were still under way when it was restored: this node has them now, the hub has not."""
    if directory.restorings:
        until = directory.restorings[-1].at
        rows = [receipt_row(unit, one, now) for r, one in taken if r.actor.speaker is Speaker.HUB and one.at <= until]
        session.put_again(rows)


def send_documents_again(session: NodeSession, unit: UnitCode, noted: Iterable[Noted], now: datetime) -> None:
    """The hub has noted these: where one is the hub's ACCEPTED of a document of the unit's, the document follows."""
    records = session.receipts((unit, one.receipt) for one in noted).values()
    accepted = [r.envelope for r in records if r.event is Event.ACCEPTED and r.envelope.sender == unit]
    session.reopen_envelopes(unit, accepted, now)
