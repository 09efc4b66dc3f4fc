"""The contract of the hub's store. On SQLite here, on PostgreSQL in `tests.integration.test_hub_store_postgresql`."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from exchange.errors import ConflictError, StorageError
from exchange.model.events import BusinessState, Event, TransportState
from exchange.model.fold import DeliveryState, Moment
from exchange.model.unit import UnitCode
from exchange.ports.hub import (
    ArchiveRecord,
    EnrolmentRecord,
    Forward,
    HubSession,
    HubStore,
    Lease,
    Owed,
    Refusal,
    SealedCheckpoint,
    Usage,
)
from exchange.ports.records import DeliveryKey, DocumentRecord
from exchange.testing.stores import file_hub_store, memory_hub_store
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
    entry,
    envelope,
    full_state,
    noted,
    quarantined,
    receipt,
    receipt_id,
)

Open = Callable[[], HubStore]


@pytest.fixture
def open_again(tmp_path: Path) -> Iterator[Open]:
    """Opens one and the same database, as another process would."""
    opened: list[HubStore] = []

    def open_one() -> HubStore:
        opened.append(file_hub_store(tmp_path / "hub.db"))
        return opened[-1]

    yield open_one
    for store in opened:
        store.close()


@pytest.fixture(params=["memory", "file"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[HubStore]:
    made = file_hub_store(tmp_path / "hub.db") if request.param == "file" else memory_hub_store()
    yield made
    made.close()


@pytest.fixture
def passes_over() -> bool:
    """Whether a worker passes over rows that another holds. On SQLite it waits for the other's transaction."""
    return False


# transactions


def test_what_a_session_wrote_is_there_for_the_next_one(store: HubStore) -> None:
    written = document(envelope(1), files=(digest("b"), digest("a"), digest("b")))
    with store.begin() as session:
        session.add_documents([written])
    with store.begin() as session:
        assert session.documents([envelope(1), envelope(2)]) == {envelope(1): written}


def test_a_session_that_raises_leaves_nothing(store: HubStore) -> None:
    def crash() -> None:
        with store.begin() as session:
            write_everything(session)
            raise RuntimeError("crash")

    with pytest.raises(RuntimeError, match="crash"):
        crash()
    with store.begin() as session:
        assert set(session.counts().values()) == {0}
        assert session.directory_version() == 0
        assert session.checkpoints() == []
        assert session.take_owed(10) == []
        assert session.claimed(A, [digest("file")]) == set()


def write_everything(session: HubSession) -> None:
    session.add_directory(directory(1))
    session.add_documents([document(envelope(1), files=(digest("file"),))])
    session.add_deliveries([delivery(envelope(1))])
    session.add_receipts([receipt(1, envelope(1))])
    session.add_forwards([Forward(unit=A, receipt=receipt_id(1), due=NOW)])
    session.owe([Owed(unit=B, noted=noted(1))])
    session.add_entries([entry(1, envelope(1))])
    session.add_claims(A, [digest("file")])
    session.quarantine([quarantined(1)])
    [(row, _)] = session.unsealed(10)
    session.seal([(row, 0)], {(0, 0): b"h" * 32}, SealedCheckpoint(size=1, root=b"r" * 32, note="n", at=NOW))


@pytest.mark.parametrize(
    "add",
    [
        lambda session: session.add_directory(directory(1)),
        lambda session: session.add_documents([document(envelope(1))]),
        lambda session: session.add_deliveries([delivery(envelope(1))]),
        lambda session: session.add_receipts([receipt(1, envelope(1))]),
        lambda session: session.add_entries([entry(1, envelope(1))]),
        lambda session: session.add_refusals(
            [Refusal(user=A, digest=digest(1), receipt=receipt_id(1), document=b"<r/>")]
        ),
    ],
    ids=["directory", "document", "delivery", "receipt", "entry", "refusal"],
)
def test_adding_a_key_twice_is_a_conflict_and_undoes_the_whole_session(
    store: HubStore, add: Callable[[HubSession], None]
) -> None:
    with store.begin() as session:
        add(session)

    def add_again() -> None:
        with store.begin() as session:
            session.add_claims(A, [digest("beside")])
            add(session)

    with pytest.raises(ConflictError):
        add_again()
    with store.begin() as session:
        assert session.claimed(A, [digest("beside")]) == set()


def test_a_session_that_failed_cannot_be_committed_by_ignoring_the_error(store: HubStore) -> None:
    def ignore() -> None:
        with store.begin() as session:
            session.add_documents([document(envelope(1))])
            with contextlib.suppress(ConflictError):
                session.add_documents([document(envelope(1))])

    with pytest.raises(StorageError):
        ignore()
    with store.begin() as session:
        assert session.documents([envelope(1)]) == {}


def test_empty_batches_do_nothing(store: HubStore) -> None:
    with store.begin() as session:
        session.add_documents([])
        session.save_deliveries([])
        session.hasten_deliveries([], NOW)
        session.close_forwards(A, [])
        assert session.documents([]) == {}
        assert session.lock_deliveries([]) == {}
        assert session.claimed(A, []) == set()


# documents and deliveries


