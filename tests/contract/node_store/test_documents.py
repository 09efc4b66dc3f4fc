"""Units, the directory, documents and deliveries."""

from dataclasses import replace

import pytest

from exchange.errors import StorageError
from exchange.ports.node import (
    Box,
    NodeStore,
)
from tests.contract.store_records import (
    HOUR,
    NOW,
    A,
    B,
    C,
    delivery,
    digest,
    directory,
    document,
    envelope,
    full_state,
    receipt,
)

# units and directory


def test_units_are_listed_by_code(store: NodeStore) -> None:
    with store.begin() as session:
        session.add_unit(B, NOW)
        session.add_unit(A, NOW)
        assert session.units() == [A, B]


def test_the_newest_directory_counts_and_the_same_one_may_come_again(store: NodeStore) -> None:
    with store.begin() as session:
        assert (session.directory(), session.directory_version()) == (None, 0)
        for version in (9, 10, 10):
            session.save_directory(directory(version))
        assert (session.directory(), session.directory_version()) == (directory(10), 10)


# documents and deliveries


def test_one_document_may_lie_in_two_boxes_of_one_node(store: NodeStore) -> None:
    """A township's node hosts the sender and a recipient."""
    sent, received = document(envelope(1), files=(digest("f"),)), document(envelope(1), received=NOW + HOUR)
    with store.begin() as session:
        session.add_documents(Box.SENT, [(A, sent)])
        session.add_documents(Box.INBOX, [(B, received)])
    with store.begin() as session:
        keys = [(A, envelope(1)), (B, envelope(1))]
        assert session.documents(Box.SENT, keys) == {(A, envelope(1)): sent}
        assert session.documents(Box.INBOX, keys) == {(B, envelope(1)): received}


def test_deliveries_belong_to_the_unit_that_holds_them(store: NodeStore) -> None:
    of_sender = [delivery(envelope(1), B), delivery(envelope(1), C)]
    of_b = replace(of_sender[0], state=full_state())
    with store.begin() as session:
        session.add_deliveries(A, of_sender)
        session.add_deliveries(B, [of_sender[0]])
        session.save_deliveries(B, [of_b])
    with store.begin() as session:
        assert session.deliveries(A, envelope(1)) == of_sender
        assert session.deliveries(B, envelope(1)) == [of_b]
        assert session.deliveries(C, envelope(1)) == []


def test_what_many_units_hold_is_added_at_once(store: NodeStore) -> None:
    of_b, of_c = delivery(envelope(1), B), delivery(envelope(1), C)
    first, second = receipt(1, envelope(1)), receipt(2, envelope(1))
    with store.begin() as session:
        session.add_deliveries_of_units([(B, of_b), (C, of_c)])
        session.add_receipts_of_units([(B, first), (C, second)])
    with store.begin() as session:
        assert [session.deliveries(unit, envelope(1)) for unit in (A, B, C)] == [[], [of_b], [of_c]]
        assert [session.receipts_of(unit, envelope(1)) for unit in (A, B, C)] == [[], [first], [second]]


def test_saving_a_delivery_that_is_not_there_is_an_error_and_never_silence(store: NodeStore) -> None:
    with pytest.raises(StorageError, match="not there"), store.begin() as session:
        session.save_deliveries(B, [delivery(envelope(1))])


def test_a_reference_belongs_to_its_unit(store: NodeStore) -> None:
    with store.begin() as session:
        session.add_reference(A, "OA-1", envelope(1))
        session.add_reference(B, "OA-1", envelope(2, B))
        assert session.by_reference(A, "OA-1") == envelope(1)
        assert session.by_reference(B, "OA-1") == envelope(2, B)
        assert session.by_reference(C, "OA-1") is None


def test_a_listing_shows_one_box_of_one_unit_newest_first(store: NodeStore) -> None:
    old, new = (document(envelope(n), received=NOW + n * HOUR, files=(digest(n),)) for n in (1, 2))
    with store.begin() as session:
        session.add_documents(Box.SENT, [(A, old), (A, new)])
        session.add_documents(Box.INBOX, [(B, new), (C, new)])
        session.add_deliveries(A, [delivery(envelope(2), C), delivery(envelope(2), B), delivery(envelope(1))])
        session.add_deliveries(B, [delivery(envelope(2))])
    with store.begin() as session:
        assert session.listing(A, Box.SENT) == [
            (new, [delivery(envelope(2), B), delivery(envelope(2), C)]),
            (old, [delivery(envelope(1))]),
        ]
        assert session.listing(B, Box.INBOX) == [(new, [delivery(envelope(2))])]
        assert session.listing(C, Box.INBOX) == [(new, [])]
        assert [record.key for record, _ in session.listing(A, Box.SENT, limit=1)] == [envelope(2)]


def test_a_document_is_found_by_prefix_within_one_unit_or_all(store: NodeStore) -> None:
    with store.begin() as session:
        session.add_documents(Box.INBOX, [(B, document(envelope(0x10))), (C, document(envelope(0x11)))])
        session.add_documents(Box.SENT, [(A, document(envelope(0x12)))])
        prefix = envelope(0x10).id[:-1]
        assert session.find(None, Box.INBOX, prefix) == [(B, envelope(0x10)), (C, envelope(0x11))]
        assert session.find(C, Box.INBOX, prefix) == [(C, envelope(0x11))]
        assert session.find(None, Box.INBOX, str(envelope(0x10))) == [(B, envelope(0x10))]
