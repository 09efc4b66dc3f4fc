"""router: envelopes from units are verified, recorded, answered and dispatched.

Consumes           work.urgent before work.normal, both shared fairly among senders; when these have nothing, what was
                   moved to work.aside.<n>, each in turn
Publishes          out/<recipient> the envelope, out/<sender> ACCEPTED or REFUSED; aside/<n> what one unit sends too
                   much of; mandatory, confirmed
Writes             document, delivery, receipt, ledger entry, forward, usage; refusal, quarantine. One transaction
Acknowledges       last: after the commit and after the broker's confirms; what it moves aside, after the confirm
If it dies here    before the commit: the batch comes again and nothing had happened. After it: the batch comes
                   again as duplicates, which are answered with the original receipts; dispatches that were not
                   made are due by the clock
If it comes twice  the same bytes: the original receipt, byte for byte. Other bytes, same id: CONFLICT, an alarm
Settings           hub timing (retry, deadlines, poison_attempts), quota
Metrics            yidi_router_envelopes_total, yidi_router_refusals_total, yidi_router_duplicates_total,
                   yidi_router_accept_seconds, yidi_router_aside_total
"""

from exchange.ports.transport import Consumer, Transport
from exchange.services.hub.fair_intake import FairIntake
from exchange.services.hub.hub import Hub
from exchange.services.hub.route import Router
from exchange.topology import ASIDE_QUEUES, Lane, work_queue
from workers.batch import take

__all__ = ["QUEUES", "intake", "step"]

QUEUES = (work_queue(Lane.URGENT), work_queue(Lane.NORMAL))


def intake(transport: Transport, hub: Hub, **options: int) -> Consumer:
    """What a router takes its batches from."""
    lanes, aside = transport.consumer(QUEUES), transport.consumer(ASIDE_QUEUES, in_turn=True)
    return FairIntake(lanes, QUEUES, aside, hub.publisher, hub.metrics, hub.log, **options)


def step(router: Router, consumer: Consumer, *, limit: int = 100) -> int:
    """Route one batch; returns how many messages it took."""
    return take(consumer, router.route, limit)