def test_one_id_from_two_senders_is_two_documents(store: HubStore) -> None:
    of_a, of_b = document(envelope(1, A)), document(envelope(1, B), content=b"other")
    with store.begin() as session:
        session.add_documents([of_a, of_b])
        assert session.documents([of_b.key]) == {of_b.key: of_b}
        assert session.find(of_a.key.id) == [of_a.key, of_b.key]


def test_more_keys_than_a_statement_takes_can_be_asked_for_at_once(store: HubStore) -> None:
    keys = [envelope(number) for number in range(1200)]
    with store.begin() as session:
        session.add_documents([document(key) for key in keys])
        assert session.documents(keys).keys() == set(keys)


def test_every_part_of_a_delivery_comes_back(store: HubStore) -> None:
    full = replace(delivery(envelope(1), remind=NOW + HOUR), state=full_state())
    bare = replace(
        delivery(envelope(1), C, due=None), state=DeliveryState(), digest="", expires=None, sign_by=None, attempts=0
    )
    with store.begin() as session:
        session.add_deliveries([full, bare])
    with store.begin() as session:
        assert session.deliveries_of(envelope(1)) == [full, bare]
        assert session.lock_deliveries([bare.key, DeliveryKey(envelope(2), B)]) == {bare.key: bare}


def test_a_delivery_is_saved_whole(store: HubStore) -> None:
    before, beside = delivery(envelope(1)), delivery(envelope(1), C)
    after = replace(before, state=full_state(), due=None, attempts=9, remind=NOW, expires=None, digest="d")
    with store.begin() as session:
        session.add_deliveries([before, beside])
        session.save_deliveries([after])
    with store.begin() as session:
        assert session.deliveries_of(envelope(1)) == [after, beside]


def test_saving_a_delivery_that_is_not_there_is_an_error_and_never_silence(store: HubStore) -> None:
    with pytest.raises(StorageError, match="not there"), store.begin() as session:
        session.save_deliveries([delivery(envelope(1))])


def test_due_deliveries_are_those_whose_time_has_come_oldest_first(store: HubStore) -> None:
    late, now, later = (delivery(envelope(n), due=NOW + (n - 2) * HOUR) for n in (1, 2, 3))
    with store.begin() as session:
        session.add_deliveries([later, now, late, delivery(envelope(4), due=None)])
        assert session.due_deliveries(NOW, 10) == [late, now]
        assert session.due_deliveries(NOW, 1) == [late]


def test_due_reminders_are_those_whose_time_has_come_oldest_first(store: HubStore) -> None:
    late, now, later = (delivery(envelope(n), remind=NOW + (n - 2) * HOUR) for n in (1, 2, 3))
    with store.begin() as session:
        session.add_deliveries([later, now, late, delivery(envelope(4))])
        assert session.due_reminders(NOW, 10) == [late, now]


def test_hastening_brings_unsettled_deliveries_forward_and_never_back(store: HubStore) -> None:
    waiting, early = delivery(envelope(1), due=NOW + 5 * HOUR), delivery(envelope(2), due=NOW - HOUR)
    settled = replace(
        delivery(envelope(3), due=NOW + 5 * HOUR),
        state=DeliveryState(transport=TransportState.DELIVERED, delivered=Moment(NOW, receipt_id(1))),
    )
    unasked = delivery(envelope(4), due=NOW + 5 * HOUR)
    with store.begin() as session:
        session.add_deliveries([waiting, early, settled, unasked])
        session.hasten_deliveries([waiting.key, early.key, settled.key], NOW)
        assert session.due_deliveries(NOW + 9 * HOUR, 10) == [early, replace(waiting, due=NOW), settled, unasked]


def test_hastening_what_is_open_leaves_settled_deliveries_alone(store: HubStore) -> None:
    waiting = delivery(envelope(1), due=NOW + 5 * HOUR)
    settled = replace(delivery(envelope(2), due=NOW + 5 * HOUR), state=DeliveryState(transport=TransportState.EXPIRED))
    forward = Forward(unit=A, receipt=receipt_id(1), due=NOW + 5 * HOUR)
    with store.begin() as session:
        session.add_deliveries([waiting, settled])
        session.add_forwards([forward])
        session.hasten_open(NOW, NOW)
        assert session.due_deliveries(NOW, 10) == [replace(waiting, due=NOW)]
        assert session.due_forwards(NOW, 10) == [replace(forward, due=NOW)]


def test_only_what_is_due_beyond_a_time_is_hastened(store: HubStore) -> None:
    waiting, far = delivery(envelope(1), due=NOW + HOUR), delivery(envelope(2), due=NOW + 5 * HOUR)
    forward = Forward(unit=A, receipt=receipt_id(1), due=NOW + HOUR)
    with store.begin() as session:
        session.add_deliveries([waiting, far])
        session.add_forwards([forward])
        session.hasten_open(NOW, NOW + 2 * HOUR)
        assert session.due_deliveries(NOW, 10) == [replace(far, due=NOW)]
        assert session.due_forwards(NOW, 10) == []


