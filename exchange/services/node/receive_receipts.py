"""Receive, the receipts: kept, folded into the documents they speak of, and confirmed to the hub.

A receipt acts only on the very bytes that its unit holds. One that overtakes its envelope waits for it. The hub's
checkpoints that come with its receipts are kept: they are what this node can hold against the hub. So are its
notices, for people to read.

Not here: verifying, and the batch it comes in (`receive`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from exchange.errors import InvalidValueError, NoteError
from exchange.model.envelope import EnvelopeKey
from exchange.model.events import BusinessState, Event, Speaker
from exchange.model.notice import Notice
from exchange.model.receipt import Noted, Receipt, Subject
from exchange.model.unit import UnitCode
from exchange.ports.node import Box, HeldCheckpoint, NodeSession
from exchange.ports.notices import NoticeRecord
from exchange.ports.records import DocumentRecord, ReceiptRecord
from exchange.ports.transport import Delivered
from exchange.services.node.exposure import Contradiction, contradictions
from exchange.services.node.node import Node, receipt_record
from exchange.services.node.reopen import give_back, send_documents_again
from exchange.services.node.say_again import is_settled
from exchange.trust.anchor import open_checkpoint

__all__ = ["ReceiptKeeper", "ReceivedReceipt", "is_about"]

_Owed = dict[tuple[UnitCode, datetime | None], list[Noted]]
_ANSWERS = frozenset({Event.ACCEPTED, Event.REFUSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedReceipt:
    """A verified receipt in `unit`'s inbox, with the bytes it came as."""

    message: Delivered
    unit: UnitCode
    digest: str
    receipt: Receipt


class ReceiptKeeper:
    def __init__(self, node: Node) -> None:
        self._node = node

    def record(self, session: NodeSession, arrived: Sequence[ReceivedReceipt], now: datetime) -> list[Contradiction]:
        """Keep what is new, let it act, owe the hub its NOTED, and close what a NOTED names; returns what the hub's
        checkpoints contradict."""
        node = self._node
        pairs = [(item.unit, item.receipt.id) for item in arrived]
        known = {pair: record.digest for pair, record in session.receipts(pairs).items()}
        fresh: list[ReceivedReceipt] = []
        owed: _Owed = {}
        notes: dict[str, Receipt] = {}
        for item in arrived:
            receipt, unit = item.receipt, item.unit
            if receipt.checkpoint is not None and receipt.actor.speaker is Speaker.HUB:
                notes.setdefault(receipt.checkpoint, receipt)
            if receipt.subject is None:
                self._take_other(session, item, owed, now)
                continue
            held = known.get((unit, receipt.id))
            if held is not None and held != item.digest:
                self._node.set_aside(session, unit, item.message, "CONFLICT", f"held {held}", now)
                continue
            if not _is_proof_of_acceptance(receipt, unit):
                owed.setdefault((unit, item.message.carried), []).append(Noted(receipt=receipt.id, digest=item.digest))
            if held is None:
                known[(unit, receipt.id)] = item.digest
                fresh.append(item)
            else:
                _close_answered(session, unit, receipt)
        found = [pair for receipt in notes.values() for pair in self._hold_checkpoint(session, receipt, now)]
        for (unit, carried), noted in owed.items():
            session.owe(unit, noted, carried)
        self._take(session, fresh, now)
        for item in fresh:
            node.metrics.count("yidi_node_receipts_total", event=item.receipt.event.value)
        return found

    def _take_other(self, session: NodeSession, item: ReceivedReceipt, owed: _Owed, now: datetime) -> None:
        """What speaks of no document."""
        if item.receipt.event is Event.NOTED:
            self._close_noted(session, item.unit, item.receipt, now)
        elif item.receipt.event is Event.NOTICE:
            self._keep_notice(session, item, owed, now)
        else:  # a presence is for the hub
            self._node.set_aside(session, item.unit, item.message, "RECEIPT_INVALID", "it speaks of no document", now)

    def _keep_notice(self, session: NodeSession, item: ReceivedReceipt, owed: _Owed, now: datetime) -> None:
        receipt, unit = item.receipt, item.unit
        try:
            notice = Notice.read(receipt.attributes)
        except InvalidValueError as error:
            self._node.set_aside(session, unit, item.message, "RECEIPT_INVALID", error.message, now)
            return
        record = NoticeRecord(
            id=receipt.id,
            kind=notice.kind,
            text=receipt.text or "",
            document=item.message.body,
            at=receipt.at,
            until=notice.until,
        )
        session.add_notices(unit, [record])
        owed.setdefault((unit, item.message.carried), []).append(Noted(receipt=receipt.id, digest=item.digest))
        self._node.log.info("notice_received", unit=unit, receipt=receipt.id, kind=notice.kind.word)

    def _take(self, session: NodeSession, fresh: list[ReceivedReceipt], now: datetime) -> None:
        """Keep new receipts and let each act, if it binds the very document that its unit holds."""
        node = self._node
        documents = self._subjects(session, fresh)
        kept: dict[UnitCode, list[tuple[Receipt, ReceiptRecord]]] = {}
        acting: dict[tuple[UnitCode, EnvelopeKey], list[Receipt]] = {}
        for item in fresh:
            receipt, subject, unit = item.receipt, item.receipt.subject, item.unit
            assert subject is not None
            document = documents.get((unit, subject.envelope))
            if (fault := _misfit(receipt, unit, document)) is not None:
                node.set_aside(session, unit, item.message, "RECEIPT_INVALID", fault, now)
                continue
            kept.setdefault(unit, []).append((receipt, receipt_record(receipt, item.message.body, now)))
            if document is not None:  # else it overtook its envelope and waits for it
                acting.setdefault((unit, subject.envelope), []).append(receipt)
        for unit, taken in kept.items():
            session.add_receipts(unit, [record for _, record in taken])
            for receipt, record in taken:
                node.log.info(
                    "receipt_received",
                    receipt=receipt.id,
                    envelope=str(record.envelope),
                    recipient=record.recipient,
                    unit=unit,
                    event_name=receipt.event.value,
                )
            give_back(session, node.verifier(look=False).directory, unit, taken, now)
        for (unit, key), receipts in acting.items():
            self._act(session, unit, documents[(unit, key)], receipts, now)

    @staticmethod
    def _subjects(
        session: NodeSession, fresh: list[ReceivedReceipt]
    ) -> dict[tuple[UnitCode, EnvelopeKey], DocumentRecord]:
        """The documents spoken of: a unit's own among what it sent, another's in its inbox."""
        asked = {(item.unit, item.receipt.subject.envelope) for item in fresh if item.receipt.subject is not None}
        own = [(unit, key) for unit, key in asked if key.sender == unit]
        others = [(unit, key) for unit, key in asked if key.sender != unit]
        return session.documents(Box.SENT, own) | session.documents(Box.INBOX, others)

    def _act(
        self, session: NodeSession, unit: UnitCode, document: DocumentRecord, receipts: list[Receipt], now: datetime
    ) -> None:
        events = {receipt.event for receipt in receipts}
        if document.key.sender == unit and events & _ANSWERS:
            session.close_outbox(unit, [(document.key.id, document.digest)])
        self._node.apply(session, unit, document.key, receipts)
        asked_back = any(r.event is Event.RECALL_REQUESTED and is_about(r, unit) for r in receipts)
        if document.key.sender != unit and asked_back:
            self.give_back(session, unit, document, now)

    def give_back(self, session: NodeSession, unit: UnitCode, document: DocumentRecord, now: datetime) -> None:
        """Unsigned documents go back without a person; about signed ones a person is asked (the listing shows it)."""
        node = self._node
        (delivery,) = session.deliveries(unit, document.key)
        if delivery.state.business > BusinessState.RECALLING or not node.timing.recall_until_signed:
            return
        subject = Subject(envelope=document.key, digest=document.digest, recipient=unit)
        issued = node.receipt(unit, Speaker.NODE, Event.RECALLED, now, subject=subject)
        node.emit(session, unit, [issued], now)
        node.apply(session, unit, document.key, [issued[0]])

    def _close_noted(self, session: NodeSession, unit: UnitCode, receipt: Receipt, now: datetime) -> None:
        if receipt.actor.speaker is not Speaker.HUB:
            return
        for noted in receipt.noted:
            if noted.fault is not None:
                self._node.log.alarm("receipt_refused_by_hub", unit=unit, receipt=noted.receipt, code=noted.fault)
        settled = [noted for noted in receipt.noted if is_settled(self._node, session, unit, noted, now)]
        session.close_outbox(unit, [(noted.receipt, noted.digest) for noted in settled])
        if self._node.verifier(look=False).directory.restorings:
            send_documents_again(session, unit, [noted for noted in settled if noted.fault is None], now)

    # what this node can hold against the hub

    def _hold_checkpoint(self, session: NodeSession, receipt: Receipt, now: datetime) -> list[Contradiction]:
        """What it contradicts: also one that was held before, for the hub may have gone back to it."""
        assert receipt.checkpoint is not None
        try:
            size, root = _checkpoint(receipt.checkpoint, self._node.anchor.ledger_key)
        except NoteError as error:
            self._node.log.alarm("checkpoint_invalid", code=error.code)
            return []
        held = HeldCheckpoint(size=size, root=root, note=receipt.checkpoint, seen=now, said=receipt.at)
        session.add_checkpoint(held)
        return contradictions(session, held)


