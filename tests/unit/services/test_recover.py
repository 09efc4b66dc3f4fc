"""A node restored from a backup asks the hub for what came after it: everything is there again, nothing twice."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from exchange.errors import NotAuthorisedError, TransportError
from exchange.model.envelope import EnvelopeKey
from exchange.model.events import BusinessState
from exchange.model.unit import UnitCode
from exchange.ports.history import DocumentHistory
from exchange.services.audit.promises import AuditReport, audit
from exchange.services.hub.history import Historian
from exchange.services.node.recover import Recoverer
from exchange.storage import SqlNodeStore
from exchange.testing.files import MemoryFiles
from exchange.testing.stores import contents, memory_node_store
from tests.unit.services.hub_and_node import (
    COUNTY,
    HOURS,
    A,
    B,
    C,
    NodeSide,
    World,
    a_draft,
    a_file,
    an_entry,
    event_of,
)


def backed_up(side: NodeSide) -> bytes:
    assert isinstance(side.store.inner, SqlNodeStore)
    return contents(side.store.inner)


class Restored:
    """`side` as of `backup`, its files lost, asking a hub whose answers a test may change."""

    def __init__(self, world: World, side: NodeSide, backup: bytes, *, files: bool = True) -> None:
        self.side, self.forgotten = side, False
        side.transport.close()
        side.store.inner = memory_node_store(backup)
        if not files:
            side.files = side.node.files = MemoryFiles()
        self.historian = Historian(world.hub.store, world.clock, world.hub.log)
        self.change: Callable[[DocumentHistory], DocumentHistory] = lambda one: one
        self.fault: Exception | None = None
        since = world.clock.now() - 2 * HOURS
        self.recoverer = Recoverer(side.node, side.refresher, self, since, self._forget)

    def page(self, unit: UnitCode, since: object, after: EnvelopeKey | None) -> list[DocumentHistory]:
        if self.fault is not None:
            raise self.fault
        page = self.historian.page(unit, since, after)  # type: ignore[arg-type]
        return [self.change(one) for one in page[:1]]

    def recover(self) -> None:
        while self.recoverer.pending:
            self.recoverer.recover()

    def _forget(self) -> None:
        self.forgotten = True


def judged(world: World) -> AuditReport:
    """Everything settled, sealed, and judged."""
    for _ in range(3):
        world.settle()
        for side in world.nodes:
            side.officer.hand_over()
            side.officer.tell()
        world.pass_time(HOURS / 2)
        world.hub.forwarder.forward()
        world.hub.dispatcher.dispatch()
    world.settle()
    world.hub.sealer.seal()
    return audit(
        world.hub.store,
        COUNTY.anchor,
        hub_files=world.hub.files,
        nodes=[(side.store, side.files) for side in world.nodes],
        settled=True,
    )


@pytest.fixture
def world() -> World:
    return World()


def test_a_recipient_has_its_documents_and_decisions_again_and_says_nothing_twice(world: World) -> None:
    side = world.receiving
    before = world.delivered(B, C)
    side.officer.hand_over()
    world.settle()
    backup = backed_up(side)
    side.decider.sign(B, before, "赵六")
    since = world.delivered(B, files=[a_file()])
    side.officer.hand_over()
    side.decider.sign(B, since, "赵六")
    world.settle()
    recorded, taken = [world.hub.said(before), world.hub.said(since)], len(side.office.taken)

    restored = Restored(world, side, backup, files=False)
    assert side.delivery(B, before).state.business is BusinessState.UNSIGNED
    restored.recover()

    assert restored.forgotten
    assert side.open_outbox(B) == []
    assert judged(world).lines() == []
    for key in (before, since):
        assert side.delivery(B, key).state.business is BusinessState.SIGNED
    assert [world.hub.said(before), world.hub.said(since)] == recorded
    assert len(side.office.taken) == taken
    with side.files.open(an_entry(a_file().open().read()).sha256, 0) as stream:
        assert stream.read() == a_file().open().read()


def test_a_sender_has_what_it_sent_and_who_signed_for_it(world: World) -> None:
    backup = backed_up(world.sending)
    key = world.delivered(B, C, files=[a_file()])
    world.receiving.decider.sign(B, key, "赵六")
    world.settle()
    told = world.sending.said(A, key)

    restored = Restored(world, world.sending, backup, files=False)
    assert world.sending.deliveries(A, key) == {}
    restored.recover()

    states = {unit: record.state.business for unit, record in world.sending.deliveries(A, key).items()}
    assert states == {B: BusinessState.SIGNED, C: BusinessState.UNSIGNED}
    assert world.sending.said(A, key) == told
    assert judged(world).lines() == []


def test_what_was_open_at_the_backup_is_closed_by_what_the_hub_knows(world: World) -> None:
    world.sending.submitter.submit(a_draft(B))
    backup = backed_up(world.sending)
    (key,) = [EnvelopeKey(A, id_) for id_ in world.sending.open_outbox(A)]  # type: ignore[arg-type]
    world.sending.relay.relay()
    world.settle()

    Restored(world, world.sending, backup).recover()

    assert world.sending.open_outbox(A) == []
    assert judged(world).lines() == []
    assert world.hub.said(key).count("ACCEPTED") == 1


def test_a_recall_that_was_heard_but_not_answered_when_the_disk_died_is_answered(world: World) -> None:
    key = world.delivered(B)
    world.receiving.officer.hand_over()
    world.settle()
    backup = backed_up(world.receiving)
    world.sending.recaller.recall(key, "张三", "附件有误")
    world.sending.relay.relay()
    world.hub.acknowledge()
    world.receiving.receive()
    world.receiving.relay.note()  # the hub takes it for heard
    world.hub.acknowledge()

    Restored(world, world.receiving, backup).recover()
    world.settle()

    assert world.sending.delivery(A, key).state.business is BusinessState.RECALLED
    assert judged(world).lines() == []


def test_a_document_that_was_never_delivered_is_left_to_the_hub_which_dispatches_it(world: World) -> None:
    backup = backed_up(world.receiving)
    key = world.accepted(B)
    world.empty(B)

    Restored(world, world.receiving, backup).recover()
    assert world.receiving.said(B, key) == []
    world.pass_time(HOURS)
    world.hub.dispatcher.dispatch()
    world.settle()

    assert world.hub.said(key).count("DELIVERED") == 1


def test_what_the_hub_does_not_have_right_is_not_believed(world: World) -> None:
    backup = backed_up(world.receiving)
    key, other = world.delivered(B), world.delivered(C)
    restored = Restored(world, world.receiving, backup)

    def forge(one: DocumentHistory) -> DocumentHistory:
        if one.document.count(key.id.encode()):
            return DocumentHistory(
                document=one.document.replace("通知".encode(), "决定".encode()), receipts=one.receipts
            )
        accepted = tuple(data for data in one.receipts if event_of(data) == "ACCEPTED")
        return DocumentHistory(document=one.document, receipts=accepted)

    restored.change = forge
    restored.recover()

    assert world.receiving.said(B, key) == []
    (line,) = [line for line in world.receiving.log.lines if line.event == "history_suspicious"]
    assert (line.level, line.fields["unit"]) == ("alarm", B)
    assert world.receiving.said(C, other) == []  # without its DELIVERED it is the hub's to deliver


def test_while_the_hub_cannot_be_reached_the_node_waits(world: World) -> None:
    restored = Restored(world, world.receiving, backed_up(world.receiving))
    restored.fault = TransportError("no line")
    with pytest.raises(TransportError):
        restored.recoverer.recover()
    assert restored.recoverer.pending
    restored.fault = None
    restored.recover()
    assert restored.forgotten


def test_a_unit_whose_key_the_hub_takes_no_more_holds_up_nobody_and_is_asked_for_again_later(world: World) -> None:
    key = world.delivered(C)
    restored = Restored(world, world.receiving, backed_up(World().receiving))
    inner = restored.page

    def page(unit: UnitCode, since: object, after: EnvelopeKey | None) -> list[DocumentHistory]:
        if unit == B:
            raise NotAuthorisedError("no", code="CERT_EXPIRED")
        return inner(unit, since, after)

    restored.page = page  # type: ignore[method-assign]
    restored.recover()

    assert world.receiving.said(C, key) == ["ACCEPTED", "DELIVERED"]
    assert not restored.forgotten
    assert [line.event for line in world.receiving.log.lines if line.level == "alarm"] == ["history_refused"]


def test_the_hub_tells_a_unit_what_concerns_it_and_nothing_else(world: World) -> None:
    old = world.delivered(B, C)
    world.pass_time(timedelta(hours=5))
    world.receiving.decider.sign(B, old, "赵六")
    world.settle()
    new = world.delivered(C)
    historian, since = Historian(world.hub.store, world.clock, world.hub.log), world.clock.now() - HOURS

    def told(unit: UnitCode) -> dict[str, int]:
        return {
            key.id: len(one.receipts)
            for one in historian.page(unit, since, None)
            for key in (old, new)
            if key.id.encode() in one.document
        }

    assert told(A) == {old.id: 4, new.id: 2}
    assert told(B) == {old.id: 3}  # ACCEPTED and its own two, not C's
    assert told(C) == {new.id: 2, old.id: 2}
    assert historian.page(B, since, old) == []
    world.pass_time(timedelta(days=91))
    assert historian.page(A, since, None) == []  # no longer than that
