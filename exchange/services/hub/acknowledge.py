"""Acknowledge: a batch of receipts from units -> verified, recorded, folded, forwarded; acknowledged last.

A unit's receipt moves a delivery only if that unit is the delivery's recipient (or the envelope's sender, for
recalls and the like), its key signed it, its broker account sent it, and it binds the digest the hub recorded.
Whatever the verdict, the author is told in the next NOTED, so that nothing permanent is repeated for days.

After a declared restoring units give the hub's own receipts back: what it had said before stands, byte for byte.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from exchange.codec.kind import DocumentKind, root_tag
from exchange.codec.signed import claimed_id
from exchange.directory.snapshot import Directory
from exchange.errors import CertificateError, NotAuthorisedError, ReceiptInvalidError, StorageError, YidiError
from exchange.model.envelope import EnvelopeKey
from exchange.model.events import BusinessState, Event, Speaker
from exchange.model.fold import DeliveryState
from exchange.model.receipt import Noted, Receipt, ReceiptId
from exchange.model.unit import UnitCode
from exchange.ports.hub import Forward, HubSession, Owed, Refusal
from exchange.ports.records import DeliveryKey, DeliveryRecord, ReceiptRecord
from exchange.ports.transport import Consumer, Delivered, PublishResult
from exchange.services.backoff import next_try
from exchange.services.hub.hub import Hub, quarantined, record_entry
from exchange.services.intake import judge_each, serve_apart, tags
from exchange.trust.digest import sha256_hex
from exchange.trust.verify import VerifiedReceipt, Verifier

__all__ = ["Acknowledger"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """`given_back`: the hub's own, from before it was restored."""

    message: Delivered
    digest: str
    verified: VerifiedReceipt | None = None
    error: YidiError | None = None
    given_back: bool = False


