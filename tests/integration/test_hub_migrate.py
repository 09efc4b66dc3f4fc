"""`yidi hub migrate` on a real PostgreSQL: what becomes of a hub's database, and that an empty one stays empty."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from exchange.storage.engine import open_engine
from exchange.storage.migrate import HEADS, migrate
from exchange.storage.survey import survey_database
from exchange.trial.servers import PostgresServer
from tests.integration.databases import new_database
from tests.unit.cli.commands import yidi


@pytest.fixture
def database(postgres: PostgresServer) -> Iterator[str]:
    with new_database(postgres, empty=True) as url:
        yield url


def test_a_hub_of_an_older_release_gets_this_ones_tables(database: str, tmp_path: Path) -> None:
    engine = open_engine(database)
    migrate(engine, "hub", "hub_0003")
    engine.dispose()
    (tmp_path / "url").write_text(database + "\n", encoding="utf-8")
    (tmp_path / "url").chmod(0o600)
    done = yidi("hub", "migrate", "--database", f"@{tmp_path}/url")
    assert (done.code, done.out) == (0, f"hub_0003 → {HEADS['hub']}\n")
    assert survey_database(database).ours == HEADS["hub"]
    assert yidi("hub", "migrate", "--database", f"@{tmp_path}/url").code == 0


def test_where_there_is_no_hub_yet_nothing_is_made(database: str) -> None:
    done = yidi("hub", "migrate", "--database", database)
    assert done.code == 0
    assert "没有改动" in done.out
    assert survey_database(database).ours == ""


def test_a_database_that_does_not_answer_is_a_failure_that_says_where() -> None:
    done = yidi("hub", "migrate", "--database", "postgresql://yidi@127.0.0.1:1/yidi")
    assert done.code == 1
    assert "127.0.0.1:1" in done.err
