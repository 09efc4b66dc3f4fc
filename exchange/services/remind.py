"""Remind: a delivered document that nobody signed for is urged, by urgency, with a counter; it ends on signing.

Not here: what is not delivered yet (`dispatch`); reminders that a sender asks for by hand go the same way, as
REMINDED of the sender's own.
"""

from dataclasses import replace
from datetime import timedelta

from exchange.model.events import Event, TransportState
from exchange.model.receipt import Subject
from exchange.ports.hub import Forward
from exchange.ports.records import DeliveryRecord, ReceiptRecord
from exchange.services.acknowledge import advance
from exchange.services.backoff import next_try
from exchange.services.hub import Hub, record_entry

__all__ = ["Reminder"]


class Reminder:
    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def remind(self, limit: int = 500) -> int:
        """One round; returns how many reminders went out."""
        hub, timing = self._hub, self._hub.timing
        now = hub.clock.now()
        again = now + timedelta(hours=timing.remind_every_hours)
        records: list[ReceiptRecord] = []
        saved: list[DeliveryRecord] = []
        with hub.store.begin() as session:
            for delivery in session.due_reminders(now, limit):
                if delivery.state.transport is not TransportState.DELIVERED:
                    saved.append(replace(delivery, remind=again))  # nobody to remind yet
                    continue
                count = delivery.state.reminders + 1
                if count > timing.remind_at_most:
                    saved.append(replace(delivery, remind=None))
                    hub.log.alarm(
                        "unsigned_after_all_reminders", envelope=str(delivery.key.envelope), unit=delivery.key.recipient
                    )
                    continue
                receipt, signed = hub.receipt(
                    Event.REMINDED,
                    now,
                    subject=Subject(
                        envelope=delivery.key.envelope, digest=delivery.digest, recipient=delivery.key.recipient
                    ),
                    attributes=(("n", str(count)),),
                )
                records.append(hub.keep(receipt, signed).record)
                saved.append(replace(advance(delivery, receipt), remind=again))
            session.save_deliveries(saved)
            session.add_receipts(records)
            session.add_entries([record_entry(record) for record in records])
            due = next_try(timing.retry, hub.chance, now, 0, confirmed=True)
            batch = [(unit, r) for r in records for unit in (r.recipient, r.envelope.sender) if unit is not None]
            session.add_forwards([Forward(unit=unit, receipt=r.id, due=due, attempts=1) for unit, r in batch])
        hub.publish([(unit, record.document) for unit, record in batch])
        hub.metrics.count("yidi_clock_reminders_total", len(records))
        return len(records)
