"""Sealing: everything recorded comes under one growing tree, in order, without gaps, whatever crashes."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from exchange.errors import StorageError
from exchange.ledger import merkle
from exchange.ledger.checkpoint import Checkpoint
from exchange.services.hub.seal import Sealer
from exchange.testing.keys import HUB
from exchange.trust.anchor import open_checkpoint
from tests.unit.services.hub_and_node import COUNTY, Died, World, an_envelope, signed


def record(world: World, start: int, count: int) -> None:
    """Two entries each: an envelope and its ACCEPTED."""
    for number in range(start, start + count):
        world.put(signed(an_envelope(number=number)))
    world.hub.route()


def latest(world: World) -> Checkpoint:
    with world.hub.store.begin() as session:
        sealed = session.checkpoint()
    assert sealed is not None
    checkpoint = open_checkpoint(sealed.note, COUNTY.anchor.ledger_key)
    assert (checkpoint.size, checkpoint.root) == (sealed.size, sealed.root)
    return checkpoint


def check_whole(world: World) -> None:
    """The root is that of all sealed entries, computed from nothing."""
    with world.hub.store.begin() as session:
        entries = session.entries(0, 1000)
    assert [index for index, _ in entries] == list(range(len(entries)))
    nodes = merkle.append(0, [entry.leaf_hash for _, entry in entries], lambda level, index: b"")
    checkpoint = latest(world)
    assert checkpoint.size == len(entries)
    assert checkpoint.root == merkle.root(len(entries), lambda level, index: nodes[level, index])


def test_what_was_recorded_is_sealed_once_under_a_signed_checkpoint() -> None:
    world = World()
    record(world, 1, 3)
    assert world.hub.sealer.seal() == 6
    assert world.hub.sealer.seal() == 0
    check_whole(world)
    assert world.hub.counts()["entries_unsealed"] == 0
    assert world.hub.metrics.last("yidi_ledger_checkpoint_entries") == 6


def test_nothing_recorded_is_no_checkpoint() -> None:
    world = World()
    assert world.hub.sealer.seal() == 0
    with world.hub.store.begin() as session:
        assert session.checkpoint() is None


@pytest.mark.parametrize("batches", [[1, 1, 1], [1, 2, 4], [4, 3], [5]])
def test_batches_of_any_size_grow_into_the_same_tree(batches: list[int]) -> None:
    world = World()
    start = 1
    for count in batches:
        record(world, start, count)
        start += count
        while world.hub.sealer.seal(limit=3):
            check_whole(world)
    check_whole(world)


@pytest.mark.parametrize("step", ["seal", "commit-before"])
def test_a_crash_before_the_commit_leaves_the_old_checkpoint_and_the_rows_unsealed(step: str) -> None:
    world = World()
    record(world, 1, 1)
    world.hub.sealer.seal()
    before = latest(world)
    record(world, 2, 2)
    world.hub.steps.faults = {step: Died()}
    with pytest.raises(Died):
        world.hub.sealer.seal()
    world.hub.steps.faults = {}
    assert latest(world) == before
    assert world.hub.sealer.seal() == 4
    check_whole(world)


def test_a_store_that_fails_signs_nothing_that_anybody_sees() -> None:
    world = World()
    record(world, 1, 1)
    world.hub.steps.faults = {"seal": StorageError("gone")}
    with pytest.raises(StorageError):
        world.hub.sealer.seal()
    world.hub.steps.faults = {}
    with world.hub.store.begin() as session:
        assert session.checkpoints() == []


# two sealers


def another(world: World, holder: str, meanwhile: Callable[[], object] = lambda: None) -> Sealer:
    """`meanwhile` happens between its reading and its writing."""

    def sign(body: str) -> str:
        meanwhile()
        return COUNTY.ledger.note(body)

    return Sealer(world.hub.store, world.clock, sign, HUB, world.hub.metrics, world.hub.log, holder=holder)


def test_the_sealer_that_was_started_last_seals_and_the_other_stands_by() -> None:
    world = World()
    first, second = another(world, "first"), another(world, "second")
    record(world, 1, 1)
    assert first.seal() == 2
    record(world, 2, 1)
    assert second.seal() == 2
    record(world, 3, 1)
    assert first.seal() == 0  # it learns that its epoch is over
    assert first.seal() == 0  # and knows
    assert second.seal() == 2
    assert world.hub.log.events("warning") == ["sealer_superseded"]
    check_whole(world)


def test_a_sealer_that_stands_by_takes_over_when_the_other_is_gone() -> None:
    world = World()
    first, second = another(world, "first"), another(world, "second")
    record(world, 1, 1)
    first.seal()
    record(world, 2, 1)
    second.seal()
    record(world, 3, 1)
    assert first.seal() == 0
    world.clock.advance(timedelta(seconds=16))
    assert first.seal() == 2
    check_whole(world)


@pytest.mark.parametrize("sealed_meanwhile", [1, 100])
def test_a_sealer_that_slept_between_reading_and_writing_is_refused(sealed_meanwhile: int) -> None:
    """Whether the other has sealed what it read, or only has begun to."""
    world = World()
    record(world, 1, 2)
    other = another(world, "other")
    slow = another(world, "slow", lambda: other.seal(limit=sealed_meanwhile))
    assert slow.seal() == 0
    assert world.hub.log.events("warning") == ["sealer_superseded"]
    check_whole(world)
    while other.seal():
        check_whole(world)
    assert world.hub.counts()["entries_unsealed"] == 0


def test_a_sealer_is_refused_even_when_the_other_has_not_written_anything_yet() -> None:
    world = World()
    record(world, 1, 1)

    def take_over() -> None:
        with pytest.raises(Died):
            another(world, "other", die).seal()

    def die() -> None:
        raise Died

    assert another(world, "slow", take_over).seal() == 0
    with world.hub.store.begin() as session:
        assert session.checkpoints() == []


def test_a_lease_given_under_a_wrong_clock_keeps_nobody_from_sealing() -> None:
    world = World()
    first, second = another(world, "first"), another(world, "second")
    record(world, 1, 1)
    first.seal()
    world.clock.jump(timedelta(days=400))
    record(world, 2, 1)
    second.seal()
    world.clock.jump(-timedelta(days=400))
    record(world, 3, 1)
    first.seal()
    assert first.seal() == 2
    check_whole(world)


def test_an_idle_sealer_writes_nothing() -> None:
    world = World()
    record(world, 1, 1)
    world.hub.sealer.seal()
    world.clock.advance(timedelta(hours=1))
    world.hub.steps.seen.clear()
    assert world.hub.sealer.seal() == 0
    assert world.hub.steps.of("take_lease", "renew_lease") == []