def test_a_document_is_found_by_a_prefix_of_its_id_or_by_sender_and_id(store: HubStore) -> None:
    keys = [envelope(0x10), envelope(0x11), envelope(0x20)]
    with store.begin() as session:
        session.add_documents([document(key) for key in keys])
        assert session.find(keys[0].id) == [keys[0]]
        assert session.find(keys[0].id[:-1]) == keys[:2]
        assert session.find(keys[0].id[:8]) == keys
        assert session.find(str(keys[2])) == [keys[2]]
        assert session.find(f"{B}/{keys[2].id}") == []
        assert session.find("%") == session.find("f") == session.find(f"{A}/") == []


def test_the_latest_documents_come_first(store: HubStore) -> None:
    records = [document(envelope(n), received=NOW + n * HOUR) for n in (2, 1, 3)]
    with store.begin() as session:
        session.add_documents(records)
        assert session.latest(2) == [records[2], records[0]]


# receipts


def test_receipts_are_found_by_id_and_by_envelope_in_the_order_of_recording(store: HubStore) -> None:
    second, first, other = (
        receipt(1, envelope(1), recorded=NOW + HOUR),
        receipt(2, envelope(1), recipient=None, event=Event.ACCEPTED),
        receipt(3, envelope(1, B)),
    )
    with store.begin() as session:
        session.add_receipts([second, first, other])
        assert session.receipts_of(envelope(1)) == [first, second]
        assert session.receipts([other.id, receipt_id(9)]) == {other.id: other}
        assert session.accepted_receipts([envelope(1), envelope(1, B)]) == {envelope(1): first}


def test_a_refusal_is_known_by_user_and_digest(store: HubStore) -> None:
    refusal = Refusal(user=A, digest=digest(1), receipt=receipt_id(1), document=b"<refused/>")
    with store.begin() as session:
        session.add_refusals([refusal])
        assert session.refusals([(A, digest(1)), (B, digest(1))]) == {(A, digest(1)): refusal}


def test_adding_a_forward_again_changes_nothing(store: HubStore) -> None:
    forward = Forward(unit=A, receipt=receipt_id(1), due=NOW, attempts=4)
    with store.begin() as session:
        session.add_forwards([forward])
        session.add_forwards([replace(forward, due=NOW - HOUR, attempts=0)])
        assert session.due_forwards(NOW, 10) == [forward]


def test_forwards_are_due_oldest_first_until_closed(store: HubStore) -> None:
    first, second = (Forward(unit=A, receipt=receipt_id(n), due=NOW - n * HOUR) for n in (2, 1))
    to_b = Forward(unit=B, receipt=receipt_id(2), due=NOW + HOUR)
    with store.begin() as session:
        session.add_forwards([second, to_b, first])
        assert session.due_forwards(NOW, 10) == [first, second]
        assert session.due_forwards(NOW, 1) == [first]
        session.close_forwards(A, [receipt_id(2)])
        assert session.due_forwards(NOW + HOUR, 10) == [second, to_b]


def test_a_forward_closed_meanwhile_is_not_opened_again_by_saving_it(store: HubStore) -> None:
    forward = Forward(unit=A, receipt=receipt_id(1), due=NOW)
    with store.begin() as session:
        session.add_forwards([forward])
        session.close_forwards(A, [receipt_id(1)])
        session.save_forwards([replace(forward, attempts=1)])
        assert session.due_forwards(NOW + HOUR, 10) == []


def test_a_closed_forward_can_be_added_anew_for_a_unit_that_lost_the_receipt(store: HubStore) -> None:
    forward = Forward(unit=A, receipt=receipt_id(1), due=NOW)
    with store.begin() as session:
        session.add_forwards([forward])
        session.close_forwards(A, [receipt_id(1)])
        session.add_forwards([forward])
        assert session.due_forwards(NOW, 10) == [forward]


def test_hastening_forwards_brings_them_forward_and_never_back(store: HubStore) -> None:
    waiting, early = (Forward(unit=A, receipt=receipt_id(n), due=NOW + hours * HOUR) for n, hours in ((1, 5), (2, -5)))
    with store.begin() as session:
        session.add_forwards([waiting, early])
        session.hasten_forwards([(A, receipt_id(1)), (A, receipt_id(2)), (B, receipt_id(1))], NOW)
        assert session.due_forwards(NOW, 10) == [early, replace(waiting, due=NOW)]


def test_what_is_owed_is_owed_once_and_taken_once_oldest_first(store: HubStore) -> None:
    owed = [Owed(unit=B, noted=noted(1)), Owed(unit=A, noted=noted(1, fault="CONFLICT")), Owed(unit=A, noted=noted(2))]
    with store.begin() as session:
        for one in [*owed, *owed]:
            session.owe([one])
        assert session.take_owed(2) == owed[:2]
        assert session.take_owed(9) == owed[2:]
        assert session.take_owed(9) == []


# the ledger


def checkpoint(size: int) -> SealedCheckpoint:
    return SealedCheckpoint(size=size, root=bytes([size]) * 32, note=f"origin\n{size}\n\n— 签名", at=NOW)


