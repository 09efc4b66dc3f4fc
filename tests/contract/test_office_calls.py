"""Offices that are asked for what waits, and that may call: what waits is looked at when they do."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from exchange.adapters.registry import Place, load_adapter
from exchange.conformance.bench import Bench, Site, Written, find_bench
from exchange.conformance.benches.over_simulated import calls_in
from exchange.errors import NotAuthorisedError
from exchange.ports.office import OfficeCall
from tests.unit.adapters.offices import SENDER, UNIT


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(data=tmp_path, folder=tmp_path)


@pytest.fixture(params=["o2oa", "seeyon", "weaver"])
def bench(request: pytest.FixtureRequest, site: Site) -> Iterator[tuple[str, Bench]]:
    with closing(find_bench(request.param).open(site)) as bench:
        yield request.param, bench


def test_an_office_that_calls_is_looked_at_at_once(bench: tuple[str, Bench], site: Site) -> None:
    name, office = bench
    table = {**office.settings(), "adapter": name, "poll_seconds": 600, "calls": calls_in(site)}
    adapter = load_adapter(table, Place(name="town", data=site.data, offices=site.folder))
    with closing(adapter):
        assert list(adapter.collect(UNIT)) == []
        office.put_out(Written(title="关于防汛的通知", files={"正文.pdf": b"body"}, unit=UNIT, to=SENDER))
        assert list(adapter.collect(UNIT)) == []  # not yet
        assert adapter.office_calls is not None
        with pytest.raises(NotAuthorisedError):
            adapter.office_calls.take(OfficeCall(token="guessed", fields={}, body=b""))
        assert list(adapter.collect(UNIT)) == []
        secret = (site.data / "calls").read_text(encoding="utf-8")
        adapter.office_calls.take(OfficeCall(token=secret, fields={}, body=b"what it says is not believed"))
        assert [draft.metadata.title for draft in adapter.collect(UNIT)] == ["关于防汛的通知"]
