"""The contract of the hub's store: receipts, refusals, and what goes on to whom.

On SQLite here, on PostgreSQL in `tests.integration.test_hub_store_postgresql`.
"""

from dataclasses import replace

from exchange.model.events import Event
from exchange.ports.hub import (
    Forward,
    HubStore,
    Owed,
    Refusal,
)
from exchange.ports.records import DeliveryKey
from exchange.ports.resends import Resend
from tests.contract.store_records import (
    HOUR,
    NOW,
    A,
    B,
    C,
    digest,
    envelope,
    noted,
    receipt,
    receipt_id,
)


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


def test_what_came_in_a_package_is_confirmed_until_a_newer_one_comes(store: HubStore) -> None:
    old, new = (Owed(unit=A, noted=noted(n), carried=NOW + n * HOUR) for n in (1, 2))
    other = Owed(unit=B, noted=noted(3, fault="CONFLICT"), carried=NOW)
    with store.begin() as session:
        session.owe([new, old, other, Owed(unit=A, noted=noted(4))])
        session.owe([replace(old, carried=NOW + 9 * HOUR)])  # the first to confirm it counts
        assert session.carried(A) == [noted(1), noted(2)]
        assert len(session.take_owed(9)) == 4
        assert session.carried(A) == [noted(1), noted(2)]
        session.forget_carried(A, NOW + 2 * HOUR)
        assert session.carried(A) == [noted(2)]
        assert session.carried(B) == [noted(3, fault="CONFLICT")]


def test_the_forwards_to_one_unit_are_all_that_it_has_not_confirmed(store: HubStore) -> None:
    with store.begin() as session:
        session.add_forwards([Forward(unit=A, receipt=receipt_id(n), due=NOW - n * HOUR) for n in (1, 2, 3)])
        session.add_forwards([Forward(unit=B, receipt=receipt_id(4), due=NOW)])
        session.close_forwards(A, [receipt_id(2)])
        assert session.forwards_to(A) == [receipt_id(3), receipt_id(1)]


def test_what_is_owed_is_owed_once_and_taken_once_oldest_first(store: HubStore) -> None:
    owed = [Owed(unit=B, noted=noted(1)), Owed(unit=A, noted=noted(1, fault="CONFLICT")), Owed(unit=A, noted=noted(2))]
    with store.begin() as session:
        for one in [*owed, *owed]:
            session.owe([one])
        assert session.take_owed(2) == owed[:2]
        assert session.take_owed(9) == owed[2:]
        assert session.take_owed(9) == []


def test_what_is_to_be_sent_again_is_kept_once_until_it_is_removed(store: HubStore) -> None:
    one = Resend(key=DeliveryKey(envelope(1), B), due=NOW)
    other = Resend(key=DeliveryKey(envelope(1), C), due=NOW + HOUR, attempts=2)
    with store.begin() as session:
        session.add_resends([one, other])
        session.add_resends([replace(one, attempts=9)])
    with store.begin() as session:
        assert session.due_resends(NOW, 9) == [one]
        session.save_resends([replace(one, due=NOW + 2 * HOUR, attempts=1)])
        assert session.due_resends(NOW, 9) == []
        assert session.due_resends(NOW + 2 * HOUR, 1) == [other]
        session.remove_resends([other.key])
    with store.begin() as session:
        assert session.due_resends(NOW + 2 * HOUR, 9) == [replace(one, due=NOW + 2 * HOUR, attempts=1)]
