"""The hub tells units something: once each, repeated until confirmed or over; nodes keep it for people to read."""

from datetime import timedelta

from exchange.errors import AdapterError
from exchange.model.events import Event
from exchange.model.notice import Notice, NoticeKind
from exchange.model.receipt import Receipt
from exchange.model.unit import UnitCode
from exchange.ports.acts import Operator
from exchange.ports.notices import NoticeRecord
from exchange.services.hub.announce import announce
from exchange.services.node.handover import Officer
from exchange.trust.sign import sign_receipt
from exchange.web.node_api.events import notice_of
from tests.unit.services.hub_and_node import COUNTY, HOURS, A, B, C, D, HubSide, NodeSide, Office, World

WHY = Operator(account="root", name="王芳", reason="停机")
TEXT = "今日 18:00 停机升级"


def tell(world: World, *units: UnitCode) -> NoticeRecord:
    until = world.clock.now() + 3 * HOURS
    record = announce(world.hub.hub, units, NoticeKind.OUTAGE, TEXT, until, WHY)
    world.hub.forwarder.forward()
    return record


def shown(world: World, side: NodeSide) -> list[tuple[UnitCode, str, NoticeKind]]:
    with side.store.begin() as session:
        return [(unit, one.text, one.kind) for unit, one in session.notices(world.clock.now())]


def listed(hub: HubSide) -> list[tuple[int, int]]:
    with hub.store.begin() as session:
        return [(one.units, waiting) for one, waiting in session.notices(9)]


def test_each_unit_is_told_once_and_confirms_it() -> None:
    world = World()
    tell(world, A, B, C)
    assert listed(world.hub) == [(3, 3)]
    world.settle()
    assert shown(world, world.receiving) == [(B, TEXT, NoticeKind.OUTAGE), (C, TEXT, NoticeKind.OUTAGE)]
    assert listed(world.hub) == [(3, 0)]
    assert world.hub.counts()["forwards_open"] == 0
    assert world.receiving.quarantine() == []
    with world.hub.store.begin() as session:
        assert [(act.verb, act.outcome) for _, act in session.acts(None, 9)] == [("notice outage", "3 units")]


def test_it_is_shown_until_it_is_over_and_to_a_unit_that_is_off_repeated_until_then() -> None:
    world = World()
    tell(world, B, D)  # nobody hosts D
    world.settle()
    world.empty(D)
    world.pass_time(HOURS)
    assert world.hub.forwarder.forward() == 1
    assert len(world.inbox(D)) == 1
    assert len(shown(world, world.receiving)) == 1
    world.pass_time(2 * HOURS)
    assert world.hub.forwarder.forward() == 0
    assert world.hub.counts()["forwards_open"] == 0
    assert shown(world, world.receiving) == []


def test_nobody_but_the_hub_tells_units_anything() -> None:
    world = World()
    until = world.clock.now() + timedelta(hours=1)
    receipt, _ = world.hub.hub.receipt(
        Event.NOTICE, world.clock.now(), text=TEXT, attributes=Notice(kind=NoticeKind.OUTAGE, until=until).attributes()
    )
    world.give(sign_receipt(receipt, COUNTY.signers[A]), B)
    world.receiving.receive()
    assert shown(world, world.receiving) == []
    assert len(world.receiving.quarantine()) == 1


def test_a_notice_without_an_end_is_set_aside() -> None:
    world = World()
    _, document = world.hub.hub.receipt(Event.NOTICE, world.clock.now(), text=TEXT)
    world.give(document, B)
    world.receiving.receive()
    assert [code for code, _ in world.receiving.quarantine()] == ["RECEIPT_INVALID"]


class Away(Office):
    """Away until it is up."""

    up = False

    def tell(self, unit: UnitCode, receipt: Receipt, document: bytes) -> None:
        if not self.up:
            raise AdapterError("away")
        super().tell(unit, receipt, document)


def test_an_office_is_told_once_it_is_there_and_programs_by_an_event_once() -> None:
    world, office = World(), Away()
    node = world.receiving.node
    officer = Officer(node, {B: office}.get, world.receiving.submitter)
    tell(world, B, C)
    world.settle()
    assert officer.tell() == 1  # C's, whose people read it here
    office.up = True
    assert officer.tell() == 0  # it rests
    world.pass_time(HOURS)
    assert officer.tell() == 1
    assert officer.tell() == 0
    assert [(unit, receipt.text) for unit, receipt in office.heard] == [(B, TEXT)]
    with world.receiving.store.begin() as session:
        happened = [notice_of(one) for one in session.occurrences(0, [B, C], 9)]
    assert [(one.type, one.id.partition("/")[0]) for one in happened] == [
        ("cn.yidi.notice.outage", B), ("cn.yidi.notice.outage", C)
    ]  # fmt: skip
    assert TEXT in happened[0].body.decode()


def test_what_is_over_is_no_longer_told_to_an_office() -> None:
    world, office = World(), Away()
    officer = Officer(world.receiving.node, {B: office}.get, world.receiving.submitter)
    tell(world, B)
    world.settle()
    world.pass_time(4 * HOURS)
    office.up = True
    assert (officer.tell(), office.heard) == (0, [])
