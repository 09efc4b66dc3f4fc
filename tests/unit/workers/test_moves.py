"""Large files beside the loop: no document waits for them, and what fails is told to the one who asks."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta

import pytest

from exchange.errors import TransportError
from exchange.model.envelope import EnvelopeKey
from exchange.ports.moves import MoveLane
from exchange.ports.node import Box
from tests.unit.services.hub_and_node import A, B, World, a_file
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
