"""What RabbitMQ 4.x denies, as this broker sees us use it or not: global prefetch, queues that are not durable."""

import pytest

from exchange.model.unit import parse_unit_code
from exchange.settings import Rabbit
from exchange.topology import Lane, inbox_queue, work_queue
from exchange.transport.provisioning import County, Provisioner
from exchange.transport.rabbit_management import Management
from exchange.transport.rabbitmq import RabbitTransport
from exchange.trial.servers import RabbitServer

TOWN = parse_unit_code("520304-001")
VHOST = "four"
EACH = 25


@pytest.fixture
def transport(rabbit: RabbitServer, management: Management) -> RabbitTransport:
    Provisioner(management).reconcile(County(units=(TOWN,), hub_user="hub", hub_password="hub", vhost=VHOST))
    management.put("permissions", VHOST, "guest", body={"configure": ".*", "write": ".*", "read": ".*"})
    return RabbitTransport(Rabbit(urls=(rabbit.url(vhost=VHOST),), prefetch=EACH * len(Lane)))


def test_prefetch_is_each_consumers_own_and_every_queue_is_durable(
    rabbit: RabbitServer, management: Management, transport: RabbitTransport
) -> None:
    transport.declare([TOWN])
    consumer = transport.consumer([work_queue(lane) for lane in Lane])
    consumer.receive(1, 0.1)
    try:
        shown = rabbit.rabbitmqctl("list_consumers", "-p", VHOST, "queue_name", "prefetch_count").split("\n")
        consumers = dict(line.split("\t") for line in shown[1:] if line)
        assert consumers == {work_queue(lane): str(EACH) for lane in Lane}
        channels = rabbit.rabbitmqctl("list_channels", "vhost", "global_prefetch_count").split("\n")
        assert {line for line in channels if line.startswith(VHOST)} == {f"{VHOST}\t0"}
        queues = {one["name"]: one for one in management.get("queues", VHOST)}
        assert {inbox_queue(TOWN), "dead"} <= set(queues)
        assert all(one["durable"] and not one["exclusive"] and one["type"] == "quorum" for one in queues.values())
    finally:
        transport.close()
        management.delete("vhosts", VHOST)
        for user in (TOWN, "hub"):
            management.delete("users", user)
