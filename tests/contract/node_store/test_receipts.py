"""Receipts: what is held, and what the office is told."""

from datetime import timedelta

from exchange.model.events import Event
from exchange.ports.node import (
    NodeStore,
)
from tests.contract.store_records import (
    HOUR,
    NOW,
    A,
    B,
    C,
    envelope,
    receipt,
)


def test_one_receipt_may_be_held_by_two_units_of_one_node(store: NodeStore) -> None:
    held = receipt(1, envelope(1))
    with store.begin() as session:
        session.add_receipts(A, [held])
        session.add_receipts(B, [held])
        assert session.receipts([(A, held.id), (C, held.id)]) == {(A, held.id): held}
        assert session.receipts_of(B, envelope(1)) == [held]
        assert session.receipts_of(C, envelope(1)) == []


def test_receipts_about_many_documents_come_at_once_each_in_the_order_of_recording(store: NodeStore) -> None:
    first, second = receipt(2, envelope(1)), receipt(1, envelope(1), recorded=NOW + timedelta(seconds=1))
    other = receipt(3, envelope(2))
    with store.begin() as session:
        session.add_receipts(A, [second, other])
        session.add_receipts(A, [first])
        session.add_receipts(B, [first])
        asked = [(A, envelope(1)), (A, envelope(2)), (C, envelope(1))]
        assert session.receipts_about(asked) == {(A, envelope(1)): [first, second], (A, envelope(2)): [other]}
        assert session.receipts_about([]) == {}


def test_the_office_is_told_once_of_receipts_about_sent_documents(store: NodeStore) -> None:
    about_sent = [receipt(n, envelope(n), recorded=NOW - n * HOUR) for n in (1, 2)]
    about_received = receipt(3, envelope(3, B))
    with store.begin() as session:
        session.add_receipts(A, [*about_sent, about_received])
        session.add_receipts(B, about_sent)
        assert session.untold(9) == [(A, about_sent[1]), (A, about_sent[0])]
        assert session.untold(1) == [(A, about_sent[1])]
        assert session.untold(9, {A}) == []
        assert session.untold(9, {B}) == session.untold(9)
        session.told([(A, about_sent[1].id)])
        assert session.untold(9) == [(A, about_sent[0])]


def test_the_office_is_told_of_what_others_did_to_what_it_received(store: NodeStore) -> None:
    delivered, recalled = receipt(1, envelope(3, B)), receipt(2, envelope(3, B), event=Event.RECALLED)
    with store.begin() as session:
        session.add_receipts(A, [delivered, recalled])
        assert session.untold(9) == [(A, recalled)]


def test_receipts_can_be_read_page_by_page(store: NodeStore) -> None:
    receipts = [receipt(n, envelope(1)) for n in (1, 2)]
    with store.begin() as session:
        session.add_receipts(B, receipts)
        session.add_receipts(A, receipts)
        first = session.receipts_after(None, 3)
        assert first == [(A, receipts[0]), (A, receipts[1]), (B, receipts[0])]
        assert session.receipts_after((B, receipts[0].id), 3) == [(B, receipts[1])]
