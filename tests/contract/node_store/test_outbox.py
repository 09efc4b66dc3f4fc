"""The outbox: what is due, in what order, and what closes it."""

from dataclasses import replace

from exchange.ports.node import (
    NodeStore,
)
from exchange.topology import Lane
from tests.contract.node_store.rows import handover, receipt_row, row
from tests.contract.store_records import (
    HOUR,
    NOW,
    A,
    B,
    C,
    digest,
    envelope,
)


def test_due_rows_come_urgent_first_then_oldest_with_their_documents(store: NodeStore) -> None:
    rows = [row(1, hours=-1), row(2, hours=-2), row(3, lane=Lane.URGENT), row(4, unit=B, hours=1)]
    with store.begin() as session:
        session.add_outbox(rows)
    with store.begin() as session:
        assert session.due_outbox(NOW, 9) == [rows[2], rows[1], rows[0]]
        assert session.due_outbox(NOW, 1) == [rows[2]]


def test_a_row_is_closed_by_id_and_digest_of_its_own_unit_alone(store: NodeStore) -> None:
    first, second = row(1), row(2)
    with store.begin() as session:
        session.add_outbox([first, second])
        session.close_outbox(A, [(first.id, digest("other bytes"))])
        session.close_outbox(B, [(first.id, first.digest)])
        assert session.due_outbox(NOW, 9) == [first, second]
        session.close_outbox(A, [(first.id, first.digest)])
        assert session.due_outbox(NOW, 9) == [second]
        assert session.open_outbox(A) == [(second.id, second.digest)]


def test_saving_a_row_sets_its_timer_but_never_opens_it_again(store: NodeStore) -> None:
    kept, closed = row(1), row(2)
    with store.begin() as session:
        session.add_outbox([kept, closed])
        session.close_outbox(A, [(closed.id, closed.digest)])
        session.save_outbox([replace(one, due=NOW + HOUR, attempts=3) for one in (kept, closed)])
        assert session.due_outbox(NOW, 9) == []
        assert session.due_outbox(NOW + HOUR, 9) == [replace(kept, due=NOW + HOUR, attempts=3)]


def test_the_hub_can_have_all_receipts_of_a_unit_about_a_document_repeated(store: NodeStore) -> None:
    key, later = envelope(1, C), NOW + HOUR
    closed, waiting = receipt_row(1, key), replace(receipt_row(2, key), due=NOW + 9 * HOUR)
    of_other_document, of_other_unit = receipt_row(3, envelope(2, C)), receipt_row(4, key, unit=B)
    with store.begin() as session:
        session.add_outbox([closed, waiting, of_other_document, of_other_unit, row(1)])
        session.close_outbox(A, [(one.id, one.digest) for one in (closed, of_other_document, row(1))])
        session.close_outbox(B, [(of_other_unit.id, of_other_unit.digest)])
        session.reopen_receipts(A, key, later)
        assert session.due_outbox(later, 9) == [replace(closed, due=later), replace(waiting, due=later)]


def test_hastening_brings_open_rows_forward_and_never_back(store: NodeStore) -> None:
    waiting, early, closed = row(1, hours=5), row(2, hours=-1), row(3, hours=5)
    with store.begin() as session:
        session.add_outbox([waiting, early, closed])
        session.close_outbox(A, [(closed.id, closed.digest)])
        session.hasten_open(NOW, NOW)
        assert session.due_outbox(NOW, 9) == [early, replace(waiting, due=NOW)]


def test_only_what_is_due_beyond_a_time_is_hastened(store: NodeStore) -> None:
    with store.begin() as session:
        session.add_outbox([row(1, hours=1), row(2, hours=5)])
        session.hasten_open(NOW, NOW + 2 * HOUR)
        assert session.due_outbox(NOW, 9) == [replace(row(2), due=NOW)]


def test_faults_of_open_hand_overs_are_counted(store: NodeStore) -> None:
    with store.begin() as session:
        session.add_handovers([handover(number) for number in range(4)])
        failed = [replace(handover(number, hours=1), attempts=1, fault="FILES_DIR") for number in range(3)]
        session.save_handovers([*failed[:2], replace(failed[2], due=None)])
        assert session.handover_faults() == {"FILES_DIR": 2}
        assert session.handover(B, envelope(1)) == failed[1]


def test_hastening_brings_open_hand_overs_forward_too(store: NodeStore) -> None:
    waiting, done = handover(1, hours=5), replace(handover(2), due=None)
    with store.begin() as session:
        session.add_handovers([waiting, done])
        session.hasten_open(NOW, NOW)
        assert session.due_handovers(NOW, 9) == [replace(waiting, due=NOW)]
