"""attendant, in the clock's process: which units are there, by what they say of themselves every minute.

Consumes           work.presence
Publishes          nothing: a presence is answered by nobody
Writes             what was last heard of each unit, and in which minutes it was
Acknowledges       last: after the commit
If it dies here    the batch comes again and moves nothing that it moved before
If it comes twice  nothing changes
If two run         a unit's row is locked while it is changed
Settings           hub timing (poison_attempts)
Metrics            yidi_attendant_presences_total, yidi_attendant_invalid_total
"""

from exchange.ports.transport import Transport
from exchange.services.hub.attend import Attendant
from exchange.topology import Lane, work_queue
from workers.batch import take
from workers.runner import Step

__all__ = ["QUEUES", "steps"]

QUEUES = (work_queue(Lane.PRESENCE),)
# More than a large county says in a second, and so little that a backlog holds up nobody who shares the loop.
_LIMIT = 1000


def steps(attendant: Attendant, transport: Transport) -> list[Step]:
    consumer = transport.consumer(QUEUES)
    return [Step(name="clock.attend", run=lambda: take(consumer, attendant.attend, _LIMIT), every_seconds=1.0)]
