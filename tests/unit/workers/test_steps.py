"""The workers as lists of steps: all of them together carry a document its whole way."""

from datetime import timedelta

from exchange.model.events import BusinessState
from exchange.services.hub.keep import Keeper
from exchange.services.hub.orphans import Orphans
from exchange.services.hub.pause import Pauser
from exchange.services.hub.resend import Resender
from exchange.settings import FileKeeping
from exchange.testing.broker import FakeConsumer
from exchange.topology import Lane, inbox_queue
from tests.unit.services.hub_and_node import A, B, C, NodeSide, World, a_file, an_envelope, signed
from workers import acknowledger, clock, node, router, sealer
from workers.runner import Runner, Step


def consumer_of(side: NodeSide) -> FakeConsumer:
    return side.transport.consumer([inbox_queue(unit) for unit in side.units])


def all_steps(world: World) -> list[Step]:
    hub = world.hub
    envelopes, receipts = hub.transport.consumer(router.QUEUES), hub.transport.consumer(acknowledger.QUEUES)
    steps = [
        Step(name="route", run=lambda: router.step(hub.router, envelopes)),
        Step(name="acknowledge", run=lambda: acknowledger.step(hub.acknowledger, receipts)),
        *clock.file_steps(hub.discarder, Orphans(hub.hub, FileKeeping())),
        *clock.steps(
            hub.dispatcher,
            hub.forwarder,
            hub.reminder,
            hub.administrator,
            Keeper(hub.store, world.clock),
            Resender(hub.hub),
            Pauser(hub.hub),
        ),
        *sealer.steps(hub.sealer),
    ]
    for side in world.nodes:
        steps += node.mailbox_steps(side.receiver, side.relay, side.refresher, consumer_of(side))
        steps += node.office_steps(side.officer, side.office_decider)
    return steps


def run(world: World, steps: list[Step], seconds: int) -> Runner:
    runner = Runner("all", steps, world.clock, world.hub.metrics, world.hub.log)
    for _ in range(seconds):
        runner.round()
        world.pass_time(timedelta(seconds=1))
    return runner


def test_a_document_goes_its_whole_way_and_everything_comes_to_rest() -> None:
    world = World()
    key = world.submit(B, C, files=[a_file()])
    steps = all_steps(world)
    assert run(world, steps, 10).faults() == {}
    world.receiving.decider.sign(B, key, "赵六")
    run(world, steps, 10)
    assert world.hub.said(key) == ["ACCEPTED", "DELIVERED", "DELIVERED", "IMPORTED", "IMPORTED", "SIGNED"]
    assert world.sending.deliveries(A, key)[B].state.business is BusinessState.SIGNED
    assert world.hub.counts()["forwards_open"] == world.hub.counts()["entries_unsealed"] == 0
    for side in world.nodes:
        counts = side.counts()
        assert (counts["outbox_open"], counts["handovers_open"], counts["untold"]) == (0, 0, 0)
        side.log.expect_quiet()
    assert len(world.receiving.office.taken) == 2


def test_urgent_documents_are_taken_before_all_others() -> None:
    world = World()
    world.put(signed(an_envelope(number=1)), lane=Lane.NORMAL)
    world.put(signed(an_envelope(number=2)), lane=Lane.URGENT)
    router.step(world.hub.router, world.hub.transport.consumer(router.QUEUES), limit=1)
    assert world.hub.said(an_envelope(number=2).key) == ["ACCEPTED"]
    assert world.hub.said(an_envelope(number=1).key) == []


def test_every_step_has_a_name_of_its_own_for_its_metrics() -> None:
    world = World()
    names = [step.name for step in all_steps(world)]
    per_node = [name for name in names if name.startswith("node.")]
    assert len(set(names)) == len(names) - len(per_node) // 2
