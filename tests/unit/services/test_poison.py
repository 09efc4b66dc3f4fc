"""A message that breaks the transaction of its whole batch: it waits, is counted and set aside; its neighbours pass."""

from collections.abc import Callable

import pytest

from exchange.model.envelope import EnvelopeKey
from exchange.testing.metrics import RecordingLog
from exchange.topology import Lane, inbox_queue, work_queue
from tests.unit.services.hub_and_node import B, World


class Stumbling(RecordingLog):
    """A bug that only one document meets, at the worst moment: within the transaction."""

    def __init__(self, over: EnvelopeKey) -> None:
        super().__init__()
        self.over = str(over)

    def info(self, event: str, **fields: object) -> None:
        if fields.get("envelope") == self.over:
            raise ZeroDivisionError
        super().info(event, **fields)


def _routing(world: World) -> tuple[EnvelopeKey, EnvelopeKey]:
    keys = world.submit(), world.submit()
    world.sending.relay.relay()
    world.hub.hub.log = Stumbling(keys[0])
    return keys


def _acknowledging(world: World) -> tuple[EnvelopeKey, EnvelopeKey]:
    keys = world.accepted(), world.accepted()
    world.receiving.receive()
    world.receiving.relay.relay()
    world.hub.hub.log = Stumbling(keys[0])
    return keys


def _receiving(world: World) -> tuple[EnvelopeKey, EnvelopeKey]:
    keys = world.accepted(), world.accepted()
    world.receiving.node.log = Stumbling(keys[0])
    return keys


CASES = [
    (_routing, lambda world: world.hub.route(), work_queue(Lane.NORMAL)),
    (_acknowledging, lambda world: world.hub.acknowledge(), work_queue(Lane.RECEIPT)),
    (_receiving, lambda world: world.receiving.receive(), inbox_queue(B)),
]


@pytest.mark.parametrize(("prepare", "step", "queue"), CASES, ids=["router", "acknowledger", "node"])
def test_its_neighbour_passes_at_once_and_it_is_set_aside_after_enough_attempts(
    prepare: Callable[[World], tuple[EnvelopeKey, EnvelopeKey]], step: Callable[[World], int], queue: str
) -> None:
    world = World()
    _, good = prepare(world)
    step(world)
    assert len(world.waiting(queue)) == 1
    for _ in range(world.hub.hub.timing.poison_attempts - 1):
        step(world)
    assert world.waiting(queue) == []
    quarantined = world.hub.quarantine() + world.receiving.quarantine()
    assert [code for code, document in quarantined if document] == ["BUG ZeroDivisionError"]
    world.settle()
    assert world.hub.delivery(good).state.delivered is not None
