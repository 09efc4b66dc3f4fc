"""Route: a batch of envelopes from units -> recorded, answered, dispatched, acknowledged last.

Everything about one message is judged first (`judge`), by itself; then one transaction records the whole batch; then
the receipts and dispatches are published; then, and only then, the batch is acknowledged. If the process dies
anywhere before the last step the broker delivers the batch again and every message of it is found to be a
duplicate, which is answered with the original receipt.

Not here: dispatching again (`dispatch`), receipts from units (`acknowledge`).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from exchange.codec.canonical import moment
from exchange.errors import FileMissingError, RefusedError, YidiError
from exchange.ledger.entry import LedgerEntry
from exchange.model.calendar import next_day
from exchange.model.envelope import Envelope, EnvelopeId, EnvelopeKey
from exchange.model.events import Event
from exchange.model.fold import DeliveryState
from exchange.model.receipt import Reason, Subject
from exchange.model.text import as_text
from exchange.model.unit import UnitCode
from exchange.ports.hub import Forward, HubSession, Refusal
from exchange.ports.records import DeliveryKey, DeliveryRecord, DocumentRecord, ReceiptRecord
from exchange.ports.text import TextSource
from exchange.ports.transport import Consumer, Delivered, PublishResult
from exchange.services.backoff import next_try
from exchange.services.hub.hub import Hub, quarantined, record_entry
from exchange.services.hub.judge import Claim, Judge, Judged
from exchange.services.hub.pause import WHILE_PAUSED
from exchange.services.hub.quota import Budget
from exchange.services.hub.take_back import AcceptedBefore, accepted_before
from exchange.services.intake import judge_each, serve_apart, tags
from exchange.trust.digest import sha256_hex
from exchange.trust.verify import Verifier

__all__ = ["Router"]


@dataclass(slots=True)
class _Plan:
    """What one transaction decided to do after it."""

    dispatches: list[tuple[DeliveryKey, bytes]] = field(default_factory=list)
    answers: list[tuple[UnitCode, ReceiptRecord]] = field(default_factory=list)
    given_up: set[Claim] = field(default_factory=set)  # files of what was refused; at its end


class Router:
    def __init__(self, hub: Hub, texts: TextSource) -> None:
        self._hub = hub
        self._judge = Judge(hub, texts)

    def route(self, batch: Sequence[Delivered], consumer: Consumer) -> int:
        """Handle one batch; returns how many envelopes were accepted for the first time. Raises StorageError, with
        nothing acknowledged, when the store cannot take it: the caller gives the batch back and waits."""
        return serve_apart(
            batch,
            lambda part: self._route(part, consumer),
            lambda message, error: self._hub.stumble(message, error, consumer),
        )

    def _route(self, batch: Sequence[Delivered], consumer: Consumer) -> int:
        hub = self._hub
        now = hub.clock.now()
        verifier = hub.verifier()
        intake = judge_each(
            batch,
            lambda message: self._judge.judge(message, verifier, now),
            self._count_failure,
            hub.timing.poison_attempts,
        )
        plan = _Plan()
        with hub.store.begin() as session:
            for message, code in intake.poison:
                hub.set_aside_poison(session, message, code, now)
            budget = Budget(session, hub.quota, {j.key.sender for j in intake.judged if j.key}, now)
            accepted = self._record(session, intake.judged, budget, verifier, now, plan)
            if any(message.carried is not None for message in batch):
                self._keep_answers(session, plan, now)
            session.drop_claims(plan.given_up)
            budget.settle()
        self._publish(plan, now)
        # (last) the store has it, the broker has been told: only now may the incoming messages go
        consumer.reject(tags(intake.again), requeue=True)
        consumer.ack(tags([*(j.message for j in intake.judged), *(message for message, _ in intake.poison)]))
        return accepted

    # one transaction

    def _record(
        self,
        session: HubSession,
        judged: list[Judged],
        budget: Budget,
        verifier: Verifier,
        now: datetime,
        plan: _Plan,
    ) -> int:
        keys = [item.key for item in judged]
        known = session.documents({key for key in keys if key is not None})
        originals = session.accepted_receipts(known)
        before = accepted_before(session, (key for key in keys if key), known) if _was_restored(verifier) else {}
        refusals = session.refusals({(key.sender, j.digest) for key, j in zip(keys, judged, strict=True) if key})
        checkpoint = session.checkpoint()
        note = checkpoint.note if checkpoint else None
        fresh: dict[EnvelopeKey, Judged] = {}
        refused: list[Judged] = []
        for key, item in zip(keys, judged, strict=True):
            # The same bytes get the same answer for ever, whatever became of keys, files and units since.
            if key is None:
                refused.append(item)
            elif key in known and known[key].digest == item.digest:
                self._hub.metrics.count("yidi_router_duplicates_total")
                plan.answers.append((key.sender, originals[key]))
            elif (refusal := refusals.get((key.sender, item.digest))) is not None:
                plan.answers.append((key.sender, _refusal_record(refusal, now)))
                plan.given_up |= item.claims
            elif item.error is not None:
                refused += [] if item.error.retryable else [item]
            elif (first := known.get(key) or before.get(key) or fresh.get(key)) is None or first.digest == item.digest:
                fresh.setdefault(key, item)
            else:
                self._hub.log.alarm("envelope_conflict", envelope=str(key), digest=item.digest, held=first.digest)
                conflict = RefusedError("this id already stands for another document", code="CONFLICT")
                refused.append(replace(item, verified=None, error=conflict))
        paused = session.pauses()
        self._hold(fresh, paused)
        self._await_lost_files(session, fresh)
        over = self._over_quota(budget, fresh, before)
        self._accept(session, list(fresh.values()), before, paused, now, note, plan)
        refused += over
        plan.given_up |= {one for item in over for one in item.claims}
        # Also when the answer was given before: a sender that never got it has uploaded everything again.
        plan.given_up |= {one for item in judged for one in item.secret}
        self._refuse(session, refused, verifier, now, note, plan)
        return len(fresh)

    def _hold(self, fresh: dict[EnvelopeKey, Judged], paused: Collection[UnitCode]) -> None:
        """What a paused unit sends gets no answer: its own outbox keeps it."""
        for key in [key for key in fresh if key.sender in paused]:
            self._hub.log.warning("envelope_held", envelope=str(key), digest=fresh.pop(key).digest)
            self._hub.metrics.count("yidi_router_envelopes_total", outcome="held")

    def _await_lost_files(self, session: HubSession, fresh: dict[EnvelopeKey, Judged]) -> None:
        """Between our look and now another router may have refused a document of the same sender with the same file,
        and given the file up. Then there is no answer: the sender uploads it again, as any that is missing."""
        wanted = {claim for item in fresh.values() for claim in item.claims}
        lost = wanted - session.hold_claims(wanted) if wanted else set()
        for key, item in list(fresh.items()) if lost else ():
            gone = {digest for _, digest in item.claims & lost}
            if gone - session.claimed(key.sender, gone):
                self._hub.log.warning("envelope_not_ready", code=FileMissingError.code, digest=item.digest)
                del fresh[key]

    def _over_quota(
        self, budget: Budget, fresh: dict[EnvelopeKey, Judged], before: Mapping[EnvelopeKey, AcceptedBefore]
    ) -> list[Judged]:
        """Take those that the day's quota has no room for out of `fresh`. What was accepted `before` was paid for."""
        over = []
        for key, item in list(fresh.items()):
            if key not in before and (refusal := budget.spend(item.envelope, len(item.message.body))) is not None:
                over.append(replace(fresh.pop(key), error=refusal))
        return over

    def _accept(
        self,
        session: HubSession,
        fresh: list[Judged],
        before: Mapping[EnvelopeKey, AcceptedBefore],
        paused: Collection[UnitCode],
        now: datetime,
        note: str | None,
        plan: _Plan,
    ) -> None:
        hub, timing = self._hub, self._hub.timing
        documents, deliveries, receipts, entries = [], [], [], []
        for item in fresh:
            envelope = item.envelope
            usual = now + _sign_within(envelope, timing.sign_within_hours)
            remind = envelope.sign_by or usual
            if (accepted := before.get(envelope.key)) is None:
                subject = Subject(envelope=envelope.key, digest=item.digest)
                receipt, signed = hub.receipt(Event.ACCEPTED, now, subject=subject, checkpoint=note)
                record = hub.keep(receipt, signed).record
                receipts.append(record)
            else:
                # Its DELIVERED and SIGNED are on their way back, too: nobody is urged meanwhile, nothing expires.
                receipt, record, remind = accepted.receipt, accepted.record, max(remind, usual)
            state = DeliveryState().add(receipt)
            due = next_try(timing.retry, hub.chance, now, 0, confirmed=True)
            documents.append(_document_record(envelope, item, receipt.at))
            deliveries += [
                DeliveryRecord(
                    key=DeliveryKey(envelope.key, recipient.unit),
                    state=state,
                    digest=item.digest,
                    due=now + WHILE_PAUSED if recipient.unit in paused else due,
                    attempts=0 if recipient.unit in paused else 1,
                    expires=now + timing.deliver_within,
                    sign_by=envelope.sign_by,
                    remind=remind,
                )
                for recipient in envelope.recipients
            ]
            entries += [_document_entry(documents[-1]), *([record_entry(record)] if accepted is None else [])]
            plan.answers.append((envelope.sender, record))
            plan.dispatches += [
                (DeliveryKey(envelope.key, recipient.unit), item.message.body)
                for recipient in envelope.recipients
                if recipient.unit not in paused
            ]
            hub.metrics.count("yidi_router_envelopes_total", outcome="accepted")
            if accepted is None:
                # From the sender's clock to ours: one that is ahead would make it negative.
                hub.metrics.observe("yidi_router_accept_seconds", max(0.0, (now - envelope.created).total_seconds()))
            hub.log.info("envelope_accepted", envelope=str(envelope.key), recipients=len(envelope.recipients))
        session.add_documents(documents)
        session.add_deliveries(deliveries)
        session.add_receipts(receipts)
        session.add_entries(entries)
        answer_due = next_try(timing.retry, hub.chance, now, 0, confirmed=True)
        session.add_forwards(
            [Forward(unit=r.envelope.sender, receipt=r.id, due=answer_due, attempts=1) for r in receipts]
        )

    def _keep_answers(self, session: HubSession, plan: _Plan, now: datetime) -> None:
        """Who sent a package may have no line to hear the answer by, be it an old one or REFUSED: it goes with the next
        package, until the unit confirms it."""
        due = next_try(self._hub.timing.retry, self._hub.chance, now, 0, confirmed=True)
        session.add_forwards(
            [Forward(unit=unit, receipt=record.id, due=due, attempts=1) for unit, record in plan.answers]
        )

    def _refuse(
        self,
        session: HubSession,
        refused: list[Judged],
        verifier: Verifier,
        now: datetime,
        note: str | None,
        plan: _Plan,
    ) -> None:
        """Refuse towards the broker's user alone, binding the digest of the very bytes refused: whoever sends a
        spoilt copy of another unit's document can neither close that unit's outbox nor reach its inbox."""
        hub = self._hub
        answered = session.refusals({(UnitCode(j.message.user or ""), j.digest) for j in refused})
        # In one order, for another router may be refusing the same ones.
        for item in sorted(refused, key=lambda j: j.digest):
            assert item.error is not None
            user = UnitCode(item.message.user or "")
            if (known := answered.get((user, item.digest))) is not None:
                plan.answers.append((user, _refusal_record(known, now)))
                continue
            code = item.error.code
            secret = code.startswith("SECRECY")
            claim = item.key
            hub.log.warning(
                "envelope_refused",
                envelope=None if claim is None else str(claim),
                code=code,
                user=user,
                digest=item.digest,
                detail=item.error.detail,
            )
            hub.metrics.count("yidi_router_envelopes_total", outcome="refused")
            hub.metrics.count("yidi_router_refusals_total", code=code)
            if code != "QUOTA":  # nothing is wrong with it, and a flood must not fill the disk with itself
                session.quarantine(quarantined([item.message], code, item.error.message, now, keep=not secret))
            if claim is None or user not in verifier.directory.by_code:
                continue
            receipt, signed = hub.receipt(
                Event.REFUSED,
                now,
                subject=Subject(envelope=claim, digest=item.digest),
                reason=_reason(item.error),
                # The message may quote what somebody sent, and what they send must not keep us from answering.
                text=as_text(f"{code}: {item.error.message}", 2000),
                attributes=(("until", moment(next_day(now))),) if code == "QUOTA" else (),
                checkpoint=note,
            )
            record = hub.keep(receipt, signed).record
            refusal = Refusal(user=user, digest=item.digest, receipt=record.id, document=signed)
            answered[(user, item.digest)] = refusal
            session.add_refusals([refusal])
            session.add_receipts([record])
            session.add_entries([record_entry(record)])
            plan.answers.append((user, record))

    # after the commit

    def _publish(self, plan: _Plan, now: datetime) -> None:
        hub = self._hub
        batch = [(key.recipient, body) for key, body in plan.dispatches]
        batch += [(unit, record.document) for unit, record in plan.answers]
        if not batch:
            return
        fates, accepted = hub.publish(batch), PublishResult.ACCEPTED
        lost = [key for (key, _), told in zip(plan.dispatches, fates, strict=False) if told is not accepted]
        unanswered = [
            (unit, record.id)
            for (unit, record), told in zip(plan.answers, fates[len(plan.dispatches) :], strict=True)
            if told is not accepted
        ]
        if lost or unanswered:
            soon = next_try(hub.timing.retry, hub.chance, now, 1, confirmed=False)
            with hub.store.begin() as session:
                session.hasten_forwards(unanswered, soon)
                session.hasten_deliveries(lost, soon)

    def _count_failure(self, message: Delivered) -> int:
        with self._hub.store.begin() as session:
            return session.count_failure(sha256_hex(message.body))


