"""What every service of a node works with: its ports, its verdicts under the directory it holds, and its units'
signed receipts.

One node hosts one or many units; each signs with its own key. Not a service: it decides nothing about a document.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from exchange.codec.read import read_receipt
from exchange.errors import (
    CertificateError,
    ConflictError,
    DirectoryError,
    FileMissingError,
    KeyStoreError,
    RefusedError,
    SignatureError,
    YidiError,
)
from exchange.model.envelope import Envelope, EnvelopeKey
from exchange.model.events import Event, Speaker
from exchange.model.receipt import Actor, Noted, Reason, Receipt, ReceiptId, Subject, parts_of_noted
from exchange.model.unit import HubId, UnitCode
from exchange.ports.files import FileExchange, Files
from exchange.ports.keys import KeyRing
from exchange.ports.moves import InTurn, Moves
from exchange.ports.node import NodeSession, NodeStore, OutboxKind, OutboxRow
from exchange.ports.records import DeliveryRecord, QuarantineRecord, ReceiptRecord
from exchange.ports.telemetry import Log, Metrics
from exchange.ports.time import Chance, Clock, Ids
from exchange.ports.transport import Consumer, Delivered, Message, Publisher, PublishResult
from exchange.services.held import verifier_of
from exchange.settings import NodeTiming
from exchange.topology import Lane, in_exchange, inbox_unit
from exchange.trust.anchor import Anchor
from exchange.trust.digest import sha256_hex
from exchange.trust.sign import sign_receipt
from exchange.trust.verify import Verifier

__all__ = ["Node", "check_hosted", "may_pass", "receipt_record", "receipt_row"]


@dataclass(kw_only=True)
class Node:
    """The node's ports in one place. `verifier()` follows the directory held; nothing else here has state."""

    hub: HubId
    store: NodeStore
    files: Files
    exchange: FileExchange
    publisher: Publisher
    keys: KeyRing
    anchor: Anchor
    clock: Clock
    ids: Ids
    chance: Chance
    metrics: Metrics
    log: Log
    timing: NodeTiming = field(default_factory=NodeTiming)
    moves: Moves = field(default_factory=InTurn)
    _verifier: Verifier | None = None

    def verifier(self, *, look: bool = True) -> Verifier:
        """The verifier under the directory this node holds, which was verified before it was stored.

        `look=False` takes the one of the last look: within a batch, whose beginning looked."""
        if look or self._verifier is None:
            with self.store.look() as session:
                return self.verifier_in(session)
        return self._verifier

    def verifier_in(self, session: NodeSession) -> Verifier:
        """The same, looked up in a transaction that is open already."""
        self._verifier = verifier_of(session, self._verifier)
        return self._verifier

    def name_of(self, unit: UnitCode) -> str:
        """As the directory of the last look has it, or nothing."""
        entry = self.verifier(look=False).directory.by_code.get(unit)
        return entry.unit.name if entry is not None else ""

    def check_hosted(self, unit: UnitCode) -> None:
        with self.store.look() as session:
            check_hosted(session, unit)

    def receipt(  # noqa: PLR0913  # one keyword per field of a receipt
        self,
        unit: UnitCode,
        speaker: Speaker,
        event: Event,
        now: datetime,
        *,
        as_id: ReceiptId | None = None,
        subject: Subject | None = None,
        person: str | None = None,
        reason: Reason | None = None,
        text: str | None = None,
        attributes: tuple[tuple[str, str], ...] = (),
        noted: tuple[Noted, ...] = (),
    ) -> tuple[Receipt, bytes]:
        """A receipt of `unit`'s, and its bytes signed with its key. `as_id`: a new one unless given."""
        receipt = Receipt(
            id=as_id or ReceiptId(self.ids.new()),
            hub=self.hub,
            event=event,
            actor=Actor(speaker=speaker, unit=unit, person=person),
            at=now,
            subject=subject,
            reason=reason,
            text=text,
            attributes=attributes,
            noted=noted,
        )
        return receipt, sign_receipt(receipt, self.keys(unit))

    def noted(self, unit: UnitCode, noted: Sequence[Noted], now: datetime) -> list[bytes]:
        """NOTED of `unit`'s about these, in as many signed receipts as it takes. Raises KeyStoreError."""
        parts = parts_of_noted(noted)
        return [self.receipt(unit, Speaker.NODE, Event.NOTED, now, noted=part)[1] for part in parts]

    def check_files(self, envelopes: Iterable[Envelope]) -> None:
        """All that they name is here, by its names alone. Raises FileMissingError."""
        for sha256 in {file.sha256 for envelope in envelopes for file in envelope.files}:
            if not self.files.has(sha256):
                raise FileMissingError(f"file {sha256}: not here")

    def is_intact(self, row: OutboxRow) -> bool:
        """Hashed before it leaves: a store that has gone bad is an alarm here and not a forgery elsewhere."""
        if sha256_hex(row.document) == row.digest:
            return True
        self.log.alarm("outbox_corrupt", unit=row.unit, id=row.id, kind=row.kind.value)
        return False

    def said(self, unit: UnitCode, receipt: ReceiptId | None, event: Event, envelope: EnvelopeKey) -> Receipt | None:
        """What `unit` said under this id before: a caller that chose the id asks again, and it is said once. Raises
        ConflictError when it was something else."""
        if receipt is None:
            return None
        with self.store.look() as session:
            record = session.receipts([(unit, receipt)]).get((unit, receipt))
        if record is None:
            return None
        if (record.event, record.envelope) != (event, envelope):
            raise ConflictError("this id already stands for another receipt")
        return read_receipt(record.document)

    def emit(
        self, session: NodeSession, unit: UnitCode, issued: Sequence[tuple[Receipt, bytes]], now: datetime
    ) -> None:
        """Keep receipts of `unit`'s own and put them into its outbox, in the caller's transaction."""
        records = [receipt_record(receipt, document, now) for receipt, document in issued]
        session.add_receipts(unit, records)
        session.add_outbox([receipt_row(unit, record, now) for record in records])

    def emit_all(self, session: NodeSession, issued: Sequence[tuple[UnitCode, Receipt, bytes]], now: datetime) -> None:
        """The same for many units at once: a statement for each would cost more than its row."""
        records = [(unit, receipt_record(receipt, document, now)) for unit, receipt, document in issued]
        session.add_receipts_of_units(records)
        session.add_outbox([receipt_row(unit, record, now) for unit, record in records])

    def apply(self, session: NodeSession, unit: UnitCode, envelope: EnvelopeKey, receipts: Sequence[Receipt]) -> None:
        """Fold receipts into the deliveries of `envelope` that `unit` holds; those of other recipients are left
        alone."""
        about = {receipt.subject.recipient for receipt in receipts if receipt.subject is not None}
        wanted = None if None in about else {recipient for recipient in about if recipient is not None}
        held = {record.key.recipient: record for record in session.deliveries(unit, envelope, wanted)}
        changed: dict[UnitCode, DeliveryRecord] = {}
        for receipt in receipts:
            assert receipt.subject is not None
            named = receipt.subject.recipient
            for recipient in held if named is None else {named} & held.keys():
                record = changed.get(recipient, held[recipient])
                changed[recipient] = replace(record, state=record.state.add(receipt))
        session.save_deliveries(unit, list(changed.values()))

    def set_aside(
        self, session: NodeSession, unit: UnitCode, message: Delivered, code: str, detail: str, now: datetime
    ) -> None:
        """Keep the bytes of a message from `unit`'s inbox for a person to look at, and cry out."""
        digest = sha256_hex(message.body)
        self.log.alarm("message_quarantined", unit=unit, code=code, digest=digest, detail=detail)
        self.metrics.count("yidi_node_quarantined_total", code=code)
        row = QuarantineRecord(
            digest=digest,
            document=message.body,
            queue=message.queue,
            user=message.user or "",
            code=code,
            detail=detail,
            at=now,
        )
        session.quarantine(unit, [row])

    def stumble(self, message: Delivered, error: Exception, consumer: Consumer) -> None:
        """`message` alone broke its transaction: it comes again, until it has done so too often."""
        unit, code = inbox_unit(message.queue), f"BUG {type(error).__name__}"
        self.log.warning("message_stumbled_over", unit=unit, code=code, digest=sha256_hex(message.body))
        with self.store.begin() as session:
            poison = session.count_failure(sha256_hex(message.body)) >= self.timing.poison_attempts
            if poison:
                self.set_aside(session, unit, message, code, "", self.clock.now())
        if poison:
            consumer.ack([message.tag])
        else:
            consumer.reject([message.tag], requeue=True)

    def publish(self, batch: Sequence[tuple[UnitCode, Lane, bytes]]) -> list[PublishResult]:
        """Publish on units' own ingress; the fate of each. Nothing may be forgotten because the broker confirmed it."""
        results = self.publisher.publish(
            [Message(exchange=in_exchange(unit), key=lane.value, body=body, user=unit) for unit, lane, body in batch]
        )
        for result in results:
            if result is not PublishResult.ACCEPTED:
                self.metrics.count("yidi_transport_publish_failures_total", outcome=result.value)
        return results