class Acknowledger:
    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def acknowledge(self, batch: Sequence[Delivered], consumer: Consumer) -> int:
        """Handle one batch; returns how many receipts were recorded for the first time. Raises StorageError, with
        nothing acknowledged, when the store cannot take it."""
        return serve_apart(
            batch,
            lambda part: self._acknowledge(part, consumer),
            lambda message, error: self._hub.stumble(message, error, consumer),
        )

    def _acknowledge(self, batch: Sequence[Delivered], consumer: Consumer) -> int:
        hub = self._hub
        now = hub.clock.now()
        verifier = hub.verifier()
        intake = judge_each(
            batch, lambda message: self._judge(message, verifier, now), self._count_failure, hub.timing.poison_attempts
        )
        with hub.store.begin() as session:
            for message, code in intake.poison:
                hub.set_aside_poison(session, message, code, now)
            recorded = self._record(session, intake.judged, now)
        if recorded:
            self._forward(recorded, now)
        consumer.reject(tags(intake.again), requeue=True)
        consumer.ack(tags([*(j.message for j in intake.judged), *(message for message, _ in intake.poison)]))
        return len(recorded)

    def _judge(self, message: Delivered, verifier: Verifier, now: datetime) -> _Judged:
        digest = sha256_hex(message.body)
        try:
            verified = verifier.receipt(message.body, now)
            actor = verified.receipt.actor
            given_back = _is_given_back(verified.receipt, message.user, verifier.directory)
            if not given_back and (actor.speaker is Speaker.HUB or actor.unit != message.user):
                raise ReceiptInvalidError(
                    "the broker's user is not the unit that speaks", detail=f"user {message.user}"
                )
        except StorageError:
            raise
        except YidiError as error:
            return _Judged(message=message, digest=digest, error=error)
        return _Judged(message=message, digest=digest, verified=verified, given_back=given_back)

    # one transaction

    def _record(
        self, session: HubSession, judged: list[_Judged], now: datetime
    ) -> list[tuple[ReceiptRecord, list[UnitCode]]]:
        """Returns what is new, and to which units each goes on."""
        self._answer_faults(session, [item for item in judged if item.error is not None], now)
        valid = [(j, j.verified.receipt) for j in judged if j.verified is not None]
        _close_forwards(session, [receipt for _, receipt in valid])
        about = [(j, r) for j, r in valid if r.subject is not None]
        documents = session.digests({r.subject.envelope for _, r in about if r.subject})
        deliveries = session.lock_deliveries(_named(session, [r for _, r in about]))
        # After the locks: what another acknowledger was recording about these is recorded now.
        known = session.receipt_digests({r.id for _, r in about})
        fresh: list[tuple[_Judged, Receipt, list[DeliveryKey]]] = []
        owed: list[Owed] = []
        wrong: list[tuple[_Judged, YidiError]] = []
        for item, receipt in about:
            try:
                targets = self._targets(session, receipt, item, documents, known, deliveries)
            except YidiError as error:
                wrong.append((item, error))
                continue
            if targets is None:
                continue
            owed.append(_owed(item, Noted(receipt=receipt.id, digest=item.digest)))
            if receipt.id not in known:
                known[receipt.id] = item.digest
                fresh.append((item, receipt, targets))
        for item, fault in sorted(wrong, key=lambda pair: pair[0].digest):
            self._set_aside(session, item, fault, now)
        session.owe(owed)
        return self._apply(session, fresh, deliveries, now)

    def _answer_faults(self, session: HubSession, faulty: list[_Judged], now: datetime) -> None:
        """What was recorded once stays recorded, whatever became of its key and unit: the same bytes get the same
        answer for ever."""
        claims = [claimed_id(item.message.body) for item in faulty]
        held = session.receipts([ReceiptId(claim) for claim in claims if claim is not None])
        # In one order, for another acknowledger may be setting the same ones aside.
        for item, claim in sorted(zip(faulty, claims, strict=True), key=lambda pair: pair[0].digest):
            assert item.error is not None
            record = held.get(ReceiptId(claim or ""))
            if record is not None and record.digest == item.digest and _passes_with_time(item.error):
                noted = Noted(receipt=record.id, digest=item.digest)
                session.owe([_owed(item, noted)])
            elif item.error.retryable:
                # Not an answer: its author repeats it.
                self._hub.log.warning("receipt_not_ready", code=item.error.code, digest=item.digest)
            else:
                self._set_aside(session, item, item.error, now)

    def _targets(
        self,
        session: HubSession,
        receipt: Receipt,
        item: _Judged,
        documents: dict[EnvelopeKey, str],
        known: dict[ReceiptId, str],
        deliveries: Collection[DeliveryKey],
    ) -> list[DeliveryKey] | None:
        """The deliveries it speaks of; None when the envelope is not here (yet), so that its author repeats it."""
        subject = receipt.subject
        assert subject is not None
        held = known.get(receipt.id)
        if held is not None and held != item.digest:
            self._hub.log.alarm("receipt_conflict", receipt=receipt.id, digest=item.digest, held=held)
            raise ReceiptInvalidError("this id already stands for another receipt", code="CONFLICT")
        document = documents.get(subject.envelope)
        if item.given_back and receipt.event is Event.REFUSED:
            return []  # it speaks of bytes that never became a document
        if item.given_back and receipt.event is Event.ACCEPTED and document is None:
            return []  # the document follows
        if document is None:
            if receipt.actor.unit and session.refusals([(receipt.actor.unit, subject.digest)]):
                raise ReceiptInvalidError("its document was refused")
            self._hub.log.warning("receipt_for_unknown_envelope", receipt=receipt.id, envelope=str(subject.envelope))
            return None
        if document != subject.digest:
            raise ReceiptInvalidError("it binds other bytes than the envelope's")
        if subject.recipient is not None:
            key = DeliveryKey(subject.envelope, subject.recipient)
            if key not in deliveries:
                raise ReceiptInvalidError(f"{subject.recipient} is no recipient of this envelope")
            return [key]
        return [key for key in deliveries if key.envelope == subject.envelope]

    def _apply(
        self,
        session: HubSession,
        fresh: list[tuple[_Judged, Receipt, list[DeliveryKey]]],
        deliveries: dict[DeliveryKey, DeliveryRecord],
        now: datetime,
    ) -> list[tuple[ReceiptRecord, list[UnitCode]]]:
        hub = self._hub
        recorded: list[tuple[ReceiptRecord, list[UnitCode]]] = []
        for item, receipt, keys in fresh:
            for key in keys:
                before = deliveries[key]
                deliveries[key] = advance(before, receipt)
                self._measure(before.state, deliveries[key].state, now)
            record = hub.keep(receipt, item.message.body).record
            recorded.append((record, _others(item, receipt, keys)))
            hub.metrics.count("yidi_acknowledger_receipts_total", event=receipt.event.value)
            hub.log.info(
                "receipt_recorded",
                receipt=receipt.id,
                envelope=str(record.envelope),
                recipient=record.recipient,
                event_name=receipt.event.value,
            )
        session.save_deliveries([deliveries[key] for key in {key for _, _, keys in fresh for key in keys}])
        session.add_receipts([record for record, _ in recorded])
        session.add_entries([record_entry(record) for record, _ in recorded])
        given_back = [_refusal(item, receipt) for item, receipt, _ in fresh if receipt.event is Event.REFUSED]
        answered = session.refusals((refusal.user, refusal.digest) for refusal in given_back)
        session.add_refusals([refusal for refusal in given_back if (refusal.user, refusal.digest) not in answered])
        due = next_try(hub.timing.retry, hub.chance, now, 0, confirmed=True)
        session.add_forwards(
            [Forward(unit=unit, receipt=record.id, due=due, attempts=1) for record, units in recorded for unit in units]
        )
        return recorded

    def _measure(self, before: DeliveryState, after: DeliveryState, now: datetime) -> None:
        """How long a step took, once, in whatever order the receipts came."""
        metrics = self._hub.metrics
        if after.accepted and after.delivered and not before.delivered:
            # Both by the hub's clock: a recipient's may be wrong.
            metrics.observe("yidi_acknowledger_deliver_seconds", max(0.0, (now - after.accepted.at).total_seconds()))
        if after.delivered and after.signed and not (before.delivered and before.signed):
            # Both by the recipient's clock: SIGNED may come long after somebody signed.
            took = (after.signed.at - after.delivered.at).total_seconds()
            metrics.observe("yidi_acknowledger_sign_seconds", max(0.0, took))

    def _set_aside(self, session: HubSession, item: _Judged, error: YidiError, now: datetime) -> None:
        """Keep the bytes, cry out, and tell the author (if the broker knows it) that this one will never be
        recorded."""
        hub = self._hub
        hub.log.alarm(
            "receipt_invalid", code=error.code, user=item.message.user, digest=item.digest, detail=error.detail
        )
        hub.metrics.count("yidi_acknowledger_invalid_total", code=error.code)
        session.quarantine(quarantined([item.message], error.code, error.message, now, keep=True))
        # Bytes that are no receipt are no row of the author's receipts: a fault must not close its document's.
        claimed = claimed_id(item.message.body) if _is_receipt(item.message.body) else None
        if claimed is not None and item.message.user:
            fault = Noted(receipt=ReceiptId(claimed), digest=item.digest, fault=error.code)
            session.owe([_owed(item, fault)])

    # after the commit

    def _forward(self, recorded: list[tuple[ReceiptRecord, list[UnitCode]]], now: datetime) -> None:
        hub = self._hub
        batch = [(unit, record) for record, units in recorded for unit in units]
        fates = hub.publish([(unit, record.document) for unit, record in batch])
        accepted = PublishResult.ACCEPTED
        lost = [(unit, record.id) for (unit, record), told in zip(batch, fates, strict=True) if told is not accepted]
        if lost:
            soon = next_try(hub.timing.retry, hub.chance, now, 1, confirmed=False)
            with hub.store.begin() as session:
                session.hasten_forwards(lost, soon)

    def _count_failure(self, message: Delivered) -> int:
        with self._hub.store.begin() as session:
            return session.count_failure(sha256_hex(message.body))


