"""What a restored node asks the hub's HTTP for, and that nobody else's is in it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from exchange.errors import InvalidValueError
from exchange.remote.history import HttpHistory
from exchange.services.hub.history import Historian
from exchange.testing.keys import unit_code
from tests.contract import store_records as records
from tests.contract.hub_line import HubLine, hub_line

A, B, C = (unit_code(number) for number in (1, 2, 3))


@pytest.fixture
def line(tmp_path: Path) -> Iterator[HubLine]:
    with hub_line(tmp_path) as line:
        yield line


def test_a_unit_gets_over_the_line_what_the_hub_has_of_it_page_by_page(line: HubLine) -> None:
    keys = [records.envelope(number, A) for number in range(3)]
    with line.store.begin() as session:
        for number, key in enumerate(keys):
            recipient = C if number == 1 else B
            session.add_documents([records.document(key, content=b"x" * 5_000_000)])
            session.add_deliveries([records.delivery(key, recipient)])
            session.add_receipts([records.receipt(number, key, recipient=recipient)])
    since, here = records.NOW - timedelta(seconds=1), Historian(line.store, line.clock, line.log)
    remote = HttpHistory(line.client)

    assert remote.page(B, since, None) == here.page(B, since, None)
    assert [len(remote.page(unit, since, None)) for unit in (A, B, C)] == [1, 1, 1]  # two are more than a page
    assert remote.page(B, since, keys[0]) == here.page(B, since, keys[0]) != []
    assert remote.page(B, since, keys[2]) == []
    assert remote.page(B, records.NOW + timedelta(days=1), None) == []


def test_a_strange_question_is_told_what_is_wrong_with_it(line: HubLine) -> None:
    for query in ("since=x", "since=1&after=nonsense", "since=-1", "after="):
        with pytest.raises(InvalidValueError):
            line.client.ask("GET", f"/v1/history?{query}", unit=B)


def test_only_a_unit_is_told_anything(line: HubLine) -> None:
    assert line.raw("GET", "/v1/history?since=0", {}).status_code == 401
