"""Receive: a batch from units' inboxes -> verified end to end, files fetched, stored, answered; acknowledged last.

Envelopes and receipts share the inbox. Nothing of an envelope is visible before every file's digests match. A
duplicate brings the unit's own receipts about it out of the outbox again, byte for byte. Files are fetched before
the transaction, which only records.

Large files come down apart from this loop (`Node.moves`). Their message is acknowledged and held here meanwhile: should
it be forgotten, the hub, which has no answer yet, dispatches it again.

Not here: what receipts do (`receive_receipts`), what people decide (`decide`), the way into the office (`handover`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from exchange.codec.kind import kind_of
from exchange.codec.read import read_envelope, read_receipt
from exchange.codec.signed import DocumentKind
from exchange.errors import (
    CertificateError,
    CorruptFileError,
    FileMissingError,
    KeyStoreError,
    NotAuthorisedError,
    StorageError,
    YidiError,
)
from exchange.model.envelope import Envelope, EnvelopeKey
from exchange.model.events import BusinessState, Event, Speaker
from exchange.model.fold import DeliveryState
from exchange.model.receipt import Reason, Receipt, Subject
from exchange.model.unit import UnitCode
from exchange.ports.moves import MoveLane, is_heavy
from exchange.ports.node import Box, HandoverRecord, NodeSession
from exchange.ports.records import DeliveryKey, DeliveryRecord, DocumentRecord, ReceiptRecord
from exchange.ports.transport import Consumer, Delivered
from exchange.services.intake import judge_each, look_again, serve_apart, tags
from exchange.services.node.exposure import Exposer
from exchange.services.node.fetch import fetch_files
from exchange.services.node.node import Node
from exchange.services.node.receive_receipts import ReceiptKeeper, ReceivedReceipt, is_about
from exchange.services.node.refresh import Refresher
from exchange.topology import inbox_unit
from exchange.trust.digest import sha256_hex
from exchange.trust.verify import VerifiedEnvelope, VerifiedReceipt

__all__ = ["Receiver"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """One message's outcome. Exactly one of the three is set, or none when it must come again later."""

    message: Delivered
    unit: UnitCode
    digest: str
    envelope: VerifiedEnvelope | None = None
    receipt: VerifiedReceipt | None = None
    error: YidiError | None = None
    incomplete: YidiError | None = None


class _Acknowledged:
    """Where held messages come from: the broker knows of them no more."""

    def receive(self, limit: int, timeout_seconds: float) -> list[Delivered]:  # noqa: ARG002  # a port
        return []

    def ack(self, tags: Iterable[int]) -> None: ...

    def reject(self, tags: Iterable[int], *, requeue: bool) -> None: ...

    def close(self) -> None: ...


# The same bytes to many units of one node, judged at one moment: one verdict.
_Seen = dict[str, VerifiedEnvelope]


