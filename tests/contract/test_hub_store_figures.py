"""The contract of the hub's store: figures of a period, held against a story that was counted by hand.

On SQLite here, on PostgreSQL in `tests.integration.test_hub_store_postgresql`.
"""

from dataclasses import replace
from datetime import timedelta

from exchange.model.events import BusinessState, TransportState
from exchange.model.fold import DeliveryState, Moment
from exchange.model.unit import UnitCode
from exchange.ports.figures import Figures
from exchange.ports.hub import HubStore, Usage
from exchange.ports.records import DeliveryRecord
from tests.contract.store_records import HOUR, NOW, A, B, C, delivery, document, envelope, receipt_id

DAY = timedelta(days=1)
MIDNIGHT = NOW.replace(hour=0, minute=0, second=0, microsecond=0)


def took(
    number: int,
    hours: float | None,
    recipient: UnitCode = B,
    *,
    business: BusinessState = BusinessState.SIGNED,
    sign_by: float | None = None,
    reminders: int = 0,
) -> DeliveryRecord:
    """Delivered at once, and signed after so many hours; None is never. `sign_by`: hours after NOW."""
    signed = None if hours is None else Moment(NOW + hours * HOUR, receipt_id(2), "张三")
    state = DeliveryState(
        transport=TransportState.DELIVERED,
        business=BusinessState.UNSIGNED if hours is None and business is BusinessState.SIGNED else business,
        delivered=Moment(NOW, receipt_id(1)),
        signed=signed,
        reminders=reminders,
    )
    by = None if sign_by is None else NOW + sign_by * HOUR
    return replace(delivery(envelope(number), recipient), state=state, sign_by=by)


def test_a_month_is_summed_up_by_unit_and_of_all(store: HubStore) -> None:
    on_its_way = replace(delivery(envelope(1), C), sign_by=None)
    records = [
        took(1, 1.0),
        took(2, 2.0, sign_by=3),  # in time
        took(3, 30.0, sign_by=24),  # too late
        took(4, 4.0, business=BusinessState.RETURNED),
        took(5, None, business=BusinessState.REJECTED),
        took(6, None, sign_by=24),  # late, and not signed yet
        took(7, None, reminders=1),  # urged
        took(7, 0.5, C),
        on_its_way,
    ]
    with store.begin() as session:
        session.add_documents([document(envelope(number), received=NOW) for number in range(1, 8)])
        session.add_documents([document(envelope(8), received=NOW - DAY), document(envelope(9, B), received=NOW)])
        session.add_deliveries([*records, took(8, 9.0)])
        session.add_usage(MIDNIGHT, {A: Usage(documents=7, bytes=700), B: Usage(documents=1, bytes=30)})
        session.add_usage(MIDNIGHT - DAY, {A: Usage(documents=1, bytes=99)})
        found = session.figures(MIDNIGHT, MIDNIGHT + DAY, NOW + 48 * HOUR)
    assert found == {
        A: Figures(sent=7, bytes=700),
        B: Figures(
            sent=1, bytes=30, addressed=7, received=7, signed=4, returned=1, rejected=1, overdue=3,
            median=2 * HOUR, most=30 * HOUR,
        ),
        C: Figures(addressed=2, received=1, signed=1, median=HOUR / 2, most=HOUR / 2),
        None: Figures(
            sent=8, bytes=730, addressed=9, received=8, signed=5, returned=1, rejected=1, overdue=3,
            median=2 * HOUR, most=30 * HOUR,
        ),
    }  # fmt: skip


def test_the_nearest_rank_of_many_is_taken_and_a_clock_that_ran_back_counts_as_at_once(store: HubStore) -> None:
    with store.begin() as session:
        session.add_documents([document(envelope(number), received=NOW) for number in range(1, 41)])
        session.add_deliveries([took(number, float(number)) for number in range(2, 41)])
        session.add_deliveries([took(1, -3.0)])
        of_b = session.figures(MIDNIGHT, MIDNIGHT + DAY, NOW)[B]
    assert (of_b.median, of_b.most) == (20 * HOUR, 38 * HOUR)


def test_of_nothing_there_are_no_figures(store: HubStore) -> None:
    with store.begin() as session:
        assert session.figures(MIDNIGHT, MIDNIGHT + DAY, NOW) in ({}, {None: Figures()})
