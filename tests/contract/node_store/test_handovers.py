"""What offices are to get and have."""

from dataclasses import replace

from exchange.model.events import BusinessState
from exchange.ports.node import (
    NodeStore,
)
from tests.contract.node_store.rows import handover
from tests.contract.store_records import (
    HOUR,
    NOW,
    A,
    B,
    C,
    delivery,
    envelope,
    receipt,
)


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


def test_what_waits_for_one_office_is_hastened_and_what_is_done_with_stays_so(store: NodeStore) -> None:
    done = replace(handover(3), due=None, external_id="X")
    with store.begin() as session:
        session.add_handovers([handover(1, hours=1), handover(2, unit=A, hours=1), done])
        session.hasten_handovers(B, NOW)
        assert session.due_handovers(NOW, 9) == [handover(1)]
        assert session.handover(B, envelope(3)) == done


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


def test_what_an_office_refused_is_counted_while_nobody_has_acted(store: NodeStore) -> None:
    states = {1: BusinessState.UNSIGNED, 2: BusinessState.SIGNED, 3: BusinessState.UNSIGNED, 4: BusinessState.REJECTED}
    faults = dict.fromkeys(states, "OA_REJECTED") | {3: None}
    with store.begin() as session:
        session.add_handovers([replace(handover(number), due=None) for number in states])
        session.save_handovers([replace(handover(no), due=None, attempts=1, fault=its) for no, its in faults.items()])
        for number, state in states.items():
            record = delivery(envelope(number))
            session.add_deliveries(B, [replace(record, state=replace(record.state, business=state))])
        assert session.refused_by_offices() == 1
        assert session.handover_faults() == {}
