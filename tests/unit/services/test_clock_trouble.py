"""Clocks that were set, machines that were off, units that have left: nothing ends for the wrong reason, nothing is
forgotten, nothing is repeated without end."""

from datetime import timedelta

from exchange.directory.update import change_unit
from exchange.model.events import TransportState
from tests.unit.services.hub_and_node import A, B, World

DAYS = timedelta(days=1)
MINUTES = timedelta(minutes=1)


def test_a_hub_that_was_off_over_the_holidays_tries_again_before_anything_expires() -> None:
    world = World()
    key = world.accepted()
    world.empty(B)
    world.pass_time(8 * DAYS)
    world.hub.dispatcher.dispatch()
    world.settle()
    assert world.hub.said(key) == ["ACCEPTED", "DELIVERED"]


def test_a_clock_set_forward_expires_nothing_that_can_be_delivered() -> None:
    world = World()
    key = world.accepted()
    world.empty(B)
    world.clock.jump(4 * DAYS)
    world.hub.dispatcher.dispatch()
    world.settle()
    assert "EXPIRED" not in world.hub.said(key)


def test_what_stays_out_of_reach_expires_at_the_next_look() -> None:
    world = World()
    key = world.accepted()
    world.pass_time(8 * DAYS)
    for _ in range(2):
        world.empty(B)
        world.hub.dispatcher.dispatch()
        world.pass_time(2 * MINUTES)
    assert world.hub.delivery(key).state.transport is TransportState.EXPIRED


def test_a_receipt_for_a_unit_that_has_left_is_not_sent_every_few_minutes_for_ever() -> None:
    world = World()
    world.accepted()
    world.change_directory(lambda directory: change_unit(directory, A, active=False))
    world.empty(A)
    for _ in range(48):
        world.pass_time(30 * MINUTES)
        world.hub.forwarder.forward()
    assert len(world.empty(A)) <= 1
    world.change_directory(lambda directory: change_unit(directory, A, active=True))
    world.pass_time(DAYS)
    world.hub.forwarder.forward()
    assert world.events(A) == ["ACCEPTED"]


def test_a_directory_dated_by_a_clock_that_ran_ahead_is_signed_anew() -> None:
    world = World()
    world.clock.jump(400 * DAYS)
    world.change_directory(lambda directory: change_unit(directory, B, active=False))
    world.clock.jump(-400 * DAYS)
    assert world.hub.administrator.renew()
    world.refresh()
    assert not world.receiving.node.verifier().directory.is_active(B)
