"""The archivist archives piece by piece, looks again an hour later, and what fails is an alarm and no trouble."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.unit.services.archived_hub import archiver, grow_old, settled_document
from tests.unit.services.hub_and_node import World
from workers.archivist import Archivist


@pytest.fixture
def world() -> World:
    made = World()
    settled_document(made)
    grow_old(made)
    return made


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.glob("*.zip")]


def test_a_month_is_archived_in_many_small_steps_and_then_it_rests(world: World, tmp_path: Path) -> None:
    log = world.hub.log
    archivist = Archivist(archiver(world.hub.store, world.clock, tmp_path, log=log), world.clock, log)
    steps = 0
    while archivist.step():
        steps += 1
    assert steps >= 4
    assert names(tmp_path) == ["hub.520304-2026-03.archive.zip"]
    seen = len(world.hub.steps.seen)
    assert archivist.step() == 0
    assert len(world.hub.steps.seen) == seen  # it does not even look
    settled_document(world)
    grow_old(world)
    while archivist.step():
        pass
    assert len(names(tmp_path)) == 2


def test_a_failure_is_an_alarm_and_tried_again_an_hour_later(world: World, tmp_path: Path) -> None:
    log = world.hub.log
    (tmp_path / "archive").write_text("in the way of the folder")
    archivist = Archivist(archiver(world.hub.store, world.clock, tmp_path / "archive", log=log), world.clock, log)
    assert [archivist.step(), archivist.step()] == [0, 0]
    alarms = [line.fields for line in log.lines if line.event == "archive_failed"]
    assert [alarm["code"] for alarm in alarms] == ["ARCHIVE_WRITE"]
    (tmp_path / "archive").unlink()
    world.pass_time(timedelta(hours=1))
    while archivist.step():
        pass
    assert len(names(tmp_path / "archive")) == 1


def test_two_do_not_disturb_each_other(world: World, tmp_path: Path) -> None:
    both = [
        Archivist(archiver(world.hub.store, world.clock, tmp_path, holder=name), world.clock, world.hub.log)
        for name in ("first", "second")
    ]
    while sum(one.step() for one in both):
        pass
    assert len(names(tmp_path)) == 1
    assert [line.event for line in world.hub.log.lines if line.level == "alarm"] == []
