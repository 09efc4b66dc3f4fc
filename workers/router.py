"""router: envelopes from units are verified, recorded, answered and dispatched.

Consumes           work.urgent before work.normal
Publishes          out/<recipient> the envelope, out/<sender> ACCEPTED or REFUSED; mandatory, confirmed
Writes             document, delivery, receipt, ledger entry, forward, usage; refusal, quarantine. One transaction
Acknowledges       last: after the commit and after the broker's confirms
If it dies here    before the commit: the batch comes again and nothing had happened. After it: the batch comes
                   again as duplicates, which are answered with the original receipts; dispatches that were not
                   made are due by the clock
If it comes twice  the same bytes: the original receipt, byte for byte. Other bytes, same id: CONFLICT, an alarm
Settings           hub timing (retry, deadlines, poison_attempts), quota
Metrics            yidi_router_envelopes_total, yidi_router_refusals_total, yidi_router_duplicates_total,
                   yidi_router_accept_seconds
"""

from exchange.ports.transport import Consumer
from exchange.services.route import Router
from exchange.topology import Lane, work_queue
from workers.batch import take

__all__ = ["QUEUES", "step"]

QUEUES = (work_queue(Lane.URGENT), work_queue(Lane.NORMAL))


def step(router: Router, consumer: Consumer, *, limit: int = 100) -> int:
    """Route one batch; returns how many messages it took."""
    return take(consumer, router.route, limit)
