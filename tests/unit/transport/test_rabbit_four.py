"""What RabbitMQ 4.x limits, denies or deletes by default, held against what is declared here: none is at hand."""

import json
import re

import pytest

from exchange.codec.kind import DocumentKind
from exchange.model.unit import parse_unit_code
from exchange.topology import DEAD
from exchange.transport.provisioning import County, definitions
from exchange.transport.rabbit_topology import hub_layout, queue_arguments, unit_layout

TOWN = parse_unit_code("520304-001")
MADE = json.loads(definitions(County(units=(TOWN,), hub_user="hub", hub_password="of the hub")))
QUEUES = (*hub_layout().queues, *unit_layout(TOWN).queues)
LARGEST_MESSAGE = 16 << 20  # max_message_size of 4.x
DELIVERY_LIMIT = 20  # of a quorum queue without a policy, since 4.0


@pytest.mark.parametrize("kind", [DocumentKind.ENVELOPE, DocumentKind.RECEIPT])
def test_the_largest_document_on_the_wire_is_half_of_what_it_takes(kind: DocumentKind) -> None:
    assert kind.limits.size <= LARGEST_MESSAGE // 2


@pytest.mark.parametrize("queue", QUEUES)
def test_every_queue_is_a_durable_quorum_queue_and_none_is_mirrored(queue: str) -> None:
    assert queue_arguments(queue)["x-queue-type"] == "quorum"
    [declared] = [one for one in MADE["queues"] if one["name"] == queue]
    assert (declared["durable"], declared["auto_delete"]) == (True, False)
    assert not any(key.startswith("ha-") for policy in MADE["policies"] for key in policy["definition"])


@pytest.mark.parametrize("queue", QUEUES)
def test_no_queue_is_left_to_its_delivery_limit(queue: str) -> None:
    fitting = [one for one in MADE["policies"] if re.search(one["pattern"], queue)]
    policy = max(fitting, key=lambda one: one["priority"])
    limit = policy["definition"]["delivery-limit"]
    assert limit > DELIVERY_LIMIT
    if queue == DEAD:
        assert limit >= 1_000_000  # nothing lies behind it: a message over the limit would be deleted
    else:
        assert queue_arguments(queue)["x-dead-letter-exchange"] == DEAD
        assert queue_arguments(queue)["x-dead-letter-strategy"] == "at-least-once"
        assert queue_arguments(queue)["x-overflow"] == "reject-publish"