def _close_answered(session: NodeSession, unit: UnitCode, receipt: Receipt) -> None:
    """The hub answers a document that was sent again with the receipt of the first time."""
    subject = receipt.subject
    if receipt.event in _ANSWERS and subject is not None and subject.envelope.sender == unit:
        session.close_outbox(unit, [(subject.envelope.id, subject.digest)])


def _misfit(receipt: Receipt, unit: UnitCode, document: DocumentRecord | None) -> str | None:
    """Why `unit` must not keep this receipt, or None."""
    assert receipt.subject is not None
    if document is not None and document.digest != receipt.subject.digest:
        return "it binds other bytes than the document held"
    if document is None and receipt.subject.envelope.sender == unit:
        return "no such document was sent: somebody tried in this unit's name"
    return None


def is_about(receipt: Receipt, unit: UnitCode) -> bool:
    """Whether it speaks of the delivery to `unit`, by name or of all."""
    return receipt.subject is not None and receipt.subject.recipient in (None, unit)


def _is_proof_of_acceptance(receipt: Receipt, unit: UnitCode) -> bool:
    """ACCEPTED as it accompanies a repeated dispatch: the hub awaits no confirmation from a recipient."""
    return receipt.event is Event.ACCEPTED and receipt.subject is not None and receipt.subject.envelope.sender != unit


@lru_cache(maxsize=64)
def _checkpoint(note: str, ledger_key: str) -> tuple[int, bytes]:
    """Size and root of a signed checkpoint. Cached: one stands in thousands of receipts."""
    checkpoint = open_checkpoint(note, ledger_key)
    return checkpoint.size, checkpoint.root
