"""kill -9 at every act of archiving upon the database, on SQLite and PostgreSQL: no byte is ever in neither place, and
whoever comes next goes on."""

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

from exchange.ports.hub import HubSession
from exchange.services.archive.month import Archived
from exchange.storage import SqlHubStore, open_hub_store
from exchange.testing.stores import CrashingStore, contents, file_hub_store
from exchange.trial.servers import PostgresServer
from tests.integration.databases import new_database
from tests.integration.test_archive_postgresql import a_world
from tests.integration.test_originals_postgresql import rows_by_month
from tests.unit.services.archived_hub import archive, archiver, grow_old, judged, settled_document
from tests.unit.services.hub_and_node import World


def killed_at(world: World, open_store: Callable[[], SqlHubStore], folder: Path, step: int) -> bool:
    """Archive in a process of its own, which is killed at its `step`-th act; False when it came to its end before."""
    child = os.fork()
    if child == 0:
        _archive_and_die(world, open_store, folder, step)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.waitstatus_to_exitcode(status) == 0
    return False


def _archive_and_die(world: World, open_store: Callable[[], SqlHubStore], folder: Path, step: int) -> None:
    code = 1
    try:
        left = step

        def hook(_name: str) -> None:
            nonlocal left
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)

        store = CrashingStore[HubSession](open_store(), hook)
        steps = list(archiver(store, world.clock, folder, holder=f"run {step}").run(take_over=True))
        code = 0 if any(isinstance(one, Archived) for one in steps) else 2
    finally:
        os._exit(code)  # never back into the tests' own process


def test_on_sqlite_each_step_once(tmp_path: Path) -> None:
    world = World()
    key = settled_document(world)
    grow_old(world)
    assert isinstance(world.hub.store.inner, SqlHubStore)
    prepared, image = tmp_path / "prepared", contents(world.hub.store.inner)
    step, goes_on = 0, True
    while goes_on:
        place, folder = tmp_path / f"{step}.sqlite", tmp_path / str(step)
        prepared.write_bytes(image)
        shutil.move(prepared, place)
        goes_on = killed_at(world, lambda: file_hub_store(place), folder, step)  # noqa: B023  # called at once
        store = file_hub_store(place)
        world.hub.store.inner = store
        assert judged(world, folder).lines() == [], step
        archive(world, folder)
        with store.begin() as session:
            (record,) = session.archives()
            assert session.documents([key])[key].archived == (record.file,)
        assert [path.name for path in folder.iterdir()] == [record.file], step
        assert judged(world, folder).lines() == [], step
        store.close()
        step += 1
    assert step > 40


def test_on_postgresql_again_and_again(postgres: PostgresServer, tmp_path: Path) -> None:
    with new_database(postgres) as url:
        store = open_hub_store(url)
        world = a_world(store)
        settled_document(world)
        grow_old(world)
        step = 0
        while killed_at(world, lambda: open_hub_store(url), tmp_path, step):
            assert judged(world, tmp_path).lines() == [], step
            step += 1
        assert step > 30
        assert rows_by_month(url) == {}
        (record,) = [path.name for path in tmp_path.iterdir()]
        with store.begin() as session:
            assert [(one.file, one.removed is not None) for one in session.archives()] == [(record, True)]
        assert judged(world, tmp_path).lines() == []
        store.close()
