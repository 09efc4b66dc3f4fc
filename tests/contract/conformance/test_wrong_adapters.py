"""A kit that cannot fail is worth nothing: each wrong adapter is caught by the cases that are there for it, and the
right one by none."""

from typing import cast

import pytest

from exchange.adapters.registry import AdapterKind
from exchange.conformance.bench import find_bench
from exchange.conformance.case import Ending
from exchange.conformance.trial import ADAPTER_CASES, Booth, try_adapter
from tests.contract.conformance.paper_office import PaperAdapter, PaperBench
from tests.contract.conformance.wrong_adapters import WRONG, Wrong

BY_ID = {case.id: case for case in ADAPTER_CASES}


@pytest.mark.timeout(300)
def test_an_adapter_that_does_everything_right_passes() -> None:
    verdicts = try_adapter(Booth("paper", cast("AdapterKind", PaperAdapter), PaperBench, most_plays=5))
    assert {one.case.id: one.seen for one in verdicts if one.ending is Ending.FAILED} == {}
    idle = {one.case.id for one in verdicts if one.ending is Ending.NOT_APPLICABLE}
    assert idle == {"NET-01", "NET-02", "NET-04"}  # it asks nobody over a network


class OneOffice(PaperBench):
    """As a real one: all plays are in the same, and find there what others left."""

    simulated = False


@pytest.mark.timeout(300)
def test_every_play_may_be_in_the_same_office() -> None:
    booth = Booth("paper", cast("AdapterKind", PaperAdapter), OneOffice, most_plays=2)
    verdicts = try_adapter(booth, [case for case in ADAPTER_CASES if not case.id.startswith("CAL-")])
    assert {one.case.id: one.seen for one in verdicts if one.ending is Ending.FAILED} == {}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.adapter.__name__)
def test_a_wrong_adapter_is_caught(wrong: Wrong) -> None:
    bench = find_bench(wrong.bench) if wrong.bench else PaperBench
    booth = Booth("on-trial", wrong.adapter, bench)
    verdicts = try_adapter(booth, [BY_ID[id_] for id_ in wrong.caught_by])
    found = {one.case.id: (one.ending, one.seen) for one in verdicts}
    assert all(ending is Ending.FAILED for ending, _ in found.values()), found


def test_every_case_catches_something() -> None:
    assert {case.id for case in ADAPTER_CASES} == {id_ for wrong in WRONG for id_ in wrong.caught_by}


def test_ids_are_used_once() -> None:
    assert len(BY_ID) == len(ADAPTER_CASES)
