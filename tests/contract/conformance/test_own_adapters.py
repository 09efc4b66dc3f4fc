"""Every adapter that ships passes the kit, over folders, a real Dovecot or a simulated office: a death at each step,
and whatever else breaks at every few."""

import pytest

from exchange.adapters.registry import find_adapter
from exchange.cli.conformance_node import served
from exchange.conformance.bench import CALLERS, bench_names, find_bench
from exchange.conformance.case import Ending
from exchange.conformance.trial import ADAPTER_CASES, Booth, try_adapter

PARTS = 4  # so that several processes share them
MATRIX = "CRS-01"
PLAYS = 2  # of each other case that breaks everything once
DEATHS = {"mail": 3}  # in each part, of two hundred: tests/contract/test_mail_adapter.py dies at all


def a_booth(name: str, plays: int | None = None, part: int = 0, parts: int = 1) -> Booth:
    if name in CALLERS:
        return Booth(name, None, find_bench(name), most_plays=plays, part=part, parts=parts, serve=served)
    return Booth(
        name, find_adapter(name.removesuffix("-soap")), find_bench(name), most_plays=plays, part=part, parts=parts
    )


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", bench_names())
def test_an_adapter_that_ships_passes(name: str) -> None:
    cases = [case for case in ADAPTER_CASES if case.id != MATRIX]
    verdicts = try_adapter(a_booth(name, PLAYS), cases)
    assert {one.case.id: one.seen for one in verdicts if one.ending is Ending.FAILED} == {}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("name", bench_names())
def test_an_adapter_that_ships_survives_a_death_at_every_step(name: str, part: int) -> None:
    cases = [case for case in ADAPTER_CASES if case.id == MATRIX]
    (verdict,) = try_adapter(a_booth(name, DEATHS.get(name), part, PARTS), cases)
    assert verdict.ending is Ending.PASSED, verdict.seen
