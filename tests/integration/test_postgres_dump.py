"""A hub's database on a real PostgreSQL, as a file and back."""

from pathlib import Path

import pytest

from exchange.errors import InputError, StorageError
from exchange.ledger.entry import LedgerEntry
from exchange.ports.records import DocumentRecord
from exchange.storage import open_hub_store
from exchange.storage.postgres_dump import dump, is_empty, restore
from exchange.trial.servers import PostgresServer
from tests.contract import store_records as records
from tests.integration.databases import new_database


def document(number: int) -> DocumentRecord:
    return records.document(records.envelope(number))


def entry(number: int) -> LedgerEntry:
    return records.entry(number, records.envelope(number))


def test_what_was_dumped_is_in_the_other_database_and_goes_on_from_there(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    file = tmp_path / "hub.dump"
    with new_database(postgres) as url, new_database(postgres, empty=True) as other:
        store = open_hub_store(url)
        with store.begin() as session:
            session.add_documents([document(1)])
            session.add_entries([entry(1)])
        dump(url, file)
        with store.begin() as session:
            session.add_documents([document(2)])
            session.add_entries([entry(2)])
        store.close()
        assert is_empty(other)
        restore(other, file)
        assert not is_empty(other)
        again = open_hub_store(other)
        with again.begin() as session:
            session.add_entries([entry(3)])  # its number is one that no entry has
            held, unsealed = session.documents_after(None, 10), session.unsealed(10)
        again.close()
    assert held == [document(1)]
    assert [entry for _, entry in unsealed] == [entry(1), entry(3)]
    assert file.stat().st_mode & 0o077 == 0


def test_a_database_that_holds_something_is_left_as_it_is(postgres: PostgresServer, tmp_path: Path) -> None:
    file = tmp_path / "hub.dump"
    with new_database(postgres) as url, new_database(postgres) as other:
        dump(url, file)
        store = open_hub_store(other)
        with store.begin() as session:
            session.add_documents([document(1)])
        with pytest.raises(StorageError, match="pg_restore failed"):
            restore(other, file)
        with store.begin() as session:
            assert session.documents_after(None, 10) == [document(1)]
        store.close()


def test_a_password_is_in_no_argument(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spy = tmp_path / "pg_dump"
    spy.write_text(f'#!/bin/sh\necho "$@" >{tmp_path}/arguments\necho "$PGPASSWORD" >{tmp_path}/password\n')
    spy.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    dump("postgresql://yidi:se%40cret@127.0.0.1:5432/yidi?sslmode=require", tmp_path / "out")

    arguments = (tmp_path / "arguments").read_text()
    assert "postgresql://yidi@127.0.0.1:5432/yidi?sslmode=require" in arguments
    assert "cret" not in arguments
    assert (tmp_path / "password").read_text() == "se@cret\n"


def test_a_server_that_is_away_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"pg_dump failed: .*refused"):
        dump("postgresql://postgres@127.0.0.1:1/yidi", tmp_path / "out")
    with pytest.raises(InputError):
        is_empty("mysql://x")
