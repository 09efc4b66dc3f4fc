"""What goes over a county's broker, for whoever plays a bad unit or wants to see an answer byte for byte.

Not here: what is put there.
"""

import base64
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from exchange.model.unit import UnitCode
from exchange.ports.transport import Message
from exchange.topology import OUT, Lane, in_exchange
from exchange.transport.rabbit_management import Management
from exchange.transport.rabbitmq import RabbitTransport
from exchange.trial.county import TrialCounty
from exchange.wiring.places import NodePlace
from exchange.wiring.provision import management_of

__all__ = ["overhear", "put_on_wire"]


def put_on_wire(county: TrialCounty, unit: UnitCode, document: bytes, lane: Lane = Lane.NORMAL) -> None:
    """Publish `document` by `unit`'s own account, past its node. Raises nothing for the message's fate."""
    transport = RabbitTransport(NodePlace.open(county.node_of(unit).root).rabbit(unit))
    try:
        publisher = transport.publisher()
        publisher.publish([Message(exchange=in_exchange(unit), key=lane.value, body=document, user=unit)])
        publisher.close()
    finally:
        transport.close()


@contextmanager
def overhear(county: TrialCounty, unit: UnitCode) -> Iterator[Callable[[], list[bytes]]]:
    """While the block runs, a queue beside `unit`'s inbox gets the same. Calling it gives what came so far."""
    place = county.hub_place()
    management = management_of(place)
    vhost = urlsplit(place.rabbit().urls[0]).path.removeprefix("/").replace("%2F", "/") or "/"
    queue, heard = f"overheard.{secrets.token_hex(4)}", list[bytes]()
    management.put("queues", vhost, queue, body={"durable": True})
    management.post("bindings", vhost, "e", OUT, "q", queue, body={"routing_key": unit})

    def listen() -> list[bytes]:
        heard.extend(_taken(management, vhost, queue))
        return heard

    try:
        yield listen
    finally:
        management.delete("queues", vhost, queue)


def _taken(management: Management, vhost: str, queue: str) -> list[bytes]:
    wanted = {"count": 1000, "ackmode": "ack_requeue_false", "encoding": "base64"}
    messages = management.ask("POST", "queues", vhost, queue, "get", body=wanted)
    return [base64.b64decode(message["payload"]) for message in messages]
