"""A SQLite database as a file, beside whoever writes."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from exchange.errors import InputError, StorageError
from exchange.storage import open_hub_store
from exchange.storage.migrate import HEADS
from exchange.storage.sqlite_file import copy_database, find_damage, schema_of


@pytest.fixture
def url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'hub.sqlite'}"
    open_hub_store(url).close()
    return url


def test_a_copy_holds_what_was_committed_while_another_writes(url: str, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "hub.sqlite", isolation_level=None)) as writer:
        writer.execute("INSERT INTO failures VALUES ('committed', 1)")
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("INSERT INTO failures VALUES ('open', 1)")
        copy = copy_database(url, tmp_path / "copy.sqlite")
        writer.execute("ROLLBACK")

    assert copy == f"sqlite:///{tmp_path / 'copy.sqlite'}"
    with closing(sqlite3.connect(tmp_path / "copy.sqlite")) as copied:
        assert copied.execute("SELECT digest FROM failures").fetchall() == [("committed",)]


def test_a_copy_is_its_owners_alone(url: str, tmp_path: Path) -> None:
    copy_database(url, tmp_path / "copy.sqlite")

    assert (tmp_path / "copy.sqlite").stat().st_mode & 0o077 == 0


def test_a_sound_file_has_no_damage_and_this_releases_schema(url: str) -> None:
    assert find_damage(url) == []
    assert schema_of(url) == HEADS["hub"]


def test_a_damaged_file_is_told(url: str, tmp_path: Path) -> None:
    (tmp_path / "hub.sqlite").write_bytes(b"SQLite format 3\x00" + b"\xff" * 4096)

    assert find_damage(url)
    with pytest.raises(StorageError):
        schema_of(url)
    with pytest.raises(StorageError):
        copy_database(url, tmp_path / "copy.sqlite")


def test_looking_makes_no_file(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'none.sqlite'}"

    assert find_damage(url)
    assert not (tmp_path / "none.sqlite").exists()


def test_other_databases_are_refused() -> None:
    with pytest.raises(InputError):
        find_damage("postgresql:///yidi")
