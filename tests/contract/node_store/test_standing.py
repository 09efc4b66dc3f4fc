"""What is owed, held and in trouble, and the figures of it."""

from dataclasses import replace

from exchange.ports.node import (
    Box,
    HeldCheckpoint,
    NodeStore,
    Standing,
)
from exchange.topology import Lane
from tests.contract.node_store.rows import receipt_row, row, write_everything
from tests.contract.store_records import (
    HOUR,
    NOW,
    A,
    B,
    digest,
    document,
    envelope,
    noted,
    quarantined,
    receipt,
)


def test_what_came_in_a_package_is_confirmed_until_a_newer_one_comes(store: NodeStore) -> None:
    with store.begin() as session:
        session.owe(A, [noted(1)], NOW)
        session.owe(A, [noted(1), noted(2)], NOW + HOUR)
        session.owe(A, [noted(3)])
        session.owe(B, [noted(4)], NOW)
        session.take_owed(9)
        assert session.carried(A) == [noted(1), noted(2)]
        session.forget_carried(A, NOW + HOUR)
        assert (session.carried(A), session.carried(B)) == ([noted(2)], [noted(4)])


def test_open_rows_are_given_by_their_ids_in_the_order_asked_for(store: NodeStore) -> None:
    late, soon, urgent = row(1, hours=2), row(2), row(3, hours=5, lane=Lane.URGENT)
    with store.begin() as session:
        session.add_outbox([late, soon, urgent, row(4), row(5, unit=B)])
        session.close_outbox(A, [(row(4).id, row(4).digest)])
        ids = [id_ for id_, _ in session.open_outbox(A)]
        assert ids == [urgent.id, soon.id, late.id]
        assert session.outbox_rows(A, [*ids, row(4).id, row(5).id]) == [urgent, soon, late]


def test_what_is_owed_is_owed_once_and_taken_once_oldest_first(store: NodeStore) -> None:
    with store.begin() as session:
        for _ in range(2):
            session.owe(B, [noted(2), noted(1, fault="VERSION")])
            session.owe(A, [noted(2)])
        owed = session.take_owed(2) + session.take_owed(9)
        assert sorted(owed, key=str) == sorted([(B, noted(2)), (B, noted(1, fault="VERSION")), (A, noted(2))], key=str)
        assert session.take_owed(9) == []


def test_a_checkpoint_is_held_once_but_a_second_root_for_its_size_is_held_too(store: NodeStore) -> None:
    held = HeldCheckpoint(size=10, root=b"a" * 32, note="one", seen=NOW)
    forked = HeldCheckpoint(size=10, root=b"b" * 32, note="two", seen=NOW + HOUR)
    small = HeldCheckpoint(size=9, root=b"c" * 32, note="three", seen=NOW)
    with store.begin() as session:
        for one in (held, forked, replace(held, note="again"), small):
            session.add_checkpoint(one)
        assert session.checkpoints() == [small, held, forked]


def test_quarantine_is_kept_per_unit_newest_first(store: NodeStore) -> None:
    with store.begin() as session:
        session.quarantine(A, [quarantined(1)])
        session.quarantine(B, [quarantined(1), quarantined(2)])
        session.quarantine(B, [quarantined(1)])
        assert session.quarantined(A, 9) == [quarantined(1)]
        assert len(session.quarantined(B, 9)) == 2
        assert len(session.quarantined(None, 9)) == 3
        assert len(session.quarantined(None, 1)) == 1


def test_failures_are_counted_per_message(store: NodeStore) -> None:
    with store.begin() as session:
        assert [session.count_failure(digest(1)) for _ in range(3)] == [1, 2, 3]
        assert session.count_failure(digest(2)) == 1


def test_the_oldest_open_row_is_as_old_as_the_document_or_receipt_in_it(store: NodeStore) -> None:
    """However often it was tried: `due` moves, and does not count."""
    with store.begin() as session:
        assert session.oldest_open() is None
        for n in (1, 2, 3):
            session.add_documents(Box.SENT, [(A, document(envelope(n), received=NOW + n * HOUR))])
        session.add_receipts(A, [receipt(4, envelope(9, B), recorded=NOW + 4 * HOUR)])
        session.add_outbox([row(3), row(2, lane=Lane.URGENT, hours=99), row(1), receipt_row(4, envelope(9, B))])
        session.close_outbox(A, [(row(1).id, row(1).digest)])
        assert session.oldest_open() == NOW + 2 * HOUR
        session.close_outbox(A, [(row(n).id, row(n).digest) for n in (2, 3)])
        assert session.oldest_open() == NOW + 4 * HOUR


def test_standings_tell_by_unit_what_is_still_to_do(store: NodeStore) -> None:
    with store.begin() as session:
        assert session.standings() == {}
        for n in (1, 2):
            session.add_documents(Box.SENT, [(A, document(envelope(n), received=NOW + n * HOUR))])
        session.add_receipts(B, [receipt(4, envelope(9, A), recorded=NOW + 4 * HOUR)])
        session.add_outbox([row(1), row(2), replace(receipt_row(4, envelope(9, A)), unit=B)])
        assert session.standings()[A] == Standing(outbox=2, oldest=NOW + HOUR)
        assert session.standings()[B].outbox == 1
        assert session.standings()[B].oldest == NOW + 4 * HOUR
        session.close_outbox(A, [(row(n).id, row(n).digest) for n in (1, 2)])
        assert session.standings().keys() == {B}


def test_standings_tell_what_offices_have_not_got(store: NodeStore) -> None:
    with store.begin() as session:
        write_everything(session)
        standings, counts = session.standings().values(), session.counts()
        assert sum(standing.inbox for standing in standings) == counts["handovers_open"] == 1
        assert sum(standing.untold for standing in standings) == counts["untold"] == 1


def test_counts_tell_what_is_there_and_what_is_open(store: NodeStore) -> None:
    with store.begin() as session:
        write_everything(session)
        session.add_outbox([row(2)])
        session.close_outbox(A, [(row(2).id, row(2).digest)])
        assert session.counts() == {
            "sent": 1,
            "inbox": 0,
            "outbox_open": 1,
            "handovers_open": 1,
            "untold": 1,
            "quarantined": 1,
        }


def test_what_a_checkpoint_contradicts_is_found(store: NodeStore) -> None:
    held = [HeldCheckpoint(size=n, root=bytes([n]) * 32, note="n", seen=NOW, said=NOW + n * HOUR) for n in range(1, 4)]
    with store.begin() as session:
        for one in held:
            session.add_checkpoint(one)
        forked = replace(held[0], root=b"f" * 32)
        shrunk = replace(held[0], said=NOW + 9 * HOUR)
        assert session.opposed(forked, NOW) == [held[0]]
        assert session.opposed(shrunk, NOW + 8 * HOUR) == [held[2], held[1]]
        assert session.opposed(shrunk, NOW + 2 * HOUR) == []
        assert session.opposed(held[2], NOW + 8 * HOUR) == []