class Receiver:
    def __init__(self, node: Node, refresher: Refresher) -> None:
        self._node = node
        self._refresher = refresher
        self._receipts = ReceiptKeeper(node)
        self._exposer = Exposer(node, refresher)
        self._seen: _Seen = {}
        self._moment: tuple[int, datetime] | None = None
        self._held: dict[tuple[str, ...], Delivered] = {}

    def receive(self, batch: Sequence[Delivered], consumer: Consumer) -> int:
        """Handle one batch; returns how many documents became visible. Raises StorageError, with nothing
        acknowledged, when the store cannot take it."""
        return serve_apart(
            batch,
            lambda part: self._receive(part, consumer),
            lambda message, error: self._node.stumble(message, error, consumer),
        )

    def look_after_held(self) -> int:
        """Those whose files were still coming, again; returns how many documents became visible."""
        held, self._held = list(self._held.values()), {}
        return look_again(lambda: self.receive(held, _Acknowledged())) if held else 0

    def _receive(self, batch: Sequence[Delivered], consumer: Consumer) -> int:
        node = self._node
        now = node.clock.now()
        verifier = node.verifier()  # one look at the directory for the whole batch
        seen = self._seen_at(verifier.directory.version, now)
        intake = judge_each(
            batch, lambda message: self._judge(message, now, seen), self._count_failure, node.timing.poison_attempts
        )
        with node.store.begin() as session:
            for message, code in intake.poison:
                self._node.set_aside(session, inbox_unit(message.queue), message, code, "", now)
            arrived = self._record_envelopes(session, [j for j in intake.judged if j.envelope is not None], now)
            found = self._receipts.record(session, _receipts(intake.judged), now)
            for item in intake.judged:
                if item.error is not None:
                    self._node.set_aside(session, item.unit, item.message, item.error.code, item.error.detail, now)
        self._exposer.expose(found)
        # (last) stored and synced: only now may the messages go
        consumer.reject(tags(intake.again), requeue=True)
        consumer.ack(tags([*(j.message for j in intake.judged), *(message for message, _ in intake.poison)]))
        return arrived

    def _seen_at(self, version: int, now: datetime) -> _Seen:
        """A circulation fills several batches; within a second, and under one directory, what was verified stays so."""
        moment = (version, now.replace(microsecond=0))
        if moment != self._moment:
            self._moment, self._seen = moment, {}
        return self._seen

    # judging, before the transaction

    def _judge(self, message: Delivered, now: datetime, seen: _Seen) -> _Judged:
        unit = inbox_unit(message.queue)
        digest = sha256_hex(message.body)
        try:
            self._node.keys(unit)  # without it no answer could be signed, and the whole batch would have to wait
            if kind_of(message.body) is DocumentKind.RECEIPT:
                verified = self._verify_receipt(message.body, now)
                return _Judged(message=message, unit=unit, digest=digest, receipt=verified)
            return self._judge_envelope(message, unit, digest, now, seen)
        except StorageError:
            raise
        except KeyStoreError as error:
            self._node.log.alarm("key_unusable", unit=unit, code=error.code, detail=error.message)
            return _Judged(message=message, unit=unit, digest=digest)
        except YidiError as error:
            if error.retryable:
                self._node.log.warning("message_not_ready", unit=unit, code=error.code, digest=digest)
                return _Judged(message=message, unit=unit, digest=digest)
            return _Judged(message=message, unit=unit, digest=digest, error=error)

    def _judge_envelope(self, message: Delivered, unit: UnitCode, digest: str, now: datetime, seen: _Seen) -> _Judged:
        verified = self._verify_envelope(message.body, unit, digest, now, seen)
        if verified is None:
            return _Judged(message=message, unit=unit, digest=digest)
        if unit not in {recipient.unit for recipient in verified.envelope.recipients}:
            raise YidiError(f"{unit} is no recipient of this envelope", code="WRONG_UNIT")
        try:
            if not self._fetch(message, unit, digest, verified.envelope):
                return _Judged(message=message, unit=unit, digest=digest)
        except CorruptFileError as error:
            # Told to the sender at once, not left to expire; the hub goes on dispatching in case it heals.
            return _Judged(message=message, unit=unit, digest=digest, envelope=verified, incomplete=error)
        return _Judged(message=message, unit=unit, digest=digest, envelope=verified)

    def _fetch(self, message: Delivered, unit: UnitCode, digest: str, envelope: Envelope) -> bool:
        """Whether all files are here. When they are still coming, the message is held."""
        node, files = self._node, envelope.files
        if not is_heavy(files):
            fetch_files(node, unit, files)
            return True
        key, lane = ("down", unit, digest), MoveLane.DOWN_URGENT if envelope.urgent else MoveLane.DOWN
        if node.moves.done(lane, key, lambda: fetch_files(node, unit, files)):
            return True
        self._held[key] = message
        return False

    def _verify_envelope(
        self, data: bytes, unit: UnitCode, digest: str, now: datetime, seen: _Seen
    ) -> VerifiedEnvelope | None:
        """Verify under the directory as of now; if the key has ended or its unit has left since, as of the hub's
        ACCEPTED, should that be held; None when it is not (the hub's next dispatch brings it)."""
        try:
            if digest not in seen:
                seen[digest] = self._refresher.with_fresh_directory(lambda verifier: verifier.envelope(data, now))
            return seen[digest]
        except (CertificateError, NotAuthorisedError) as error:
            accepted = self._accepted_at(data, unit, digest)
            if accepted is None and error.code == "WRONG_HUB":
                raise
            if accepted is None:
                return None
            return self._node.verifier(look=False).envelope(data, accepted, may_have_left=True)

    def _accepted_at(self, data: bytes, unit: UnitCode, digest: str) -> datetime | None:
        """When the hub received these very bytes, by its own signed word."""
        claimed = read_envelope(data).key
        with self._node.store.look() as session:
            held = session.receipts_of(unit, claimed)
        for record in held:
            receipt = read_receipt(record.document)
            if receipt.event is Event.ACCEPTED and receipt.subject and receipt.subject.digest == digest:
                return receipt.at
        return None

    def _verify_receipt(self, data: bytes, now: datetime) -> VerifiedReceipt:
        """As of now; if the key has ended or its unit has left since, as of the receipt's own time: the hub judged it
        when it came in."""
        try:
            return self._refresher.with_fresh_directory(lambda verifier: verifier.receipt(data, now))
        except (CertificateError, NotAuthorisedError):
            claimed = read_receipt(data).at
            return self._node.verifier(look=False).receipt(data, min(claimed, now), may_have_left=True)

    # one transaction: envelopes

    def _record_envelopes(self, session: NodeSession, judged: list[_Judged], now: datetime) -> int:
        node = self._node
        pairs = [(j.unit, j.envelope.envelope.key) for j in judged if j.envelope]
        known = {pair: record.digest for pair, record in session.documents(Box.INBOX, pairs).items()}
        fresh: list[tuple[_Judged, VerifiedEnvelope]] = []
        for item in judged:
            assert item.envelope is not None
            key = item.envelope.envelope.key
            held = known.get((item.unit, key))
            if held is not None and held != item.digest:
                self._node.set_aside(session, item.unit, item.message, "CONFLICT", f"held {held}", now)
            elif held is not None:
                node.metrics.count("yidi_node_duplicates_total")
                session.reopen_receipts(item.unit, key, now)
            elif item.incomplete is not None:
                self._report_incomplete(session, item, item.envelope, item.incomplete, now)
            elif not self._has_files(item.envelope.envelope):
                node.log.warning("message_not_ready", unit=item.unit, code="FILE_MISSING", digest=item.digest)
            else:
                known[(item.unit, key)] = item.digest
                fresh.append((item, item.envelope))
        self._store(session, fresh, now)
        return len(fresh)

    def _has_files(self, envelope: Envelope) -> bool:
        """False when one that lay here already expired meanwhile: the hub's next dispatch brings it anew."""
        try:
            self._node.check_files([envelope])
        except FileMissingError:
            return False
        return True

    def _store(self, session: NodeSession, fresh: list[tuple[_Judged, VerifiedEnvelope]], now: datetime) -> None:
        """One statement a table for the whole batch: one for each document would cost more than its row."""
        node = self._node
        session.add_documents(Box.INBOX, [(item.unit, _document_record(v, now)) for item, v in fresh])
        overtook = session.receipts_about((item.unit, v.envelope.key) for item, v in fresh)
        deliveries: list[tuple[UnitCode, DeliveryRecord]] = []
        said: list[tuple[UnitCode, Receipt, bytes]] = []
        handovers: list[HandoverRecord] = []
        for item, verified in fresh:
            envelope, unit = verified.envelope, item.unit
            issued, state = self._answer(item, envelope.key, overtook.get((unit, envelope.key), ()), now)
            key = DeliveryKey(envelope.key, unit)
            record = DeliveryRecord(key=key, state=state, digest=item.digest, sign_by=envelope.sign_by)
            deliveries.append((unit, record))
            said += [(unit, receipt, document) for receipt, document in issued]
            if state.business < BusinessState.RECALLED:
                handovers.append(HandoverRecord(unit=unit, envelope=envelope.key, due=now))
            node.metrics.count("yidi_node_received_total")
            node.log.info("envelope_delivered", receipt=issued[0][0].id, envelope=str(envelope.key), unit=unit)
        session.add_deliveries_of_units(deliveries)
        node.emit_all(session, said, now)
        session.add_handovers(handovers)

    def _answer(
        self, item: _Judged, key: EnvelopeKey, overtook: Sequence[ReceiptRecord], now: datetime
    ) -> tuple[list[tuple[Receipt, bytes]], DeliveryState]:
        """What the unit says about a document that has come, and how its delivery stands. `overtook`: receipts about it
        that came first."""
        node, unit = self._node, item.unit
        subject = Subject(envelope=key, digest=item.digest, recipient=unit)
        # The clock again: a batch takes its time, and DELIVERED speaks of now.
        issued = [node.receipt(unit, Speaker.NODE, Event.DELIVERED, node.clock.now(), subject=subject)]
        state = DeliveryState().add(issued[0][0])
        for receipt in (read_receipt(record.document) for record in overtook):
            if is_about(receipt, unit) and receipt.subject and receipt.subject.digest == item.digest:
                state = state.add(receipt)
        if state.recall_requested is not None and node.timing.recall_until_signed:
            issued.append(node.receipt(unit, Speaker.NODE, Event.RECALLED, now, subject=subject))
            state = state.add(issued[1][0])
        return issued, state

    def _report_incomplete(
        self, session: NodeSession, item: _Judged, verified: VerifiedEnvelope, error: YidiError, now: datetime
    ) -> None:
        """UNDELIVERED, once per envelope: the reason does not change by repeating it."""
        node, key = self._node, verified.envelope.key
        node.log.alarm("file_corrupt_at_hub", envelope=str(key), unit=item.unit, detail=error.detail)
        if any(record.event is Event.UNDELIVERED for record in session.receipts_of(item.unit, key)):
            session.reopen_receipts(item.unit, key, now)
            return
        subject = Subject(envelope=key, digest=item.digest, recipient=item.unit)
        issued = node.receipt(
            item.unit,
            Speaker.NODE,
            Event.UNDELIVERED,
            now,
            subject=subject,
            reason=Reason.INCOMPLETE,
            text=error.message,
        )
        node.emit(session, item.unit, [issued], now)

    # trouble

    def _count_failure(self, message: Delivered) -> int:
        with self._node.store.begin() as session:
            return session.count_failure(sha256_hex(message.body))


def _receipts(judged: list[_Judged]) -> list[ReceivedReceipt]:
    return [
        ReceivedReceipt(message=j.message, unit=j.unit, digest=j.digest, receipt=j.receipt.receipt)
        for j in judged
        if j.receipt is not None
    ]


def _document_record(verified: VerifiedEnvelope, now: datetime) -> DocumentRecord:
    envelope = verified.envelope
    return DocumentRecord(
        key=envelope.key,
        digest=verified.digest,
        document=verified.document,
        received=now,
        title=envelope.metadata.title,
        urgent=envelope.urgent,
        files=tuple(file.sha256 for file in envelope.files),
    )
