"""A node says that it is there; the hub hears the unit itself, once, and nobody else."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from exchange.directory.update import change_unit, revoke_key
from exchange.errors import AdapterError, KeyStoreError
from exchange.model.events import Event, Speaker
from exchange.model.presence import NO_OFFICE, Presence
from exchange.model.receipt import Actor, Noted, Receipt, ReceiptId
from exchange.model.unit import UnitCode
from exchange.ports.presence import PresenceRecord
from exchange.services.hub.attend import Attendant
from exchange.services.node.handover import Officer
from exchange.services.node.office_health import OfficeHealth
from exchange.services.node.present import Presenter
from exchange.testing.broker import Faults
from exchange.testing.keys import HUB
from exchange.topology import Lane, work_queue
from exchange.trust.keys import SoftwareSigner
from exchange.trust.sign import sign_receipt
from tests.unit.services.hub_and_node import COUNTY, A, B, C, NodeSide, World, a_file
from workers.attendant import QUEUES

MINUTE = timedelta(minutes=1)
NOTED = Noted(receipt=ReceiptId("0b6e2f0e-0d7c-4a57-8c43-000000000001"), digest="0" * 64)
PRESENCE = Presence(version="0.1.0", started=1, directory=1, disk_free=10, disk_size=100)


class Attended(World):
    def __init__(self) -> None:
        super().__init__()
        self.attendant = Attendant(self.hub.hub)
        self.presences = self.hub.transport.consumer(QUEUES)
        self.numbers = iter(range(1, 1000))

    def attend(self) -> int:
        """How many units were heard."""
        batch = self.presences.receive(100, 0)
        return self.attendant.attend(batch, self.presences) if batch else 0

    def heard(self) -> dict[UnitCode, PresenceRecord]:
        with self.hub.store.begin() as session:
            return {record.unit: record for record in session.presences()}

    def minutes(self) -> dict[UnitCode, int]:
        today = self.clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
        with self.hub.store.begin() as session:
            return {day.unit: day.minutes.bit_count() for day in session.presence_days(today, today)}

    def said(
        self, unit: UnitCode = B, at: datetime | None = None, signer: SoftwareSigner | None = None, **more: object
    ) -> bytes:
        """As `unit` could sign it, or another in its name."""
        values = {"event": Event.PRESENT, "attributes": PRESENCE.attributes(), "hub": HUB} | more
        receipt = Receipt(
            id=ReceiptId(f"0b6e2f0e-0d7c-4a57-8c43-{next(self.numbers):012}"),
            actor=Actor(speaker=Speaker.NODE, unit=unit),
            at=at or self.clock.now(),
            **values,  # type: ignore[arg-type]
        )
        return sign_receipt(receipt, signer or self.signer(unit))

    def say(self, body: bytes, user: UnitCode = B) -> int:
        self.put(body, user, Lane.PRESENCE)
        return self.attend()


@pytest.fixture
def world() -> Attended:
    return Attended()


def presenter_of(side: NodeSide, office: str = NO_OFFICE, health: OfficeHealth | None = None) -> Presenter:
    return Presenter(side.node, lambda _: office, health or OfficeHealth(), lambda: (10, 100), "0.1.0")


# at the node


def test_each_unit_of_a_node_says_that_it_is_there_and_how_it_is(world: Attended) -> None:
    world.submit(B, files=[a_file()])
    world.pass_time(7 * MINUTE)
    assert presenter_of(world.sending).present() + presenter_of(world.receiving).present() == 3
    assert world.attend() == 3
    heard = world.heard()
    assert heard.keys() == {A, B, C}
    assert heard[A].presence == Presence(
        version="0.1.0",
        started=int(world.clock.now().timestamp()),
        directory=1,
        disk_free=10,
        disk_size=100,
        outbox=1,
        outbox_age=420,
    )
    assert heard[B].presence.outbox == 0
    assert heard[A].since == heard[A].heard == heard[A].said == world.clock.now()
    world.hub.log.expect_quiet()
    world.sending.log.expect_quiet()


def test_an_office_that_does_not_answer_is_told_until_it_does(world: Attended) -> None:
    side, health = world.receiving, OfficeHealth()
    side.officer = Officer(side.node, side.offices.get, side.submitter, health)
    presenter = presenter_of(side, "folder", health)

    def fault() -> str | None:
        side.officer.collect()
        presenter.present()
        world.attend()
        return world.heard()[B].presence.office_fault

    assert fault() is None
    side.office.fault = AdapterError("the office is down", code="ADAPTER_DOWN")
    world.pass_time(MINUTE)
    assert fault() == "ADAPTER_DOWN"
    assert world.heard()[B].presence.office == "folder"
    side.office.fault = None
    world.pass_time(MINUTE)
    assert fault() is None


def test_a_unit_whose_key_cannot_be_used_says_nothing_and_silences_no_other(world: Attended) -> None:
    side = world.receiving

    def keys(unit: UnitCode) -> SoftwareSigner:
        if unit == B:
            raise KeyStoreError("no such key")
        return COUNTY.signers[unit]

    side.node.keys = keys
    assert presenter_of(side).present() == 1
    world.attend()
    assert world.heard().keys() == {C}
    assert side.log.events("warning") == ["presence_unsigned"]


def test_a_broker_that_takes_none_is_no_trouble_and_no_presence_is_repeated(world: Attended) -> None:
    world.broker.faults = Faults(refuse=1)
    assert presenter_of(world.sending).present() == 0
    world.sending.log.expect_quiet()
    assert world.sending.counts()["outbox_open"] == 0
    assert world.sending.metrics.counted("yidi_transport_publish_failures_total") == 0


# at the hub


def test_a_unit_is_there_for_five_minutes_after_it_was_heard(world: Attended) -> None:
    world.say(world.said())
    heard = world.heard()[B]
    assert heard.is_here(world.clock.now() + 5 * MINUTE)
    assert not heard.is_here(world.clock.now() + 5 * MINUTE + timedelta(seconds=1))


def test_since_when_it_is_there_begins_anew_after_a_break(world: Attended) -> None:
    start = world.clock.now()
    world.say(world.said())
    world.pass_time(5 * MINUTE)
    world.say(world.said())
    assert world.heard()[B].since == start
    world.pass_time(6 * MINUTE)
    world.say(world.said())
    assert world.heard()[B].since == world.clock.now()
    assert world.minutes() == {B: 3}


def test_how_far_a_nodes_clock_is_off_is_known(world: Attended) -> None:
    world.say(world.said(at=world.clock.now() + 2 * MINUTE))
    assert world.heard()[B].skew == 2 * MINUTE


@pytest.mark.parametrize(
    ("minutes", "outcome"),
    [(-5.1, "late"), (-1000, "late"), (5.1, "early"), (1e6, "early"), (0, "again"), (-1, "again")],
)
def test_what_was_said_at_another_time_moves_nothing(world: Attended, minutes: float, outcome: str) -> None:
    world.say(world.said())
    before = world.heard()
    world.pass_time(timedelta(seconds=30))
    at = before[B].said if not minutes else world.clock.now() + minutes * MINUTE
    assert world.say(world.said(at=at)) == 0
    assert world.heard() == before
    assert world.hub.metrics.counted("yidi_attendant_presences_total", outcome=outcome) == 1
    assert "presences_passed_over" in world.hub.log.events("info")
    world.hub.log.expect_quiet()


def test_the_same_bytes_again_keep_nobody_there(world: Attended) -> None:
    body = world.said()
    world.say(body)
    for _ in range(6):
        world.pass_time(MINUTE)
        assert world.say(body) == 0
    assert not world.heard()[B].is_here(world.clock.now())
    assert world.minutes() == {B: 1}


FORGED: dict[str, Callable[[Attended], tuple[bytes, UnitCode]]] = {
    "another unit's account": lambda world: (world.said(B), C),
    "another unit's key": lambda world: (world.said(B, signer=COUNTY.signers[C]), B),
    "a receipt of another kind": lambda world: (
        world.said(event=Event.NOTED, noted=(NOTED,)),
        B,
    ),
    "out of bounds": lambda world: (world.said(attributes=(("version", "1"),)), B),
    "made for another hub": lambda world: (world.said(hub="hub.elsewhere"), B),
    "changed on the way": lambda world: (world.said().replace(b">0.1.0<", b">9.9.9<"), B),
    "no document": lambda _: (b"<Receipt", B),
    "empty": lambda _: (b"", B),
}


@pytest.mark.parametrize("how", FORGED)
def test_what_a_unit_did_not_say_itself_makes_nobody_present(world: Attended, how: str) -> None:
    body, user = FORGED[how](world)
    assert world.say(body, user) == 0
    assert world.heard() == {}
    assert world.minutes() == {}
    assert world.hub.metrics.counted("yidi_attendant_invalid_total") == 1
    assert world.waiting(work_queue(Lane.PRESENCE)) == []
    loud = "warning" if how == "made for another hub" else "alarm"
    assert world.hub.log.events(loud) == ["presence_invalid"]


def test_a_unit_whose_key_was_revoked_or_that_left_is_not_heard_and_cries_no_alarm(world: Attended) -> None:
    (key,) = COUNTY.directory.by_code[B].keys
    now = world.clock.now()
    world.change_directory(lambda directory: revoke_key(directory, B, key.fingerprint, now, "lost"))
    world.pass_time(MINUTE)
    assert world.say(world.said()) == 0
    world.change_directory(lambda directory: change_unit(directory, C, active=False))
    assert world.say(world.said(C), C) == 0
    assert world.heard() == {}
    assert world.hub.log.events("alarm") == []


def test_of_many_from_one_account_the_last_alone_is_looked_at(world: Attended) -> None:
    start = world.clock.now()
    for second in range(20):
        world.put(world.said(at=start + timedelta(seconds=second)), B, Lane.PRESENCE)
    world.put(world.said(C), C, Lane.PRESENCE)
    assert world.attend() == 2
    assert world.heard()[B].said == start + timedelta(seconds=19)
    assert world.attend() == 0
    assert world.waiting(work_queue(Lane.PRESENCE)) == []
    assert world.hub.metrics.counted("yidi_attendant_presences_total") == 2


def test_a_store_that_fails_leaves_them_in_their_queue(world: Attended) -> None:
    world.put(world.said(), B, Lane.PRESENCE)
    world.kill_hub("add_minute", world.attend)
    world.presences = world.hub.transport.consumer(QUEUES)
    assert world.heard() == {}
    assert world.attend() == 1
    assert world.heard().keys() == {B}


def test_dying_after_the_commit_hears_nobody_twice(world: Attended) -> None:
    world.put(world.said(), B, Lane.PRESENCE)
    world.kill_hub("ack.before", world.attend)
    world.presences = world.hub.transport.consumer(QUEUES)
    before = world.heard()
    assert world.attend() == 0
    assert world.heard() == before
    assert world.minutes() == {B: 1}


def test_a_presence_is_in_no_ledger_and_on_no_other_lane_of_effect(world: Attended) -> None:
    world.say(world.said())
    world.put(world.said(), B, Lane.RECEIPT)
    world.hub.acknowledge()
    counts = world.hub.counts()
    assert counts["entries_unsealed"] == counts["documents"] == counts["forwards_open"] == counts["quarantined"] == 0
    world.put(world.said(C), C, Lane.NORMAL)
    world.hub.route()
    assert world.hub.counts()["quarantined"] == 1


def test_a_presence_in_a_units_inbox_is_set_aside(world: Attended) -> None:
    world.give(world.said(C), B)
    world.receiving.receive()
    assert [code for code, _ in world.receiving.quarantine()] == ["RECEIPT_INVALID"]


def test_a_clock_that_sees_an_earlier_time_takes_nothing_back(world: Attended) -> None:
    world.say(world.said())
    heard = world.heard()[B]
    with world.hub.store.begin() as session:
        session.save_presences([replace(heard, heard=heard.heard + MINUTE, said=heard.said + timedelta(seconds=1))])
    world.say(world.said(at=heard.said + timedelta(seconds=2)))
    assert world.heard()[B].heard == heard.heard + MINUTE
