"""Large files beside the loop: no document waits for them, and what fails is told to the one who asks."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta

import pytest

from exchange.errors import TransportError
from exchange.model.envelope import EnvelopeKey
from exchange.ports.moves import InTurn, MoveLane
from exchange.ports.node import Box
from exchange.services.node.receive import Receiver
from exchange.topology import inbox_queue
from tests.unit.services.hub_and_node import A, B, World, a_file, an_entry
from workers.moves import Apart

BIG = b"0123456789abcdef" * 20_000
KEY = ("up", "a")


def eventually(look: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not look():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)


def test_a_move_is_done_when_it_has_ended_and_is_then_forgotten() -> None:
    apart, go_on = Apart(), threading.Event()

    def move() -> None:
        go_on.wait(10)

    assert not apart.done(MoveLane.UP, KEY, move)
    assert not apart.done(MoveLane.UP, KEY, move)
    assert apart.is_awaited(KEY)
    go_on.set()
    eventually(lambda: apart.done(MoveLane.UP, KEY, move))
    assert not apart.is_awaited(KEY)


def test_what_fails_is_raised_to_the_one_who_asks_and_may_be_tried_anew() -> None:
    apart = Apart()

    def cut() -> None:
        raise TransportError("cut")

    def told() -> bool:
        try:
            return apart.done(MoveLane.DOWN, KEY, cut)
        except TransportError:
            return True

    eventually(told)
    assert not apart.is_awaited(KEY)


def test_an_ordinary_file_stops_no_urgent_one() -> None:
    apart, go_on = Apart(), threading.Event()
    apart.done(MoveLane.UP, KEY, lambda: (go_on.wait(10), None)[1])
    eventually(lambda: apart.done(MoveLane.UP_URGENT, ("up", "b"), lambda: None))
    assert apart.is_awaited(KEY)
    go_on.set()


def test_what_nobody_asks_for_any_more_is_forgotten_and_need_not_begin() -> None:
    apart, go_on, moved = Apart(), threading.Event(), []
    apart.done(MoveLane.UP, KEY, lambda: (go_on.wait(10), None)[1])
    apart.done(MoveLane.UP, ("up", "b"), lambda: moved.append("b"))
    for key in (KEY, ("up", "b"), ("up", "never asked for")):
        apart.forget(key)
        assert not apart.is_awaited(key)
    go_on.set()
    eventually(lambda: apart.done(MoveLane.UP, ("up", "c"), lambda: moved.append("c")))
    assert moved == ["c"]


class Held:
    """Moves that end when they are let go, in the one who asks."""

    def __init__(self) -> None:
        self.go_on = False
        self.waiting: set[tuple[str, ...]] = set()

    def done(self, lane: MoveLane, key: tuple[str, ...], move: Callable[[], None]) -> bool:  # a port
        if not self.go_on:
            self.waiting.add(key)
            return False
        self.waiting.discard(key)
        move()
        return True

    def is_awaited(self, key: tuple[str, ...]) -> bool:
        return key in self.waiting

    def forget(self, key: tuple[str, ...]) -> None:
        self.waiting.discard(key)


def arrived(world: World) -> set[EnvelopeKey]:
    with world.receiving.store.begin() as session:
        return {record.key for record, _ in session.listing(B, Box.INBOX, 10)}


@pytest.fixture
def held() -> Held:
    return Held()


def test_while_a_large_file_goes_up_other_documents_go_out(held: Held) -> None:
    world = World()
    world.sending.node.moves = held
    large = world.submit(B, files=[a_file(data=BIG)])
    small = world.submit(B)
    assert world.sending.relay.relay() == 1
    assert len(world.waiting("work.normal")) == 1
    with world.sending.store.begin() as session:
        rows = session.outbox_rows(A, [large.id, small.id])
    assert [row.attempts for row in rows] == [0, 1]  # to bring the files is no attempt
    held.go_on = True
    world.pass_time(timedelta(seconds=1))
    assert world.sending.relay.relay() == 1
    assert len(world.waiting("work.normal")) == 2


def test_while_a_large_file_comes_down_other_documents_come_in(held: Held) -> None:
    world = World()
    large = world.submit(B, files=[a_file(data=BIG)])
    world.sending.relay.relay()
    small = world.submit(B)
    world.sending.relay.relay()
    world.hub.route()
    world.receiving.node.moves = held
    world.receiving.receive()
    assert arrived(world) == {small}
    held.go_on = True
    assert world.receiving.receiver.look_after_held() == 1
    assert arrived(world) == {small, large}
    assert world.receiving.receiver.look_after_held() == 0


def test_an_upload_is_forgotten_when_its_row_was_closed_meanwhile(held: Held) -> None:
    world = World()
    world.sending.node.moves = held
    key = world.submit(B, files=[a_file(data=BIG)])
    world.sending.relay.relay()
    assert len(held.waiting) == 1
    with world.sending.store.begin() as session:
        (row,) = session.outbox_rows(A, [key.id])
        session.close_outbox(A, [(row.id, row.digest)])
    world.pass_time(timedelta(seconds=1))
    world.sending.relay.relay()
    assert held.waiting == set()


def test_a_node_that_dies_while_a_large_file_comes_gets_the_document_again_and_has_it_once(held: Held) -> None:
    world = World()
    key = world.submit(B, files=[a_file(data=BIG)])
    world.sending.relay.relay()
    world.hub.route()
    node = world.receiving
    node.node.moves = held
    node.receive()
    assert held.waiting
    assert world.waiting(inbox_queue(B)) == []  # the broker has it no more: the node alone knew of it
    # It dies: what it held in memory is gone, and what came of the file stays.
    node.files.append(B, an_entry(BIG).sha256, 0, BIG[:1000])
    node.node.moves = InTurn()
    node.receiver = Receiver(node.node, node.refresher)
    assert node.receiver.look_after_held() == 0
    world.settle()
    assert arrived(world) == set()
    world.pass_time(timedelta(hours=1))
    assert world.hub.dispatcher.dispatch() == 1
    moved = len(node.line.moved)
    world.settle()
    assert arrived(world) == {key}
    assert sum(node.line.moved[moved:]) == len(BIG) - 1000
    for _ in range(3):  # and once more, as from a queue that was slow
        world.pass_time(timedelta(hours=1))
        world.hub.dispatcher.dispatch()
        world.settle()
    assert world.hub.said(key) == ["ACCEPTED", "DELIVERED"]
    assert node.counts()["inbox"] == 1
    assert node.counts()["handovers_open"] == 1
