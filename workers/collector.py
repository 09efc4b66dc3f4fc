"""collector, in the clock's process: what queues gave up is set aside, where a person finds it.

Consumes           dead
Publishes          nothing
Writes             quarantine
Acknowledges       last: after the commit
If it dies here    the batch comes again, and the same bytes are set aside once
If it comes twice  the same
If two run         each message goes to one of them
Settings           none
Metrics            none of its own: yidi_hub_rows{what="quarantined"}
"""

from exchange.ports.transport import Transport
from exchange.services.hub.dead_letters import DeadLetters
from exchange.topology import DEAD
from workers.batch import take
from workers.runner import Step

__all__ = ["steps"]

_LIMIT = 100


def steps(dead_letters: DeadLetters, transport: Transport) -> list[Step]:
    consumer = transport.consumer((DEAD,))
    return [Step(name="clock.collect", run=lambda: take(consumer, dead_letters.collect, _LIMIT), every_seconds=5.0)]
