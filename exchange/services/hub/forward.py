"""Forward again: receipts that a unit has not confirmed, and the hub's own confirmations (NOTED) of the units'
receipts.

A receipt is never receipted; NOTED confirms up to 500 at once and is itself confirmed by nothing. When a NOTED is
lost, the unit repeats the receipt and is owed another.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby

from exchange.model.unit import UnitCode
from exchange.ports.hub import Forward
from exchange.ports.transport import PublishResult
from exchange.services.backoff import after, next_try
from exchange.services.hub.hub import Hub

__all__ = ["WHILE_ABSENT", "Forwarder"]


WHILE_ABSENT = timedelta(hours=1)


class Forwarder:
    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def forward(self, limit: int = 1000) -> int:
        """Repeat what is due; returns how many receipts were sent again."""
        hub = self._hub
        now = hub.clock.now()
        is_active = hub.verifier().directory.is_active
        with hub.store.begin() as session:
            due = session.due_forwards(now, limit)
            if not due:
                return 0
            over = session.notices_over({f.receipt for f in due}, now)
            for f in due:
                if f.receipt in over:  # nobody needs to hear it any more
                    session.close_forwards(f.unit, [f.receipt])
            due = [f for f in due if f.receipt not in over]
            absent = [f for f in due if not is_active(f.unit)]
            due = [f for f in due if is_active(f.unit)]
            # Nobody is there to note it, unless the unit comes back.
            session.save_forwards([replace(f, due=now + WHILE_ABSENT) for f in absent])
            session.save_forwards(
                [
                    replace(
                        f,
                        attempts=f.attempts + 1,
                        due=next_try(hub.timing.retry, hub.chance, now, f.attempts, confirmed=True),
                    )
                    for f in due
                ]
            )
            documents = session.forwarded({f.receipt for f in due})
        fates = hub.publish([(f.unit, documents[f.receipt]) for f in due])
        self._hasten(list(zip(due, fates, strict=True)), now)
        hub.metrics.count("yidi_clock_forwards_total", len(due))
        return len(due)

    def _hasten(self, tried: list[tuple[Forward, PublishResult]], now: datetime) -> None:
        """What the broker did not take is tried again without the patience that a confirm earns."""
        lost = [(forward, told) for forward, told in tried if told is not PublishResult.ACCEPTED]
        if not lost:
            return
        hub = self._hub
        with hub.store.begin() as session:
            for forward, told in sorted(lost, key=lambda one: (one[0].unit, one[0].receipt)):
                soon = after(told, hub.timing.retry, hub.chance, now, forward.attempts)
                session.hasten_forwards([(forward.unit, forward.receipt)], soon)

    def note(self, limit: int = 5000) -> int:
        """Confirm what was recorded since the last round, one signed NOTED per unit; returns how many receipts it
        covered."""
        hub = self._hub
        now = hub.clock.now()
        batch: list[tuple[UnitCode, bytes]] = []
        with hub.store.begin() as session:
            owed = sorted(session.take_owed(limit), key=lambda item: item.unit)
            if not owed:
                return 0
            checkpoint = session.checkpoint()
            for unit, group in groupby(owed, key=lambda item: item.unit):
                noted = [item.noted for item in group]
                batch += [(unit, signed) for signed in hub.noted(noted, now, checkpoint.note if checkpoint else None)]
        hub.publish(batch)
        return len(owed)