def test_entries_are_sealed_in_order_and_keep_their_exact_leaf(store: HubStore) -> None:
    entries = [entry(n, envelope(1)) for n in range(3)]
    with store.begin() as session:
        session.add_entries(entries)
        rows = session.unsealed(2)
        assert [one.leaf() for _, one in rows] == [one.leaf() for one in entries[:2]]
        session.seal([(row, leaf) for leaf, (row, _) in enumerate(rows)], {(0, 0): b"h" * 32}, checkpoint(2))
    with store.begin() as session:
        assert [one for _, one in session.unsealed(9)] == entries[2:]
        assert session.entries(0, 9) == [(0, entries[0]), (1, entries[1])]
        assert session.entries(1, 9) == [(1, entries[1])]
        assert session.entries_of(envelope(1)) == [(0, entries[0]), (1, entries[1]), (None, entries[2])]
        assert session.entries_of(envelope(2)) == []
        assert session.tree_node(0, 0) == b"h" * 32
        assert session.checkpoint() == checkpoint(2)


def test_a_missing_tree_node_is_an_error(store: HubStore) -> None:
    with pytest.raises(StorageError, match="no tree node"), store.begin() as session:
        session.tree_node(0, 0)


def test_checkpoints_are_kept_all_and_the_largest_is_the_current_one(store: HubStore) -> None:
    with store.begin() as session:
        assert session.checkpoint() is None
        session.seal([], {}, checkpoint(9))
        session.seal([], {}, checkpoint(10))
        assert session.checkpoints() == [checkpoint(9), checkpoint(10)]
        assert session.checkpoint() == checkpoint(10)


@pytest.mark.parametrize("what", ["row", "leaf", "node", "checkpoint"])
def test_nothing_that_was_sealed_can_be_sealed_otherwise(store: HubStore, what: str) -> None:
    with store.begin() as session:
        session.add_entries([entry(n, envelope(1)) for n in range(2)])
        (first, _), (second, _) = session.unsealed(2)
        session.seal([(first, 0)], {(0, 0): b"a" * 32}, checkpoint(1))
    row = first if what == "row" else second
    leaf = 0 if what == "leaf" else 1
    node = (0, 0) if what == "node" else (0, 1)
    with pytest.raises(ConflictError), store.begin() as session:
        session.seal([(row, leaf)], {node: b"b" * 32}, checkpoint(1 if what == "checkpoint" else 2))
    with store.begin() as session:
        assert session.tree_node(0, 0) == b"a" * 32
        assert session.checkpoints() == [checkpoint(1)]


# leases


def lease(epoch: int, holder: str = "one", *, expires: datetime = NOW) -> Lease:
    return Lease(name="work", holder=holder, epoch=epoch, expires=expires)


def test_a_lease_is_taken_by_the_next_epoch_alone(store: HubStore) -> None:
    with store.begin() as session:
        assert session.lease("work") is None
        assert not session.take_lease(lease(2))
        assert session.take_lease(lease(1))
        assert not session.take_lease(lease(1, "other"))
    with store.begin() as session:
        assert session.lease("work") == lease(1)
        assert session.lease("other work") is None
        assert not session.take_lease(lease(3, "other"))
        assert session.take_lease(lease(2, "other"))
        assert session.lease("work") == lease(2, "other")


def test_a_lease_is_renewed_by_its_holder_in_its_epoch_alone(store: HubStore) -> None:
    with store.begin() as session:
        session.take_lease(lease(1))
        assert session.renew_lease(lease(1, expires=NOW + HOUR))
        assert not session.renew_lease(lease(1, "other"))
        session.take_lease(lease(2, "other"))
        assert not session.renew_lease(lease(1))
        assert not session.renew_lease(lease(2))
        assert session.lease("work") == lease(2, "other")


def test_a_renewed_lease_cannot_be_taken_before_what_it_covers_is_stored(open_again: Open) -> None:
    one, other = open_again(), open_again()
    with one.begin() as session:
        session.take_lease(lease(1))
    seen: list[int] = []

    def second() -> None:
        with other.begin() as session:
            session.take_lease(lease(2, "other"))
            seen.extend(sealed.size for sealed in session.checkpoints())

    thread = threading.Thread(target=second)
    with one.begin() as session:
        session.renew_lease(lease(1))
        thread.start()
        thread.join(timeout=0.2)
        assert thread.is_alive()
        session.seal([], {}, checkpoint(9))
    thread.join(timeout=50)
    assert seen == [9]


# the rest


def test_the_newest_directory_counts_and_every_version_is_kept(store: HubStore) -> None:
    with store.begin() as session:
        assert (session.directory(), session.directory_version()) == (None, 0)
        session.add_directory(directory(10))
        session.add_directory(directory(9))
        assert (session.directory(), session.directory_version()) == (directory(10), 10)
        assert session.directories() == [directory(9), directory(10)]


def test_an_enrolment_code_takes_the_place_of_the_former_one(store: HubStore) -> None:
    first = EnrolmentRecord(unit=A, code_sha256=digest(1), expires=NOW)
    with store.begin() as session:
        session.save_enrolment(first)
        assert session.enrolment(A) == first
        session.save_enrolment(replace(first, used=NOW + HOUR))
        assert session.enrolment(A) == replace(first, used=NOW + HOUR)
        assert session.enrolment(B) is None