def _close_forwards(session: HubSession, receipts: Iterable[Receipt]) -> None:
    noted: dict[UnitCode, set[ReceiptId]] = {}
    for receipt in receipts:
        if receipt.event is Event.NOTED and receipt.actor.unit is not None:
            noted.setdefault(receipt.actor.unit, set()).update(one.receipt for one in receipt.noted)
    for unit, ids in sorted(noted.items()):
        session.close_forwards(unit, ids)


def _named(session: HubSession, receipts: Iterable[Receipt]) -> set[DeliveryKey]:
    """The deliveries that these speak of. All of them are locked at once, in one order: two acknowledgers that came
    by them piece by piece would wait for each other."""
    subjects = [receipt.subject for receipt in receipts if receipt.subject is not None]
    named = {DeliveryKey(s.envelope, s.recipient) for s in subjects if s.recipient is not None}
    for envelope in {s.envelope for s in subjects if s.recipient is None}:
        named.update(record.key for record in session.deliveries_of(envelope))
    return named


def _owed(item: _Judged, noted: Noted) -> Owed:
    return Owed(unit=UnitCode(item.message.user or ""), noted=noted, carried=item.message.carried)


def _is_given_back(receipt: Receipt, user: str | None, directory: Directory) -> bool:
    """Whether it is the hub's own from before a restoring, from somebody whom it was for."""
    if receipt.actor.speaker is not Speaker.HUB or receipt.subject is None or not directory.restorings:
        return False
    was_for = receipt.event is Event.ACCEPTED or user in (receipt.subject.envelope.sender, receipt.subject.recipient)
    return was_for and receipt.at <= directory.restorings[-1].at


def _others(item: _Judged, receipt: Receipt, keys: list[DeliveryKey]) -> list[UnitCode]:
    """To whom a recorded receipt goes on."""
    assert receipt.subject is not None
    sender, recipient = receipt.subject.envelope.sender, receipt.subject.recipient
    if item.given_back:
        # Whoever gave it back has it; the other may never have got it.
        told = [sender, recipient] if recipient and receipt.event is Event.REMINDED else [sender]
        return [unit for unit in told if unit != item.message.user]
    of_sender = receipt.actor.speaker is Speaker.SENDER
    return [key.recipient for key in keys] if of_sender else [sender]


def _refusal(item: _Judged, receipt: Receipt) -> Refusal:
    assert receipt.subject is not None
    user, digest = receipt.subject.envelope.sender, receipt.subject.digest
    return Refusal(user=user, digest=digest, receipt=receipt.id, document=item.message.body)


def _is_receipt(data: bytes) -> bool:
    tag = root_tag(data)
    return tag is not None and tag[0] == DocumentKind.RECEIPT.root


def _passes_with_time(error: YidiError) -> bool:
    """Whether the same bytes may have been right before: a key ends, a unit leaves."""
    return isinstance(error, CertificateError | NotAuthorisedError)


def advance(delivery: DeliveryRecord, receipt: Receipt) -> DeliveryRecord:
    """Fold `receipt` in, and stop the timers that it makes pointless."""
    state = delivery.state.add(receipt)
    signed = state.business >= BusinessState.SIGNED
    return replace(
        delivery,
        state=state,
        due=None if state.transport.settled else delivery.due,
        remind=None if signed else delivery.remind,
    )
