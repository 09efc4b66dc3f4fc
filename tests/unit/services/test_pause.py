"""A paused unit's documents are held, both ways; nothing is lost, refused, expired or urged, and it is told why."""

from datetime import timedelta

import pytest

from exchange.errors import RefusedError
from exchange.ports.acts import Operator
from exchange.services.hub.pause import Pauser
from exchange.settings import HubTiming
from tests.unit.services.hub_and_node import HOURS, A, B, C, World

WHY = Operator(account="root", name="王芳", reason="机房搬迁")


def pause(world: World, hours: float | None = None) -> None:
    until = None if hours is None else world.clock.now() + hours * HOURS
    Pauser(world.hub.hub).pause(A, until, WHY)


def told(world: World) -> list[str]:
    with world.sending.store.begin() as session:
        return [one.text for unit, one in session.notices(world.clock.now()) if unit == A]


def acts(world: World) -> list[tuple[str, str, str]]:
    with world.hub.store.begin() as session:
        return [(act.verb, act.target, act.account) for _, act in session.acts(None, 9)]


def test_what_it_sends_stays_in_its_outbox_and_goes_its_way_after_the_release() -> None:
    world = World()
    pause(world)
    world.hub.forwarder.forward()
    key = world.submit(B)
    world.settle()
    assert world.hub.counts()["documents"] == 0
    assert world.sending.open_outbox(A) == [key.id]
    assert (world.hub.quarantine(), world.sending.quarantine()) == ([], [])
    assert "机房搬迁" in told(world)[0]

    world.pass_time(HOURS)
    Pauser(world.hub.hub).release(A, WHY)
    world.hub.forwarder.forward()
    world.settle()
    assert world.hub.delivery(key).state.delivered is not None
    assert world.sending.open_outbox(A) == []
    assert told(world) == ["本单位的公文收发已恢复。"]
    assert acts(world) == [("units release", A, "root"), ("units pause", A, "root")]


def test_what_is_sent_to_it_waits_without_expiring_and_its_neighbour_has_it() -> None:
    world = World(hub_timing=HubTiming(deliver_within_hours=2))
    Pauser(world.hub.hub).pause(B, None, WHY)
    key = world.delivered(B, C)
    for _ in range(40):
        world.pass_time(timedelta(minutes=10))
        world.hub.dispatcher.dispatch()
    assert world.hub.dispatcher.dispatch() == 0  # what is held is in nobody's way
    states = world.hub.deliveries(key)
    assert states[B].state.delivered is None
    assert states[C].state.delivered is not None
    assert world.hub.said(key).count("EXPIRED") == 0

    Pauser(world.hub.hub).release(B, WHY)
    assert world.hub.delivery(key).expires == world.clock.now() + 2 * HOURS
    assert world.hub.dispatcher.dispatch() == 1
    world.settle()
    assert world.hub.delivery(key).state.delivered is not None


def test_receipts_of_a_paused_unit_go_on_and_it_is_not_urged() -> None:
    world = World()
    key = world.delivered(B)
    Pauser(world.hub.hub).pause(B, None, WHY)
    world.pass_time(100 * HOURS)
    assert world.hub.reminder.remind() == 0
    world.receiving.decider.sign(B, key, "赵六")
    world.settle()
    assert world.hub.delivery(key).state.signed is not None


def test_a_pause_with_an_end_is_ended_by_the_clock() -> None:
    world = World()
    pause(world, hours=1)
    key = world.submit(B)
    world.settle()
    assert Pauser(world.hub.hub).release_due() == 0
    world.pass_time(HOURS)
    assert Pauser(world.hub.hub).release_due() == 1
    world.settle()
    assert world.hub.delivery(key).state.delivered is not None
    assert acts(world)[0] == ("units release", A, "clock")


def test_pausing_or_releasing_twice_is_refused_and_leaves_no_trace() -> None:
    world = World()
    pause(world)
    with pytest.raises(RefusedError):
        pause(world)
    Pauser(world.hub.hub).release(A, WHY)
    with pytest.raises(RefusedError):
        Pauser(world.hub.hub).release(A, WHY)
    assert len(acts(world)) == 2
