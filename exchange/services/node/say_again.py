"""Say again: a receipt of a unit's own that the hub refused for its key is repeated under the unit's next one.

What a person decided, or a node stored, is not undone because the key that signed it was revoked or ended before the
hub read it. Until the unit has another key there is nothing better to say, and the receipt stays open.

Not here: faults that another key does not mend; those end the repeating and are an alarm.
"""

from dataclasses import replace
from datetime import datetime

from exchange.codec.read import read_receipt
from exchange.codec.signed import DocumentKind, parse_signed
from exchange.model.receipt import Noted, ReceiptId
from exchange.model.unit import UnitCode
from exchange.ports.keys import Signer
from exchange.ports.node import NodeSession
from exchange.ports.records import ReceiptRecord
from exchange.services.node.node import Node
from exchange.trust.sign import sign_receipt

__all__ = ["is_settled"]

_OF_THE_KEY = frozenset({"CERT_EXPIRED", "CERT_REVOKED", "SIG_KEY_UNKNOWN"})


def is_settled(node: Node, session: NodeSession, unit: UnitCode, noted: Noted, now: datetime) -> bool:
    """Whether the outbox row of this receipt may be closed; if another key mends it, what it said is in the outbox
    again."""
    if noted.fault not in _OF_THE_KEY:
        return True
    record = session.receipts([(unit, noted.receipt)]).get((unit, noted.receipt))
    if record is None or record.digest != noted.digest:
        return True
    signer = node.keys(unit)
    if _is_under(record, signer):
        return False
    # The hub may refuse an earlier one again: it was repeated before the answer came. Once under each key is enough.
    held = session.receipts_of(unit, record.envelope)
    same = [one for one in held if (one.event, one.at) == (record.event, record.at)]
    if not any(_is_under(one, signer) for one in same):
        said = read_receipt(record.document)
        again = replace(said, id=ReceiptId(node.ids.new()))
        node.emit(session, unit, [(again, sign_receipt(again, signer))], now)
        node.apply(session, unit, record.envelope, [again])
    return True


def _is_under(record: ReceiptRecord, signer: Signer) -> bool:
    return signer.certificate in parse_signed(record.document, DocumentKind.RECEIPT).certificates
