"""Remind: a delivered document that nobody signed for is urged, by urgency, with a counter; it ends on signing.

Not here: what is not delivered yet (`dispatch`); reminders that a sender asks for by hand go the same way, as
REMINDED of the sender's own.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from exchange.model.events import Event, TransportState
from exchange.model.receipt import Subject
from exchange.ports.hub import Forward
from exchange.ports.records import DeliveryRecord, ReceiptRecord
from exchange.services.backoff import next_try
from exchange.services.hub.acknowledge import advance
from exchange.services.hub.hub import Hub, record_entry

__all__ = ["Reminder"]

_LATE = timedelta(days=30)


class Reminder:
    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def remind(self, limit: int = 500) -> int:
        """One round; returns how many reminders went out."""
        hub, timing = self._hub, self._hub.timing
        now = hub.clock.now()
        again = now + timedelta(hours=timing.remind_every_hours)
        with hub.store.begin() as session:
            paused = session.pauses()
            handled = [
                (replace(delivery, remind=again), None)
                if delivery.key.recipient in paused
                else self._urge(delivery, now, again)
                for delivery in session.due_reminders(now, limit)
            ]
            saved = [delivery for delivery, _ in handled]
            records = [record for _, record in handled if record is not None]
            session.save_deliveries(saved)
            session.add_receipts(records)
            session.add_entries([record_entry(record) for record in records])
            due = next_try(timing.retry, hub.chance, now, 0, confirmed=True)
            batch = [(unit, r) for r in records for unit in (r.recipient, r.envelope.sender) if unit is not None]
            session.add_forwards([Forward(unit=unit, receipt=r.id, due=due, attempts=1) for unit, r in batch])
        hub.publish([(unit, record.document) for unit, record in batch])
        hub.metrics.count("yidi_clock_reminders_total", len(records))
        return len(records)

    def _urge(
        self, delivery: DeliveryRecord, now: datetime, again: datetime
    ) -> tuple[DeliveryRecord, ReceiptRecord | None]:
        """The delivery with its next reminder, and this one's receipt if there is somebody to remind."""
        hub = self._hub
        if delivery.state.transport is not TransportState.DELIVERED:
            # Late is not never: what expired may still arrive, and is looked after for a while yet.
            given_up = delivery.expires is not None and now > delivery.expires + _LATE
            return replace(delivery, remind=None if given_up else again), None
        count = delivery.state.reminders + 1
        if count > hub.timing.remind_at_most:
            hub.log.alarm(
                "unsigned_after_all_reminders", envelope=str(delivery.key.envelope), unit=delivery.key.recipient
            )
            return replace(delivery, remind=None), None
        subject = Subject(envelope=delivery.key.envelope, digest=delivery.digest, recipient=delivery.key.recipient)
        receipt, signed = hub.receipt(Event.REMINDED, now, subject=subject, attributes=(("n", str(count)),))
        return replace(advance(delivery, receipt), remind=again), hub.keep(receipt, signed).record
