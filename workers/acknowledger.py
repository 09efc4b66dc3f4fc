"""acknowledger: receipts from units are verified, recorded, folded into their deliveries and forwarded.

Consumes           work.receipt
Publishes          out/<sender> the recipient's receipt, out/<recipient> the sender's, byte for byte as signed
Writes             receipt, delivery state, ledger entry, forward, what is owed in the next NOTED. One
                   transaction a batch
Acknowledges       last: after the commit and after the broker's confirms
If it dies here    before the commit: the batch comes again. After it: the batch comes again and each receipt is
                   known; forwards that were not made are due by the clock
If it comes twice  nothing changes; the author is owed another NOTED
Settings           hub timing (retry, poison_attempts)
Metrics            yidi_acknowledger_receipts_total, yidi_acknowledger_invalid_total,
                   yidi_acknowledger_deliver_seconds, yidi_acknowledger_sign_seconds
"""

from exchange.ports.transport import Consumer
from exchange.services.hub.acknowledge import Acknowledger
from exchange.topology import Lane, work_queue
from workers.batch import take

__all__ = ["QUEUES", "step"]

QUEUES = (work_queue(Lane.RECEIPT),)


def step(acknowledger: Acknowledger, consumer: Consumer, *, limit: int = 200) -> int:
    """Record one batch; returns how many messages it took."""
    return take(consumer, acknowledger.acknowledge, limit)
