"""Whether anything was committed to a node's store, by this process or another."""

import subprocess
import sys
from pathlib import Path

import pytest

from exchange.storage import SqlNodeStore, open_node_store
from exchange.storage.changes import Changes
from tests.contract.store_records import NOW, A, B


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'node.sqlite'}"


def add_unit(store: SqlNodeStore, unit: str) -> None:
    with store.begin() as session:
        session.add_unit(unit, NOW)  # type: ignore[arg-type]


def test_every_commit_makes_a_difference_and_nothing_else_does(url: str) -> None:
    store, changes = open_node_store(url), Changes(url)
    before = changes()
    with store.look() as session:
        session.units()
    with store.begin() as session:
        session.units()
    assert changes() == before
    add_unit(store, A)
    after = changes()
    assert after != before
    add_unit(store, B)
    assert changes() != after
    changes.close()
    store.close()


def test_a_commit_of_another_process_makes_a_difference(url: str, tmp_path: Path) -> None:
    store, changes = open_node_store(url), Changes(url)
    before = changes()
    code = f"import sqlite3; c = sqlite3.connect({str(tmp_path / 'node.sqlite')!r}); c.execute('CREATE TABLE x (y)')"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert changes() != before
    changes.close()
    store.close()


def test_where_it_cannot_be_told_everything_may_have_changed(tmp_path: Path) -> None:
    changes = Changes(f"sqlite:///{tmp_path / 'nothing.sqlite'}")
    assert changes() != changes()
    assert not (tmp_path / "nothing.sqlite").exists()


def test_a_look_waits_for_nobody_who_writes_and_sees_one_moment(url: str) -> None:
    store = open_node_store(url)
    with store.begin() as writing:
        writing.add_unit(A, NOW)
        with store.look() as session:
            assert session.units() == []
    with store.look() as session:
        assert session.units() == [A]
    store.close()
