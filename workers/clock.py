"""clock: what is late is done again, urged, or ended with a signed notice.

Consumes           nothing: it looks into the store
Publishes          out/<unit>: envelopes again with their ACCEPTED, also as operators wish, receipts again,
                   NOTED, REMINDED, EXPIRED
Writes             attempts and due times, REMINDED and EXPIRED receipts with ledger entries; renews the
                   directory before it expires; makes the months that are to come, and keeps counts short; deletes
                   files that nobody needs any more
Acknowledges       nothing
If it dies here    the next attempt was stored before this one was made: one wait is lost, never a storm and
                   never a silence
If two run         rows are locked while they are handled; each is handled once
Settings           hub timing (retry, deliver_within, sign_within, remind_every, remind_at_most,
                   directory_valid_days)
                   files (unfinished_days, unclaimed_days)
Metrics            yidi_clock_dispatches_total, yidi_clock_forwards_total, yidi_clock_reminders_total,
                   yidi_clock_expired_total
"""

from exchange.services.hub.administer import Administrator
from exchange.services.hub.discard import Discarder
from exchange.services.hub.dispatch import Dispatcher
from exchange.services.hub.forward import Forwarder
from exchange.services.hub.keep import Keeper
from exchange.services.hub.orphans import Orphans
from exchange.services.hub.pause import Pauser
from exchange.services.hub.remind import Reminder
from exchange.services.hub.resend import Resender
from workers.runner import Step

__all__ = ["file_steps", "steps"]


def steps(
    dispatcher: Dispatcher,
    forwarder: Forwarder,
    reminder: Reminder,
    administrator: Administrator,
    keeper: Keeper,
    resender: Resender,
    pauser: Pauser,
) -> list[Step]:
    return [
        Step(name="clock.note", run=forwarder.note, every_seconds=1.0),
        Step(name="clock.dispatch", run=dispatcher.dispatch, every_seconds=1.0),
        Step(name="clock.resend", run=resender.resend, every_seconds=1.0),
        Step(name="clock.release", run=pauser.release_due, every_seconds=30.0),
        Step(name="clock.forward", run=forwarder.forward, every_seconds=1.0),
        Step(name="clock.remind", run=reminder.remind, every_seconds=30.0),
        Step(name="clock.directory", run=lambda: int(administrator.renew()), every_seconds=3600.0),
        Step(name="clock.months", run=keeper.open_months, every_seconds=3600.0),
        Step(name="clock.fold_counts", run=keeper.fold_counts, every_seconds=15.0),
        Step(name="clock.recount", run=keeper.recount, every_seconds=86_400.0),
    ]


def file_steps(discarder: Discarder, orphans: Orphans) -> list[Step]:
    return [
        Step(name="clock.discard", run=discarder.discard, every_seconds=1.0),
        Step(name="clock.claims", run=orphans.claims, every_seconds=30.0),
        Step(name="clock.survey", run=orphans.survey, every_seconds=1.0),
        Step(name="clock.unfinished", run=orphans.unfinished, every_seconds=3600.0),
    ]
