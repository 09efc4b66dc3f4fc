"""The contract of a node's store."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from exchange.errors import ConflictError, StorageError
from exchange.model.envelope import EnvelopeKey
from exchange.model.events import BusinessState, Event
from exchange.model.fold import DeliveryState
from exchange.model.program import Scope, Token
from exchange.model.unit import UnitCode
from exchange.model.webhook import Webhook
from exchange.ports.node import (
    Box,
    HandoverRecord,
    HeldCheckpoint,
    NodeSession,
    NodeStore,
    OutboxKind,
    OutboxRow,
    Standing,
)
from exchange.ports.programs import Answer, Lock, Place, Wanted
from exchange.ports.records import DeliveryKey, DeliveryRecord
from exchange.testing.stores import file_node_store, memory_node_store
from exchange.topology import Lane
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
    noted,
    quarantined,
    receipt,
    receipt_id,
)


@pytest.fixture(params=["memory", "file"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[NodeStore]:
    made: NodeStore = memory_node_store() if request.param == "memory" else file_node_store(tmp_path / "node.db")
    yield made
    made.close()


def row(number: int, *, unit: UnitCode = A, hours: int = 0, lane: Lane = Lane.NORMAL) -> OutboxRow:
    key = envelope(number, unit)
    return OutboxRow(
        unit=unit,
        kind=OutboxKind.ENVELOPE,
        id=key.id,
        digest=digest(number),
        lane=lane,
        due=NOW + hours * HOUR,
        envelope=key,
        document=f"<envelope n='{number}'/>".encode(),
    )


def receipt_row(number: int, key: EnvelopeKey, *, unit: UnitCode = A) -> OutboxRow:
    lane = Lane.RECEIPT
    return replace(row(number, unit=unit, lane=lane), kind=OutboxKind.RECEIPT, id=receipt_id(number), envelope=key)


def handover(number: int, unit: UnitCode = B, hours: int = 0) -> HandoverRecord:
    return HandoverRecord(unit=unit, envelope=envelope(number), due=NOW + hours * HOUR)


# transactions


def write_everything(session: NodeSession) -> None:
    session.add_unit(A, NOW)
    session.save_directory(directory(1))
    session.add_documents(Box.SENT, [(A, document(envelope(1)))])
    session.add_deliveries(A, [delivery(envelope(1))])
    session.add_receipts(A, [receipt(1, envelope(1))])
    session.add_outbox([row(1)])
    session.add_handovers([handover(1)])
    session.add_reference(A, "ref", envelope(1))
    session.owe(A, [noted(1)])
    session.quarantine(A, [quarantined(1)])
    session.add_checkpoint(HeldCheckpoint(size=1, root=b"r" * 32, note="n", seen=NOW))


def test_a_session_that_raises_leaves_nothing(store: NodeStore) -> None:
    def crash() -> None:
        with store.begin() as session:
            write_everything(session)
            raise RuntimeError("crash")

    with pytest.raises(RuntimeError, match="crash"):
        crash()
    with store.begin() as session:
        assert set(session.counts().values()) == {0}
        assert (session.units(), session.directory(), session.checkpoints()) == ([], None, [])
        assert (session.by_reference(A, "ref"), session.take_owed(9)) == (None, [])


@pytest.mark.parametrize(
    "add",
    [
        lambda session: session.add_unit(A, NOW),
        lambda session: session.add_documents(Box.SENT, [(A, document(envelope(1)))]),
        lambda session: session.add_deliveries(A, [delivery(envelope(1))]),
        lambda session: session.add_receipts(A, [receipt(1, envelope(1))]),
        lambda session: session.add_outbox([row(1)]),
        lambda session: session.add_handovers([handover(1)]),
        lambda session: session.add_reference(A, "ref", envelope(1)),
    ],
    ids=["unit", "document", "delivery", "receipt", "outbox", "handover", "reference"],
)
def test_adding_a_key_twice_is_a_conflict_and_undoes_the_whole_session(
    store: NodeStore, add: Callable[[NodeSession], None]
) -> None:
    with store.begin() as session:
        add(session)

    def add_again() -> None:
        with store.begin() as session:
            session.owe(A, [noted(1)])
            add(session)

    with pytest.raises(ConflictError):
        add_again()
    with store.begin() as session:
        assert session.take_owed(9) == []


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


# receipts


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


# outbox


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


def test_hastening_brings_open_hand_overs_forward_too(store: NodeStore) -> None:
    waiting, done = handover(1, hours=5), replace(handover(2), due=None)
    with store.begin() as session:
        session.add_handovers([waiting, done])
        session.hasten_open(NOW, NOW)
        assert session.due_handovers(NOW, 9) == [replace(waiting, due=NOW)]


# hand-over


def test_hand_overs_are_due_oldest_first_until_done(store: NodeStore) -> None:
    first, second, later = handover(1, hours=-1), handover(2), handover(3, hours=1)
    with store.begin() as session:
        session.add_handovers([later, second, first])
        assert session.due_handovers(NOW, 9) == [first, second]
        assert session.due_handovers(NOW, 1) == [first]
        done = replace(first, due=None, attempts=1, external_id="收文〔2026〕1号")
        session.save_handovers([done])
        assert session.due_handovers(NOW, 9) == [second]
        assert session.handover(B, envelope(1)) == done
        assert session.handover(C, envelope(1)) is None


def test_what_waits_for_offices_of_units_without_one_is_settled(store: NodeStore) -> None:
    with store.begin() as session:
        session.add_handovers([handover(1), handover(2, unit=A), handover(3, hours=1)])
        session.add_receipts(B, [receipt(1, envelope(1, B))])
        session.settle_without_office([B], NOW)
    with store.look() as session:
        assert session.due_handovers(NOW + 2 * HOUR, 9) == [handover(2, unit=A), handover(3, hours=1)]
        assert session.untold(9) == []


def test_what_an_office_has_is_told_unsigned_ones_first_until_somebody_is_finished(store: NodeStore) -> None:
    states = {1: BusinessState.SIGNED, 2: BusinessState.UNSIGNED, 3: BusinessState.ARCHIVED, 4: BusinessState.UNSIGNED}
    taken = {number: replace(handover(number), due=None, external_id=f"OA-{number}") for number in states}
    taken[4] = replace(handover(4), external_id="")  # being handed over
    with store.begin() as session:
        session.add_handovers([*taken.values(), handover(5)])
        for number, state in states.items():
            record = delivery(envelope(number))
            session.add_deliveries(B, [replace(record, state=replace(record.state, business=state))])
        assert session.in_office(B, 9) == [(taken[2], BusinessState.UNSIGNED), (taken[1], BusinessState.SIGNED)]
        assert session.in_office(B, 1) == [(taken[2], BusinessState.UNSIGNED)]
        assert session.in_office(C, 9) == []


# what is owed, held and in trouble


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


# programs


def test_tokens_are_kept_used_and_revoked_once(store: NodeStore) -> None:
    token = Token(id="0a", name="OA", digest=digest(1), scopes=frozenset(Scope), units=(A, B), created=NOW)
    with store.begin() as session:
        session.add_token(token)
        session.add_token(replace(token, id="0b", created=NOW - HOUR, expires=NOW, units=(), scopes=frozenset()))
    with store.begin() as session:
        session.use_token("0a", NOW + HOUR)
        session.revoke_token("0a", NOW + 2 * HOUR)
        session.revoke_token("0a", NOW + 3 * HOUR)
    with store.begin() as session:
        assert session.token("0a") == replace(token, used=NOW + HOUR, revoked=NOW + 2 * HOUR)
        assert session.token("0c") is None
        assert [(one.id, one.expires, one.units) for one in session.tokens()] == [("0b", NOW, ()), ("0a", None, (A, B))]


def test_an_answer_is_begun_once_and_forgotten_in_time(store: NodeStore) -> None:
    answer = Answer(token="0a", key="k", digest=digest(1), at=NOW)
    with store.begin() as session:
        assert session.begin_answer(answer) is None
        assert session.begin_answer(replace(answer, token="0b")) is None
        assert session.begin_answer(replace(answer, digest=digest(2))) == answer
        session.finish_answer("0a", "k", 201, b"{}")
        assert session.begin_answer(answer) == replace(answer, status=201, body=b"{}")
        session.drop_answer("0b", "k")
        assert session.begin_answer(replace(answer, token="0b", at=NOW + HOUR)) is None
        session.drop_answers(NOW + HOUR)
        assert session.begin_answer(replace(answer, at=NOW + HOUR)) is None
        assert session.begin_answer(replace(answer, token="0b", at=NOW + 2 * HOUR)) is not None


def test_pages_go_from_the_newest_to_the_oldest_and_show_what_is_wanted(store: NodeStore) -> None:
    keys = [envelope(number, B) for number in range(5)]
    with store.begin() as session:
        for number, key in enumerate(keys):
            session.add_documents(Box.INBOX, [(A, document(key, received=NOW + (number // 2) * HOUR))])
            state = DeliveryState(business=BusinessState.SIGNED if number == 1 else BusinessState.UNSIGNED)
            session.add_deliveries(A, [DeliveryRecord(key=DeliveryKey(key, A), state=state)])
            taken = {0: "SW-1", 2: ""}.get(number)
            session.add_handovers([HandoverRecord(unit=A, envelope=key, due=None, external_id=taken)])
        session.add_documents(Box.INBOX, [(C, document(envelope(9, B)))])
    with store.begin() as session:

        def listed(wanted: Wanted, after: Place | None = None, limit: int = 9) -> list[int]:
            found = session.page(A, Box.INBOX, wanted, after, limit)
            assert all([one.key.recipient for one in deliveries] == [A] for _, deliveries in found)
            return [keys.index(record.key) for record, _ in found]

        assert listed(Wanted.ALL) == [4, 3, 2, 1, 0]
        assert listed(Wanted.ALL, limit=2) == [4, 3]
        assert listed(Wanted.ALL, Place(NOW + HOUR, keys[3])) == [2, 1, 0]
        assert listed(Wanted.UNSIGNED) == [4, 3, 2, 0]
        assert listed(Wanted.NEW) == [4, 3, 2, 1]


def test_a_lock_takes_the_place_of_the_one_before(store: NodeStore) -> None:
    lock = Lock(unit=A, envelope=envelope(1, B), token="0a", until=NOW)
    with store.begin() as session:
        session.put_lock(lock)
        session.put_lock(replace(lock, unit=C))
        session.put_lock(replace(lock, token="0b"))
        assert session.locks(A, [envelope(1, B), envelope(2, B)]) == {envelope(1, B): replace(lock, token="0b")}
        session.drop_lock(A, envelope(1, B))
        assert (session.locks(A, [envelope(1, B)]), len(session.locks(C, [envelope(1, B)]))) == ({}, 1)


def test_an_upload_is_one_units(store: NodeStore) -> None:
    with store.begin() as session:
        session.add_upload(A, digest(1), 5, NOW)
        session.add_upload(A, digest(1), 5, NOW + HOUR)
        assert (session.uploaded(A, digest(1)), session.uploaded(B, digest(1))) == (5, None)


def test_receipts_are_numbered_as_they_are_committed(store: NodeStore) -> None:
    with store.begin() as session:
        assert session.last_occurrence() == 0
        session.add_receipts(A, [receipt(3, envelope(1)), receipt(1, envelope(1))])
    with store.begin() as session:
        session.add_receipts(B, [receipt(2, envelope(1), recorded=NOW - HOUR)])
    with store.begin() as session:
        found = session.occurrences(0, [A, B], 9)
        assert [(one.unit, one.receipt.id) for one in found] == [
            (A, receipt_id(3)),
            (A, receipt_id(1)),
            (B, receipt_id(2)),
        ]
        assert [one.number for one in session.occurrences(found[0].number, [A, B], 1)] == [found[1].number]
        assert [one.unit for one in session.occurrences(0, [B], 9)] == [B]
        assert session.last_occurrence() == found[-1].number


def test_webhooks_are_kept_changed_and_removed(store: NodeStore) -> None:
    webhook = Webhook(
        id="0a", token="t", url="http://h/", secrets=("s", "r"), units=(A, B), created=NOW, cursor=7, due=NOW
    )
    with store.begin() as session:
        session.add_webhook(webhook)
        session.add_webhook(replace(webhook, id="0b", types=("cn.",), created=NOW - HOUR))
        changed = replace(webhook, cursor=9, due=NOW + HOUR, attempts=2, failing=NOW, ended="why not", secrets=("q",))
        session.save_webhook(changed)
    with store.begin() as session:
        assert [one.id for one in session.webhooks()] == ["0b", "0a"]
        assert session.webhooks()[1] == changed
        session.drop_webhook("0b")
        assert session.webhooks() == [changed]
