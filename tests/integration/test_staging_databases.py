"""The staging adapter on real databases of two kinds, as offices have them; on SQLite: tests/contract, tests/unit."""

import itertools
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, event, make_url, text

from exchange.adapters.staging.adapter import StagingAdapter
from exchange.errors import AdapterError
from exchange.trial.servers import MariaServer, PostgresServer
from tests.contract.crash_matrix import survive_every_step
from tests.contract.staging_office import MANIFEST, StagingBench
from tests.unit.services.hub_and_node import A

Make = Callable[..., StagingBench]
_numbers = itertools.count()


@pytest.fixture(scope="session")
def maria() -> Iterator[MariaServer]:
    with MariaServer() as server:
        yield server


@pytest.fixture(params=["postgresql", "mariadb"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    """A new office on a new database of this kind."""
    made: list[StagingBench] = []
    kind = "postgres" if request.param == "postgresql" else "maria"
    server: PostgresServer | MariaServer = request.getfixturevalue(kind)

    def bench(**settings: object) -> StagingBench:
        number = next(_numbers)
        url = make_url(server.create_database(f"office_{number}"))
        url = url if kind == "maria" else url.set(drivername="postgresql+psycopg")
        place = tmp_path / str(number)
        place.mkdir()
        shown = url.render_as_string(hide_password=False)
        made.append(StagingBench(create_engine(url), shown, place, settings))
        return made[-1]

    yield bench
    for one in made:
        one.close()


@pytest.mark.timeout(600)
def test_the_adapter_survives_a_death_at_every_step(make: Make) -> None:
    office = make()

    def bench(_number: int) -> StagingBench:
        office.empty()
        return office

    survive_every_step(bench)


def test_two_pollers_never_take_one_document(make: Make) -> None:
    bench = make()
    for number in range(40):
        bench.put_out(f"OA-{number}", MANIFEST)
    taken: list[list[str]] = [[], []]
    both_have_looked = threading.Barrier(2, timeout=60)
    waited = threading.local()

    def wait_for_the_other(_: object, __: object, statement: str, *___: object) -> None:
        if "LIMIT" in statement and not hasattr(waited, "once"):
            waited.once = True
            both_have_looked.wait()

    def poll(which: int) -> None:
        adapter = _adapter(bench, bench.place / f"node-{which}")
        while waiting := [draft.reference or "" for draft in adapter.collect(A)]:
            taken[which] += waiting
            for reference in waiting:
                adapter.refused(A, reference, "TEST", "seen")
        adapter.close()

    threads = [threading.Thread(target=poll, args=(which,)) for which in range(2)]
    event.listen(Engine, "after_cursor_execute", wait_for_the_other)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        event.remove(Engine, "after_cursor_execute", wait_for_the_other)
    assert not both_have_looked.broken, "both found all forty waiting, and only then took them"
    assert sorted(taken[0] + taken[1]) == sorted({*taken[0], *taken[1]})
    assert len(taken[0]) + len(taken[1]) == 40


def test_the_check_finds_what_the_administrator_forgot(make: Make) -> None:
    bench = make()
    adapter = bench.open()
    assert list(adapter.check([A])) == []
    with bench.office.begin() as connection:
        connection.execute(text("DROP TABLE gw_receipt"))
        connection.execute(text("ALTER TABLE gw_in DROP COLUMN sender_name"))
    found = sorted(misfit.found for misfit in adapter.check([A]))
    assert ["no table gw_receipt" in found[0], "has no column sender_name" in found[1], len(found)] == [True, True, 2]
    adapter.close()


def test_a_database_with_names_of_its_own_is_used_under_those(make: Make) -> None:
    bench = make(prefix="oa_swap_", upper_case=True)
    bench.put_out()
    adapter = bench.open()
    assert list(adapter.check([A])) == []
    assert len(list(adapter.collect(A))) == 1
    adapter.close()


def test_mariadb_says_when_a_column_is_of_the_kind_that_ends_at_64_kib(maria: MariaServer, tmp_path: Path) -> None:
    url = maria.create_database(f"office_{next(_numbers)}")
    bench = StagingBench(create_engine(url), url, tmp_path)
    with bench.office.begin() as connection:
        connection.execute(text("ALTER TABLE gw_in_file MODIFY blob_data BLOB"))
    adapter = bench.open()
    (misfit,) = adapter.check([A])
    assert "gw_in_file.blob_data 只能存 64 KiB" in misfit.found
    adapter.close()
    bench.close()


def test_in_a_database_of_gbk_what_it_can_hold_is_held(maria: MariaServer, tmp_path: Path) -> None:
    url = maria.create_database(f"office_{next(_numbers)}", charset="gbk")
    bench = StagingBench(create_engine(url), url, tmp_path)
    bench.put_out()
    adapter = bench.open()
    (draft,) = adapter.collect(A)
    assert draft.metadata.title == MANIFEST["元数据"]["标题"]
    adapter.close()
    bench.close()


def test_a_database_that_is_away_is_an_office_that_is_down(tmp_path: Path) -> None:
    with MariaServer() as server:
        url = server.create_database("office")
        bench = StagingBench(create_engine(url), url, tmp_path)
        bench.put_out()
        adapter = bench.open()
        (draft,) = adapter.collect(A)
        server.kill()
        with pytest.raises(AdapterError) as caught:
            list(adapter.collect(A))
        assert (caught.value.code, caught.value.retryable) == ("ADAPTER_DOWN", True)
        server.start()
        (again,) = adapter.collect(A)
        assert again.reference == draft.reference
        adapter.close()
        bench.close()


def _adapter(bench: StagingBench, place: Path) -> StagingAdapter:
    """Of another node: what it claims rows as is its own."""
    place.mkdir()
    (place / "staging").write_text(bench.url)
    first, bench.place = bench.place, place
    try:
        return bench.open()
    finally:
        bench.place = first