def _was_restored(verifier: Verifier) -> bool:
    return bool(verifier.directory.restorings)


def _sign_within(envelope: Envelope, hours: dict[str, float]) -> timedelta:
    degree = envelope.metadata.emergency_degree
    return timedelta(hours=hours.get(degree.value if degree else "", hours[""]))


def _document_record(envelope: Envelope, item: Judged, now: datetime) -> DocumentRecord:
    return DocumentRecord(
        key=envelope.key,
        digest=item.digest,
        document=item.message.body,
        received=now,
        title=envelope.metadata.title,
        urgent=envelope.urgent,
        files=tuple(file.sha256 for file in envelope.files),
        number=envelope.metadata.issued_number,
        type=envelope.metadata.document_type,
    )


def _document_entry(record: DocumentRecord) -> LedgerEntry:
    return LedgerEntry(
        kind="ENVELOPE",
        sender=record.key.sender,
        envelope_id=record.key.id,
        id=record.key.id,
        digest=record.digest,
        recorded=record.received,
    )


def _refusal_record(refusal: Refusal, now: datetime) -> ReceiptRecord:
    """Enough of a row to publish an old refusal again."""
    return ReceiptRecord(
        id=refusal.receipt,
        envelope=EnvelopeKey(refusal.user, EnvelopeId("")),
        recipient=None,
        event=Event.REFUSED,
        digest=sha256_hex(refusal.document),
        document=refusal.document,
        at=now,
        recorded=now,
    )


def _reason(error: YidiError) -> Reason:
    """The domain's reason for an error: its code or the code's first word where that is one, else what its class
    stands for."""
    for name in (error.code, error.code.partition("_")[0]):
        if name in Reason.__members__:
            return Reason(name)
    return Reason(error.reason)
