"""The contract of the hub's store: documents, deliveries, and what is counted of them.

On SQLite here, on PostgreSQL in `tests.integration.test_hub_store_postgresql`.
"""

from dataclasses import replace
from datetime import timedelta

import pytest

from exchange.errors import StorageError
from exchange.model.events import BusinessState, TransportState
from exchange.model.fold import DeliveryState, Moment
from exchange.ports.hub import (
    Forward,
    HubStore,
)
from exchange.ports.records import DeliveryKey
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
    quarantined,
    receipt,
    receipt_id,
    write_everything,
)


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


def test_the_newest_directory_counts_and_every_version_is_kept(store: HubStore) -> None:
    with store.begin() as session:
        assert (session.directory(), session.directory_version()) == (None, 0)
        session.add_directory(directory(10))
        session.add_directory(directory(9))
        assert (session.directory(), session.directory_version()) == (directory(10), 10)
        assert session.directories() == [directory(9), directory(10)]


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


def test_what_is_undelivered_to_one_unit_comes_oldest_first(store: HubStore) -> None:
    old = replace(delivery(envelope(1)), expires=NOW + HOUR)
    done = replace(delivery(envelope(3)), state=DeliveryState(transport=TransportState.DELIVERED))
    with store.begin() as session:
        session.add_deliveries([delivery(envelope(2)), old, done, delivery(envelope(4), A)])
        assert session.undelivered_to(B) == [envelope(1), envelope(2)]