def may_pass(error: YidiError) -> bool:
    """Whether what a unit wanted to say may be said later as it is: it is not at fault, but this node, the directory it
    holds or the unit's key."""
    return error.retryable or isinstance(error, DirectoryError | KeyStoreError | CertificateError | SignatureError)


def check_hosted(session: NodeSession, unit: UnitCode) -> None:
    """Raises RefusedError (WRONG_UNIT)."""
    if unit not in session.units():
        raise RefusedError(f"unit {unit} is not hosted by this node", code="WRONG_UNIT")


def receipt_record(receipt: Receipt, document: bytes, now: datetime) -> ReceiptRecord:
    """The row that keeps a receipt about a document."""
    assert receipt.subject is not None
    return ReceiptRecord(
        id=receipt.id,
        envelope=receipt.subject.envelope,
        recipient=receipt.subject.recipient,
        event=receipt.event,
        digest=sha256_hex(document),
        document=document,
        at=receipt.at,
        recorded=now,
    )


def receipt_row(unit: UnitCode, record: ReceiptRecord, now: datetime) -> OutboxRow:
    """What puts a receipt into a unit's outbox, due at once."""
    return OutboxRow(
        unit=unit,
        kind=OutboxKind.RECEIPT,
        id=record.id,
        digest=record.digest,
        lane=Lane.RECEIPT,
        due=now,
        envelope=record.envelope,
        document=record.document,
    )