def test_a_unit_may_have_the_files_it_uploaded_and_those_sent_to_it(store: HubStore) -> None:
    uploaded, sent, foreign = digest("uploaded"), digest("sent"), digest("foreign")
    with store.begin() as session:
        session.add_claims(B, [uploaded])
        session.add_claims(B, [uploaded])
        session.add_documents([document(envelope(1), files=(sent,)), document(envelope(2), files=(foreign,))])
        session.add_deliveries([delivery(envelope(1), B), delivery(envelope(2), C)])
        assert session.claimed(B, [uploaded, sent, foreign, digest("none")]) == {uploaded, sent}
        assert session.claimed(C, [uploaded, sent, foreign]) == {foreign}


def test_a_dropped_claim_frees_only_files_that_nobody_else_needs(store: HubStore) -> None:
    own, shared, sent = digest("own"), digest("shared"), digest("sent")
    with store.begin() as session:
        session.add_claims(A, [own, shared, sent])
        session.add_claims(B, [shared])
        session.add_documents([document(envelope(1, C), files=(sent,))])
        assert session.drop_claims(A, [own, shared, sent]) == {own}
        assert session.claimed(A, [own, shared, sent]) == set()
        assert session.claimed(B, [shared]) == {shared}


def test_what_a_units_own_document_names_stays_its_own(store: HubStore) -> None:
    with store.begin() as session:
        session.add_claims(A, [digest("sent")])
        session.add_documents([document(envelope(1, A), files=(digest("sent"),))])
        assert session.drop_claims(A, [digest("sent")]) == set()
        assert session.claimed(A, [digest("sent")]) == {digest("sent")}


def test_only_what_a_unit_uploaded_can_be_held(store: HubStore) -> None:
    with store.begin() as session:
        session.add_claims(A, [digest(1)])
        session.add_claims(B, [digest(2)])
        asked = [(A, digest(1)), (A, digest(2)), (B, digest(2))]
        assert session.hold_claims(asked) == {(A, digest(1)), (B, digest(2))}
        assert session.hold_claims([]) == set()


def test_a_file_that_is_held_stays_with_the_document_that_comes_to_name_it(open_again: Open) -> None:
    one, other = open_again(), open_again()
    with one.begin() as session:
        session.add_claims(A, [digest(1)])
    freed: list[set[str]] = []

    def drop() -> None:
        with other.begin() as session:
            freed.append(session.drop_claims(A, [digest(1)]))

    thread = threading.Thread(target=drop)
    with one.begin() as session:
        assert session.hold_claims([(A, digest(1))])
        thread.start()
        thread.join(timeout=0.2)
        assert thread.is_alive()
        session.add_documents([document(envelope(1, A), files=(digest(1),))])
    thread.join(timeout=50)
    assert freed == [set()]
    with one.begin() as session:
        assert session.claimed(A, [digest(1)]) == {digest(1)}


def test_a_file_that_was_given_up_meanwhile_cannot_be_held(open_again: Open) -> None:
    one, other = open_again(), open_again()
    with one.begin() as session:
        session.add_claims(A, [digest(1)])
    held: list[set[tuple[UnitCode, str]]] = []

    def hold() -> None:
        with other.begin() as session:
            held.append(session.hold_claims([(A, digest(1))]))

    thread = threading.Thread(target=hold)
    with one.begin() as session:
        assert session.drop_claims(A, [digest(1)]) == {digest(1)}
        thread.start()
        thread.join(timeout=0.2)
        assert thread.is_alive()
    thread.join(timeout=50)
    assert held == [set()]


def test_usage_adds_up_by_unit_and_day(store: HubStore) -> None:
    tomorrow = NOW + 24 * HOUR
    with store.begin() as session:
        session.add_usage(NOW, {B: Usage(documents=3, bytes=1 << 40), A: Usage(documents=1, bytes=10)})
        session.add_usage(tomorrow, {A: Usage(documents=100)})
        session.add_usage(NOW, {})
    with store.begin() as session:
        session.add_usage(NOW, {A: Usage(documents=2, bytes=5)})
        assert session.usage([A, B, C], NOW) == {
            A: Usage(documents=3, bytes=15),
            B: Usage(documents=3, bytes=1 << 40),
        }
        assert session.usage([A], tomorrow) == {A: Usage(documents=100)}
        assert session.usage([], NOW) == {}


def test_quarantine_keeps_the_same_bytes_once_newest_first(store: HubStore) -> None:
    with store.begin() as session:
        session.quarantine([quarantined(1)])
        session.quarantine([quarantined(2), quarantined(1)])
        assert session.quarantined(9) == [quarantined(2), quarantined(1)]
        assert session.quarantined(1) == [quarantined(2)]


def test_quarantine_takes_whatever_a_detail_quotes(store: HubStore) -> None:
    with store.begin() as session:
        session.quarantine([quarantined(1, detail="bad \0 byte, lone \ud800 surrogate")])
        assert session.quarantined(1)[0].detail == "bad \N{REPLACEMENT CHARACTER} byte, lone ? surrogate"


def test_failures_are_counted_per_message(store: HubStore) -> None:
    with store.begin() as session:
        assert [session.count_failure(digest(1)) for _ in range(3)] == [1, 2, 3]
        assert session.count_failure(digest(2)) == 1


