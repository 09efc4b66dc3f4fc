"""Dispatch again: deliveries without an answer are repeated with backoff until DELIVERED, and EXPIRED with a signed
notice at their end.

Each repetition is accompanied by the ACCEPTED receipt: it tells the recipient's node, under the hub's signature,
when the hub received the envelope, so that a key that was replaced or revoked since then is still judged at the
right time.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from exchange.model.events import Event
from exchange.model.receipt import Reason, Subject
from exchange.model.unit import UnitCode
from exchange.ports.hub import Forward, HubSession
from exchange.ports.records import DeliveryKey, DeliveryRecord, ReceiptRecord
from exchange.ports.transport import PublishResult
from exchange.services.backoff import after, longest_wait, next_try
from exchange.services.hub.acknowledge import advance
from exchange.services.hub.hub import Hub, record_entry
from exchange.services.hub.pause import WHILE_PAUSED

__all__ = ["Dispatcher", "accompanied"]


class Dispatcher:
    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def dispatch(self, limit: int = 500) -> int:
        """One round; returns how many deliveries were handled. The next attempt is stored before this one is made,
        so that a crash in between costs one wait and never a storm."""
        hub = self._hub
        now = hub.clock.now()
        with hub.store.begin() as session:
            due = session.due_deliveries(now, limit)
            if not due:
                return 0
            paused = session.pauses()
            held = [d for d in due if d.key.recipient in paused]
            session.save_deliveries([replace(d, due=now + WHILE_PAUSED) for d in held])
            open_ones = [d for d in due if d.key.recipient not in paused]
            late = [d for d in open_ones if self._is_over(d, now)]
            again = [d for d in open_ones if not self._is_over(d, now)]
            notices = self._expire(session, late, now)
            session.save_deliveries(
                [
                    replace(
                        d,
                        attempts=d.attempts + 1,
                        due=next_try(hub.timing.retry, hub.chance, now, d.attempts, confirmed=True),
                    )
                    for d in again
                ]
            )
            proofs, batch = accompanied(session, [d.key for d in again])
        notes = [(record.envelope.sender, record.document) for record in notices]
        # The proofs first: whoever needs one to judge the document has it by then.
        fates = hub.publish([*proofs, *batch, *notes])[len(proofs) :]
        for delivery in again:
            envelope, recipient = str(delivery.key.envelope), delivery.key.recipient
            hub.log.info("dispatched_again", envelope=envelope, recipient=recipient, attempt=delivery.attempts + 1)
        self._hasten(list(zip(again, fates, strict=False)), now)
        hub.metrics.count("yidi_clock_dispatches_total", len(again))
        hub.metrics.count("yidi_clock_expired_total", len(notices))
        return len(due)

    def _hasten(self, tried: list[tuple[DeliveryRecord, PublishResult]], now: datetime) -> None:
        """What the broker did not take is tried again without the patience that a confirm earns."""
        lost = [(delivery, told) for delivery, told in tried if told is not PublishResult.ACCEPTED]
        if not lost:
            return
        hub = self._hub
        with hub.store.begin() as session:
            for delivery, told in sorted(lost, key=lambda one: one[0].key):
                soon = after(told, hub.timing.retry, hub.chance, now, delivery.attempts)
                session.hasten_deliveries([delivery.key], soon)

    def _is_over(self, delivery: DeliveryRecord, now: datetime) -> bool:
        """Whether its time is up. Not at a look that comes long after it was due: this machine was off or its clock was
        set forward, and the recipient has not had its chance."""
        if delivery.expires is None or delivery.expires > now:
            return False
        return delivery.due is None or now - delivery.due <= longest_wait(self._hub.timing.retry)

    def _expire(self, session: HubSession, late: list[DeliveryRecord], now: datetime) -> list[ReceiptRecord]:
        hub = self._hub
        if not late:
            return []
        records, expired = [], []
        for delivery in late:
            receipt, signed = hub.receipt(
                Event.EXPIRED,
                now,
                subject=Subject(
                    envelope=delivery.key.envelope, digest=delivery.digest, recipient=delivery.key.recipient
                ),
                reason=Reason.TTL,
                text=f"逾期未送达，共投递 {delivery.attempts} 次 / not delivered after {delivery.attempts} attempts",
            )
            records.append(hub.keep(receipt, signed).record)
            expired.append(advance(delivery, receipt))
            hub.log.alarm("delivery_expired", envelope=str(delivery.key.envelope), recipient=delivery.key.recipient)
        session.save_deliveries(expired)
        session.add_receipts(records)
        session.add_entries([record_entry(record) for record in records])
        due = next_try(hub.timing.retry, hub.chance, now, 0, confirmed=True)
        session.add_forwards([Forward(unit=r.envelope.sender, receipt=r.id, due=due, attempts=1) for r in records])
        return records


def accompanied(
    session: HubSession, keys: Sequence[DeliveryKey]
) -> tuple[list[tuple[UnitCode, bytes]], list[tuple[UnitCode, bytes]]]:
    """For each delivery ACCEPTED, where there is one, and the document. ACCEPTED goes first."""
    envelopes = {key.envelope for key in keys}
    documents, accepted = session.documents(envelopes), session.accepted_receipts(envelopes)
    batch = [(key.recipient, documents[key.envelope].document) for key in keys]
    proofs = [(key.recipient, accepted[key.envelope].document) for key in keys if key.envelope in accepted]
    return proofs, batch
