"""The page on conformance: its table is that of the cases, and the bench that it shows works."""

import sqlite3
from typing import Any

import pytest

from docs.make_conformance import PAGE, page
from exchange.conformance.case import Ending
from exchange.conformance.trial import ADAPTER_CASES, Booth, try_adapter
from tests.contract.example_office import TABLES, example
from tests.docs.pages import blocks


def test_the_table_of_cases_is_as_it_is_made() -> None:
    text = PAGE.read_text("utf-8")
    assert page(text) == text, "run: python docs/make_conformance.py"


def _bench() -> Any:
    """The class that the page shows, in an office that has its tables."""
    (text,) = [one.text for one in blocks(PAGE) if one.info == "python"]
    room: dict[str, Any] = {"__name__": "small_bench"}
    exec(compile(text, "docs/conformance.md", "exec"), room)

    kind = room["SmallBench"]

    class WithTables:
        simulated = True

        def open(self, site: Any) -> Any:
            bench = kind.open(site)
            office = sqlite3.connect(bench.file)
            office.executescript(TABLES)
            office.close()
            return bench

    return WithTables()


@pytest.mark.parametrize("id_", ["CHK-01", "OUT-02", "OUT-04", "RCP-02", "IN-03"])
def test_the_bench_that_the_page_shows_works(id_: str) -> None:
    (case,) = [case for case in ADAPTER_CASES if case.id == id_]
    (verdict,) = try_adapter(Booth("small", example(), _bench()), [case])
    lost = "files" in " ".join(verdict.seen)  # the adapter that the documentation shows keeps none, as the page says
    assert verdict.ending is Ending.PASSED or lost, verdict.seen


def test_the_kit_sees_that_the_adapter_of_the_page_keeps_no_files() -> None:
    (case,) = [case for case in ADAPTER_CASES if case.id == "IN-01"]
    (verdict,) = try_adapter(Booth("small", example(), _bench()), [case])
    assert verdict.ending is Ending.FAILED
    assert "files in the office" in verdict.seen[0]
