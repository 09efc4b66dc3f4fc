"""What every service of the hub works with: its ports, its verdicts under the current directory, and its own signed
receipts.

Not a service: it decides nothing about a document.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from exchange.ledger.entry import LedgerEntry
from exchange.model.events import Event, Speaker
from exchange.model.receipt import Actor, Noted, Reason, Receipt, ReceiptId, Subject, parts_of_noted
from exchange.model.unit import HubId, UnitCode
from exchange.ports.files import Files
from exchange.ports.hub import HubSession, HubStore
from exchange.ports.keys import Signer
from exchange.ports.records import QuarantineRecord, ReceiptRecord
from exchange.ports.telemetry import Log, Metrics
from exchange.ports.time import Chance, Clock, Ids
from exchange.ports.transport import Consumer, Delivered, Message, Publisher, PublishResult
from exchange.services.held import verifier_of
from exchange.settings import HubTiming, Quota
from exchange.topology import OUT
from exchange.trust.digest import sha256_hex
from exchange.trust.sign import sign_receipt
from exchange.trust.verify import Verifier

__all__ = ["Hub", "Kept", "quarantined", "record_entry"]


@dataclass(frozen=True, slots=True)
class Kept:
    """A receipt of the hub's own: the value, its signed bytes, and the row that keeps it."""

    receipt: Receipt
    record: ReceiptRecord


@dataclass(kw_only=True)
class Hub:
    """The hub's ports in one place. `verifier()` follows the directory; nothing else here has state."""

    id: HubId
    store: HubStore
    files: Files
    publisher: Publisher
    signer: Signer
    clock: Clock
    ids: Ids
    chance: Chance
    metrics: Metrics
    log: Log
    timing: HubTiming = field(default_factory=HubTiming)
    quota: Quota = field(default_factory=Quota)
    _verifier: Verifier | None = None

    def verifier(self) -> Verifier:
        """The verifier under the directory of this very moment, so that a revocation holds from the next batch on."""
        with self.store.begin() as session:
            self._verifier = verifier_of(session, self._verifier)
        return self._verifier

    def receipt(
        self,
        event: Event,
        now: datetime,
        *,
        subject: Subject | None = None,
        reason: Reason | None = None,
        text: str | None = None,
        attributes: tuple[tuple[str, str], ...] = (),
        noted: tuple[Noted, ...] = (),
        checkpoint: str | None = None,
    ) -> tuple[Receipt, bytes]:
        """A receipt of the hub's, and its signed bytes."""
        receipt = Receipt(
            id=ReceiptId(self.ids.new()),
            hub=self.id,
            event=event,
            actor=Actor(speaker=Speaker.HUB),
            at=now,
            subject=subject,
            reason=reason,
            text=text,
            attributes=attributes,
            noted=noted,
            checkpoint=checkpoint,
        )
        return receipt, sign_receipt(receipt, self.signer)

    def noted(self, noted: Sequence[Noted], now: datetime, checkpoint: str | None) -> list[bytes]:
        """NOTED about these, in as many signed receipts as it takes."""
        return [self.receipt(Event.NOTED, now, noted=part, checkpoint=checkpoint)[1] for part in parts_of_noted(noted)]

    def keep(self, receipt: Receipt, document: bytes) -> Kept:
        """The row of a receipt about a document. The caller adds it, with others in one batch."""
        assert receipt.subject is not None
        record = ReceiptRecord(
            id=receipt.id,
            envelope=receipt.subject.envelope,
            recipient=receipt.subject.recipient,
            event=receipt.event,
            digest=sha256_hex(document),
            document=document,
            at=receipt.at,
            recorded=self.clock.now(),
        )
        return Kept(receipt, record)

    def set_aside_poison(self, session: HubSession, message: Delivered, code: str, now: datetime) -> None:
        """Keep the bytes of a message that nobody foresaw, and cry out."""
        self.log.alarm("message_quarantined", code=code, queue=message.queue, digest=sha256_hex(message.body))
        session.quarantine(quarantined([message], code, "", now, keep=True))

    def stumble(self, message: Delivered, error: Exception, consumer: Consumer) -> None:
        """`message` alone broke its transaction: it comes again, until it has done so too often."""
        code = f"BUG {type(error).__name__}"
        self.log.warning("message_stumbled_over", code=code, queue=message.queue, digest=sha256_hex(message.body))
        with self.store.begin() as session:
            poison = session.count_failure(sha256_hex(message.body)) >= self.timing.poison_attempts
            if poison:
                self.set_aside_poison(session, message, code, self.clock.now())
        if poison:
            consumer.ack([message.tag])
        else:
            consumer.reject([message.tag], requeue=True)

    def publish(self, batch: Sequence[tuple[UnitCode, bytes]]) -> list[PublishResult]:
        """Publish to units' inboxes; the fate of each. Nothing may be forgotten because the broker confirmed it."""
        results = self.publisher.publish([Message(exchange=OUT, key=unit, body=body) for unit, body in batch])
        for result in results:
            if result is not PublishResult.ACCEPTED:
                self.metrics.count("yidi_transport_publish_failures_total", outcome=result.value)
        return results


def record_entry(record: ReceiptRecord) -> LedgerEntry:
    """The ledger's line about a receipt."""
    return LedgerEntry(
        kind="RECEIPT",
        sender=record.envelope.sender,
        envelope_id=record.envelope.id,
        id=record.id,
        digest=record.digest,
        recorded=record.recorded,
    )


def quarantined(
    messages: Iterable[Delivered], code: str, detail: str, at: datetime, *, keep: bool
) -> list[QuarantineRecord]:
    """Rows for messages set aside. `keep` is False for secret matter, of which only the digest may stay."""
    return [
        QuarantineRecord(
            digest=sha256_hex(message.body),
            document=message.body if keep else None,
            queue=message.queue,
            user=message.user or "",
            code=code,
            detail=detail,
            at=at,
        )
        for message in messages
    ]