def test_counts_tell_what_is_there_and_what_is_open(store: HubStore) -> None:
    with store.begin() as session:
        write_everything(session)
        session.add_entries([entry(2, envelope(1))])
        counts = session.counts()
    assert {name: count for name, count in counts.items() if count} == {
        "documents": 1,
        "deliveries_accepted": 1,
        "forwards_open": 1,
        "entries_unsealed": 1,
        "quarantined": 1,
    }
    assert {f"deliveries_{state.name.lower()}" for state in TransportState} <= counts.keys()


def test_counts_follow_every_change_whether_folded_or_counted_anew(store: HubStore) -> None:
    before, arrived = delivery(envelope(1)), DeliveryState(transport=TransportState.DELIVERED)
    for keep in (lambda session: None, lambda session: session.fold_counts(), lambda session: session.recount()):
        with store.begin() as session:
            if not session.deliveries_of(envelope(1)):
                session.add_documents([document(envelope(1))])
                session.add_deliveries([before, delivery(envelope(1), C)])
                session.save_deliveries([replace(before, state=arrived)])
                session.quarantine([quarantined(1)])
            session.quarantine([quarantined(1)])
            session.save_deliveries([replace(before, state=arrived)])
            keep(session)
            counts = session.counts()
        assert {name: count for name, count in counts.items() if count} == {
            "documents": 1,
            "deliveries_accepted": 1,
            "deliveries_delivered": 1,
            "quarantined": 1,
        }


def test_digests_come_without_the_bytes(store: HubStore) -> None:
    with store.begin() as session:
        session.add_documents([document(envelope(1))])
        session.add_receipts([receipt(1, envelope(1))])
        assert session.digests([envelope(1), envelope(2)]) == {envelope(1): document(envelope(1)).digest}
        assert session.receipt_digests([receipt_id(1), receipt_id(2)]) == {receipt_id(1): digest(1)}


@pytest.mark.parametrize(
    ("transport", "business", "urgent", "waits"),
    [
        (TransportState.ACCEPTED, BusinessState.UNSIGNED, True, True),
        (TransportState.UNDELIVERED, BusinessState.UNSIGNED, True, True),
        (TransportState.DELIVERED, BusinessState.UNSIGNED, True, True),
        (TransportState.DELIVERED, BusinessState.RECALLING, True, True),
        (TransportState.DELIVERED, BusinessState.SIGNED, True, False),
        (TransportState.DELIVERED, BusinessState.RECALLED, True, False),
        (TransportState.EXPIRED, BusinessState.UNSIGNED, True, False),
        (TransportState.REFUSED, BusinessState.UNSIGNED, True, False),
        (TransportState.DELIVERED, BusinessState.UNSIGNED, False, False),
    ],
)
def test_an_urgent_document_waits_until_it_is_signed_or_given_up(
    store: HubStore, transport: TransportState, business: BusinessState, urgent: bool, waits: bool
) -> None:
    state = DeliveryState(transport=transport, business=business)
    with store.begin() as session:
        assert session.oldest_unsigned_urgent() is None
        session.add_documents([replace(document(envelope(1)), urgent=urgent)])
        session.add_deliveries([replace(delivery(envelope(1)), state=state)])
        assert session.oldest_unsigned_urgent() == (NOW if waits else None)


def test_the_urgent_document_waiting_longest_is_told_if_one_recipient_alone_has_not_signed(store: HubStore) -> None:
    signed = DeliveryState(transport=TransportState.DELIVERED, business=BusinessState.SIGNED)
    with store.begin() as session:
        session.add_documents([document(envelope(n), received=NOW + n * HOUR) for n in (1, 2, 3)])
        session.add_deliveries([replace(delivery(envelope(n)), state=signed) for n in (1, 2)])
        session.add_deliveries([delivery(envelope(2), C), delivery(envelope(3))])
        assert session.oldest_unsigned_urgent() == NOW + 2 * HOUR


def test_pages_follow_each_other_without_gap_or_repeat(store: HubStore) -> None:
    documents = [document(envelope(n, sender)) for n in (1, 2) for sender in (A, B)]
    receipts = [receipt(n, envelope(1)) for n in range(5)]
    with store.begin() as session:
        session.add_documents(documents[::-1])
        session.add_receipts(receipts[::-1])
        assert session.documents_after(None, 3) == documents[:3]
        assert session.documents_after(documents[2].key, 3) == documents[3:]
        assert session.receipts_after(None, 3) == receipts[:3]
        assert session.receipts_after(receipts[2].id, 3) == receipts[3:]


# several at once


def test_two_processes_may_write_one_after_the_other(open_again: Open) -> None:
    one, other = open_again(), open_again()
    with one.begin() as session:
        session.add_documents([document(envelope(1))])
    with other.begin() as session:
        assert session.find(envelope(1).id) == [envelope(1)]
        session.add_documents([document(envelope(2))])
    with one.begin() as session:
        assert session.counts()["documents"] == 2


