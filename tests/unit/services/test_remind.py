"""Reminders: by urgency, counted, to both sides, and their end."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from exchange.model.document import EmergencyDegree
from exchange.services.evidence.facts import read_receipt
from exchange.settings import HubTiming
from tests.unit.services.hub_and_node import HOURS, NOTICE, A, B, C, World, an_envelope, signed

KEY = an_envelope().key


def delivered(world: World, **changes: Any) -> None:
    """A document that B has and nobody has signed for; every inbox is empty."""
    world.put(signed(an_envelope(**changes)))
    world.hub.route()
    world.settle()


@pytest.mark.parametrize(
    ("degree", "hours"),
    [
        (EmergencyDegree.EXTRA_URGENT_TELEGRAM, 1),
        (EmergencyDegree.EXTRA_URGENT, 4),
        (EmergencyDegree.URGENT, 8),
        (EmergencyDegree.ORDINARY_TELEGRAM, 24),
        (None, 48),
    ],
)
def test_the_first_reminder_comes_by_urgency(degree: EmergencyDegree | None, hours: int) -> None:
    world = World()
    delivered(world, metadata=replace(NOTICE, emergency_degree=degree))
    world.pass_time(hours * HOURS - timedelta(milliseconds=1))
    assert world.hub.reminder.remind() == 0
    world.pass_time(timedelta(milliseconds=1))
    assert world.hub.reminder.remind() == 1


def test_the_senders_own_sign_by_goes_before_the_urgency() -> None:
    world = World()
    delivered(world, sign_by=world.clock.now() + 2 * HOURS)
    world.pass_time(2 * HOURS)
    assert world.hub.reminder.remind() == 1


def test_an_urgency_without_a_setting_waits_like_an_ordinary_document() -> None:
    world = World(hub_timing=HubTiming(sign_within_hours={"": 3}))
    delivered(world, metadata=replace(NOTICE, emergency_degree=EmergencyDegree.URGENT))
    world.pass_time(3 * HOURS)
    assert world.hub.reminder.remind() == 1


def test_a_reminder_goes_to_both_sides_with_its_number_and_into_the_ledger() -> None:
    world = World()
    delivered(world)
    sealed = world.hub.counts()["entries_unsealed"]
    for number in (1, 2):
        world.pass_time(48 * HOURS)
        assert world.hub.reminder.remind() == 1
        (to_recipient,), (to_sender,) = world.inbox(B), world.inbox(A)
        assert to_recipient == to_sender
        assert dict(read_receipt(to_sender).attributes) == {"n": str(number)}
        world.empty(A)
        world.empty(B)
    assert world.hub.counts()["entries_unsealed"] == sealed + 2
    assert world.hub.delivery(KEY).state.reminders == 2


def test_a_lost_reminder_is_forwarded_like_any_receipt() -> None:
    world = World()
    delivered(world)
    world.pass_time(48 * HOURS)
    world.kill_hub("publish.before", world.hub.reminder.remind)
    assert world.inbox(B) == []
    world.pass_time(HOURS)
    world.hub.forwarder.forward()
    assert world.events(B) == world.events(A) == ["REMINDED"]


def test_who_signed_is_not_reminded_and_the_others_are() -> None:
    world = World()
    world.put(signed(an_envelope(B, C)))
    world.hub.route()
    world.settle()
    world.receiving.decider.sign(B, KEY, "赵六")
    world.settle()
    world.pass_time(48 * HOURS)
    assert world.hub.reminder.remind() == 1
    assert (world.events(B), world.events(C)) == ([], ["REMINDED"])


def test_nobody_is_reminded_of_what_has_not_arrived_but_will_be_when_it_has() -> None:
    world = World()
    world.put(signed(an_envelope()))
    world.hub.route()
    world.pass_time(48 * HOURS)
    assert world.hub.reminder.remind() == 0
    world.settle()
    world.pass_time(24 * HOURS)
    assert world.hub.reminder.remind() == 1


def test_after_the_last_reminder_a_person_is_alarmed_once() -> None:
    world = World(hub_timing=HubTiming(remind_at_most=2))
    delivered(world)
    reminded = []
    for _ in range(6):
        world.pass_time(48 * HOURS)
        reminded.append(world.hub.reminder.remind())
    assert reminded == [1, 1, 0, 0, 0, 0]
    assert world.hub.log.events("alarm") == ["unsigned_after_all_reminders"]
    assert world.hub.delivery(KEY).remind is None


def test_a_reminder_by_hand_counts() -> None:
    world = World(hub_timing=HubTiming(remind_at_most=1))
    key = world.delivered(B)
    world.sending.recaller.remind(key, "张三", "请尽快签收", B)
    world.settle()
    world.pass_time(48 * HOURS)
    assert world.hub.reminder.remind() == 0
    assert world.hub.log.events("alarm") == ["unsigned_after_all_reminders"]
