"""The contract of the hub's store: searching documents.

On SQLite here, on PostgreSQL in `tests.integration.test_hub_store_postgresql`.
"""

from dataclasses import replace
from datetime import timedelta

import pytest

from exchange.model.document import DocumentType
from exchange.model.events import BusinessState, TransportState
from exchange.ports.hub import HubStore
from exchange.ports.search import Search
from tests.contract.store_records import HOUR, NOW, A, B, C, delivery, document, envelope, full_state

DAY = timedelta(days=1)
EVER = Search(since=NOW - 99 * DAY, until=NOW + 99 * DAY)


def fill(store: HubStore) -> None:
    with store.begin() as session:
        documents = [document(envelope(number), received=NOW + number * HOUR) for number in range(5)]
        documents[2] = replace(documents[2], title="关于100%_防汛的通知", urgent=False)
        documents[3] = replace(documents[3], number="播府办发〔2026〕12号", type=DocumentType.LETTER)
        session.add_documents([*documents, document(envelope(9, B), received=NOW)])
        session.add_deliveries([delivery(envelope(number)) for number in range(4)])
        session.add_deliveries([replace(delivery(envelope(4), C), state=full_state()), delivery(envelope(4))])


@pytest.mark.parametrize(
    ("changes", "numbers"),
    [
        ({}, [4, 3, 2, 1, 0, 9]),
        ({"sender": B}, [9]),
        ({"to": C}, [4]),
        ({"to": B, "sender": A}, [4, 3, 2, 1, 0]),
        ({"state": TransportState.DELIVERED}, [4]),
        ({"state": BusinessState.RETURNED, "to": C}, [4]),
        ({"state": BusinessState.RETURNED, "to": B}, []),
        ({"urgent": False}, [2]),
        ({"words": ("防汛", "通知")}, [2]),
        ({"words": ("100%_",)}, [2]),
        ({"words": ("1_0",)}, []),
        ({"number": "〔2026〕12号"}, [3]),
        ({"number": "%"}, []),
        ({"type": DocumentType.LETTER}, [3]),
        ({"type": DocumentType.NOTICE}, []),
        ({"id": envelope(4).id[:-1]}, [4, 3, 2, 1, 0, 9]),
        ({"id": envelope(4).id}, [4]),
        ({"since": NOW + HOUR, "until": NOW + 3 * HOUR}, [2, 1]),
    ],
)
def test_what_is_asked_for_is_found_newest_first(
    store: HubStore, changes: dict[str, object], numbers: list[int]
) -> None:
    fill(store)
    with store.begin() as session:
        found = session.search(replace(EVER, **changes), None, 99)  # type: ignore[arg-type]
    assert [int(one.key.id[-3:], 16) for one in found] == numbers


def test_pages_follow_each_other_without_gap_or_repetition_and_say_how_far_each_is(store: HubStore) -> None:
    fill(store)
    pages, after = [], None
    with store.begin() as session:
        whole = session.search(EVER, None, 99)
        while page := session.search(EVER, after, 2):
            pages += page
            after = (page[-1].received, page[-1].key)
    assert pages == whole
    assert (whole[0].recipients, whole[0].delivered, whole[0].signed) == (2, 1, 1)
    assert (whole[-1].recipients, whole[-1].delivered, whole[-1].signed) == (0, 0, 0)