def test_writers_at_once_wait_for_each_other_and_lose_nothing(open_again: Open) -> None:
    failures: list[BaseException] = []

    def write(store: HubStore, first: int) -> None:
        try:
            for number in range(first, first + 20):
                with store.begin() as session:
                    session.count_failure(digest("shared"))
                    session.add_documents([document(envelope(number))])
        except BaseException as error:  # noqa: BLE001  # shown by the main thread
            failures.append(error)

    stores = [open_again() for _ in range(2)]
    threads = [threading.Thread(target=write, args=(stores[n % 2], n * 100)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=50)
    assert failures == []
    with stores[0].begin() as session:
        assert session.counts()["documents"] == 80
        assert session.count_failure(digest("shared")) == 81


@pytest.mark.parametrize("take", ["deliveries", "reminders", "forwards", "owed"])
def test_what_one_worker_holds_another_does_not_get(open_again: Open, take: str, passes_over: bool) -> None:
    one, other = open_again(), open_again()
    takers: dict[str, Callable[[HubSession], list[object]]] = {
        "deliveries": lambda session: [*session.due_deliveries(NOW, 10)],
        "reminders": lambda session: [*session.due_reminders(NOW, 10)],
        "forwards": lambda session: [*session.due_forwards(NOW, 10)],
        "owed": lambda session: [*session.take_owed(10)],
    }
    with one.begin() as session:
        session.add_deliveries([delivery(envelope(1), remind=NOW)])
        session.add_forwards([Forward(unit=A, receipt=receipt_id(1), due=NOW)])
        session.owe([Owed(unit=A, noted=noted(1))])
    got: list[list[object]] = []

    def second() -> None:
        with other.begin() as session:
            got.append(takers[take](session))

    thread = threading.Thread(target=second)
    with one.begin() as session:
        assert len(takers[take](session)) == 1
        thread.start()
        thread.join(timeout=50 if passes_over else 0.2)
        assert thread.is_alive() is not passes_over
        later = NOW + HOUR
        session.save_deliveries([replace(delivery(envelope(1), remind=later), due=later)])
        session.save_forwards([Forward(unit=A, receipt=receipt_id(1), due=later)])
    thread.join(timeout=50)
    assert got == [[]]


def test_a_delivery_locked_by_another_worker_is_waited_for_and_seen_as_it_left_it(open_again: Open) -> None:
    one, other = open_again(), open_again()
    before = delivery(envelope(1))
    with one.begin() as session:
        session.add_deliveries([before])
    got: list[int] = []

    def second() -> None:
        with other.begin() as session:
            got.extend(record.attempts for record in session.lock_deliveries([before.key]).values())

    thread = threading.Thread(target=second)
    with one.begin() as session:
        session.lock_deliveries([before.key])
        thread.start()
        thread.join(timeout=0.2)
        assert got == []
        session.save_deliveries([replace(before, attempts=7)])
    thread.join(timeout=50)
    assert got == [7]


def test_times_are_exact_and_in_utc(store: HubStore) -> None:
    exact = NOW + timedelta(microseconds=877)
    with store.begin() as session:
        session.add_documents([document(envelope(1), received=exact)])
        received = session.documents([envelope(1)])[envelope(1)].received
    assert (received, received.utcoffset()) == (exact, timedelta(0))


def test_a_unit_finds_what_was_said_about_its_documents_since(store: HubStore) -> None:
    sent, received, foreign, old = envelope(1, B), envelope(2, A), envelope(3, A), envelope(4, A)
    with store.begin() as session:
        session.add_documents([document(key) for key in (sent, received, foreign, old)])
        session.add_deliveries([delivery(sent, C), delivery(received, B), delivery(foreign, C), delivery(old, B)])
        for number, key in enumerate((sent, received, foreign)):
            session.add_receipts([receipt(number, key), receipt(number + 10, key)])
        session.add_receipts([receipt(20, old, recorded=NOW - HOUR)])
        session.add_receipts([receipt(30, envelope(5, B))])  # refused: no document
    with store.begin() as session:
        assert session.spoken_of(B, NOW - HOUR / 2, None, 10) == [sent, received]
        assert session.spoken_of(B, NOW - HOUR / 2, None, 1) == [sent]
        assert session.spoken_of(B, NOW - HOUR / 2, sent, 10) == [received]
        assert session.spoken_of(B, NOW - 2 * HOUR, received, 10) == [old]
        assert session.spoken_of(B, NOW + HOUR, None, 10) == []


# archives


MONTH, NEXT = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
ARCHIVE = ArchiveRecord(
    file="hub-2026-03.archive.zip",
    start=MONTH,
    end=NEXT,
    sha256=digest("file"),
    bytes=1 << 40,
    documents=2,
    receipts=3,
    originals=4,
    written=NOW,
)


def key_of(record: DocumentRecord) -> tuple[datetime, str]:
    return (record.received, record.digest)


def test_archives_are_told_oldest_first_and_finished_once(store: HubStore) -> None:
    later = replace(ARCHIVE, file="a", start=NEXT)
    with store.begin() as session:
        for record in (later, ARCHIVE, ARCHIVE):
            session.add_archive(record)
        assert session.archives() == [ARCHIVE, later]
        session.finish_archive(ARCHIVE.file, NOW + HOUR)
        session.finish_archive(ARCHIVE.file, NOW + 2 * HOUR)
    with store.begin() as session:
        assert session.archives() == [replace(ARCHIVE, removed=NOW + HOUR), later]


def test_bytes_that_were_removed_are_named_by_the_archives_of_their_month_and_the_rest_stays(store: HubStore) -> None:
    gone, stays = document(envelope(1), files=("f" * 64,)), document(envelope(2), content=b"other")
    late, told = document(envelope(3), received=NEXT, content=b"late"), receipt(1, envelope(1))
    with store.begin() as session:
        session.add_documents([gone, stays, late])
        session.add_receipts([told])
        assert session.originals_between(MONTH, NEXT) == 3
        assert session.originals_among([key_of(gone), (NEXT, gone.digest), (told.recorded, told.digest)]) == 2
        session.add_archive(ARCHIVE)
        session.remove_originals([key_of(gone), (told.recorded, told.digest)])
    with store.begin() as session:
        found = session.documents([gone.key, stays.key, late.key])
        assert found == {
            gone.key: replace(gone, document=b"", archived=(ARCHIVE.file,)),
            stays.key: stays,
            late.key: late,
        }
        assert session.receipts_of(gone.key) == [replace(told, document=b"", archived=(ARCHIVE.file,))]
        assert session.digests([gone.key]) == {gone.key: gone.digest}
        assert session.originals_between(MONTH, NEXT) == 1
        assert session.oldest_original(MONTH) == stays.received
        assert session.oldest_original(NEXT) == NEXT
        assert session.oldest_original(NEXT + HOUR) is None


def test_bytes_that_are_nowhere_are_never_passed_over(store: HubStore) -> None:
    lost = document(envelope(1))
    with store.begin() as session:
        session.add_documents([lost])
        session.add_archive(replace(ARCHIVE, start=NEXT, end=NEXT + HOUR))
        session.remove_originals([key_of(lost)])
    with pytest.raises(StorageError) as caught, store.begin() as session:
        session.documents([lost.key])
    assert caught.value.code == "STORAGE_CORRUPT"


def test_receipts_that_are_still_asked_for_are_kept_when_their_bytes_are_removed(store: HubStore) -> None:
    accepted = receipt(1, envelope(1), recipient=None, event=Event.ACCEPTED)
    waiting, done = receipt(2, envelope(1)), receipt(3, envelope(1))
    with store.begin() as session:
        session.add_receipts([accepted, waiting, done])
        session.add_forwards([Forward(unit=A, receipt=waiting.id, due=NOW)])
        session.add_archive(ARCHIVE)
        session.keep_receipts([accepted.id, waiting.id, done.id])
        session.remove_originals([(one.recorded, one.digest) for one in (accepted, waiting, done)])
        session.keep_receipts([accepted.id, waiting.id, done.id])  # comes again after a crash
    with store.begin() as session:
        assert session.receipts_of(envelope(1)) == [
            accepted,
            waiting,
            replace(done, document=b"", archived=(ARCHIVE.file,)),
        ]
        assert session.accepted_receipts([envelope(1)]) == {envelope(1): accepted}


_ARRIVED = DeliveryState(transport=TransportState.DELIVERED, business=BusinessState.SIGNED)
_ASKED = replace(_ARRIVED, recall_requested=Moment(NOW, receipt_id(1)))


@pytest.mark.parametrize(
    ("changes", "settled"),
    [
        ({"state": _ARRIVED}, True),
        ({"state": _ARRIVED, "due": NOW}, False),
        ({"state": _ARRIVED, "remind": NOW}, False),
        ({"state": replace(_ARRIVED, transport=TransportState.UNDELIVERED)}, False),
        ({"state": replace(_ARRIVED, transport=TransportState.EXPIRED)}, True),
        ({"state": _ASKED}, False),
        ({"state": replace(_ASKED, transport=TransportState.EXPIRED)}, True),
        ({"state": replace(_ASKED, business=BusinessState.RECALLED)}, True),
        ({"state": replace(_ASKED, recall_denied=Moment(NOW, receipt_id(2)))}, True),
    ],
)
def test_a_document_is_settled_when_nothing_is_waited_for(
    store: HubStore, changes: dict[str, object], settled: bool
) -> None:
    one, other = document(envelope(1)), document(envelope(2), received=NEXT)
    with store.begin() as session:
        session.add_documents([one, other])
        quiet = replace(delivery(one.key, C, due=None), state=_ARRIVED)
        session.add_deliveries([quiet, replace(delivery(one.key, due=None), **changes)])  # type: ignore[arg-type]
        session.add_deliveries([delivery(other.key)])
        assert session.unsettled(MONTH, NEXT, 10) == ([] if settled else [one.key])
        assert session.unsettled(MONTH, NEXT + HOUR, 1) == ([other.key] if settled else [one.key])


def test_directories_in_force_begin_with_the_one_before(store: HubStore) -> None:
    records = [replace(directory(version), stored=NOW + version * HOUR) for version in range(1, 6)]
    with store.begin() as session:
        for record in records:
            session.add_directory(record)
        assert session.directories_in_force(NOW + 3 * HOUR, NOW + 4 * HOUR) == records[1:4]
        assert session.directories_in_force(NOW, NOW + HOUR) == records[:1]
        assert session.directories_in_force(NOW + 30 * HOUR, NOW + 40 * HOUR) == records[4:]
