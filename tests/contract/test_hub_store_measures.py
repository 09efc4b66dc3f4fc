"""The contract of the hub's store: what gauges ask.

On SQLite here, on PostgreSQL in `tests.integration.test_hub_store_postgresql`.
"""

from dataclasses import replace
from datetime import timedelta

from exchange.model.envelope import EnvelopeKey
from exchange.model.events import BusinessState, TransportState
from exchange.model.fold import DeliveryState
from exchange.model.presence import Presence
from exchange.model.unit import UnitCode
from exchange.ports.hub import HubStore, SealedCheckpoint
from exchange.ports.measures import Unsigned
from exchange.ports.presence import PresenceRecord
from exchange.ports.records import DeliveryRecord
from tests.contract.store_records import HOUR, NOW, A, B, C, delivery, document, entry, envelope


def on_its_way(number: int, state: TransportState, hours: int) -> DeliveryRecord:
    due = None if state.settled else NOW
    record = delivery(envelope(number), due=due)
    return replace(record, state=DeliveryState(transport=state), expires=NOW + hours * HOUR)


def test_the_oldest_on_its_way_is_found_for_each_state(store: HubStore) -> None:
    with store.begin() as session:
        assert session.first_to_expire() == {}
        session.add_deliveries(
            [
                on_its_way(1, TransportState.ACCEPTED, 5),
                on_its_way(2, TransportState.ACCEPTED, 3),
                on_its_way(3, TransportState.UNDELIVERED, 4),
                on_its_way(4, TransportState.DELIVERED, 1),
                on_its_way(5, TransportState.EXPIRED, 1),
            ]
        )
        assert session.first_to_expire() == {
            TransportState.ACCEPTED: NOW + 3 * HOUR,
            TransportState.UNDELIVERED: NOW + 4 * HOUR,
        }
        assert session.expiring_before(NOW + 4 * HOUR, 100) == 1
        assert session.expiring_before(NOW + 5 * HOUR + timedelta(seconds=1), 100) == 3
        assert session.expiring_before(NOW + 99 * HOUR, 2) == 2


def test_what_is_late_though_its_unit_is_there(store: HubStore) -> None:
    said = Presence(version="1.0", started=1, directory=1, disk_free=1, disk_size=2)
    minute = timedelta(minutes=1)

    def there(unit: UnitCode, since: int, heard: int) -> PresenceRecord:
        at = NOW - heard * minute
        return PresenceRecord(unit=unit, said=at, heard=at, since=NOW - since * minute, presence=said)

    with store.begin() as session:
        session.save_presences([there(A, 60, 1), there(B, 10, 1), there(C, 60, 6)])  # C is gone again, B has just come
        late = on_its_way(1, TransportState.ACCEPTED, 3)
        session.add_deliveries(
            [
                *(replace(late, key=delivery(envelope(1), unit).key) for unit in (A, B, C)),
                replace(on_its_way(2, TransportState.RELAYED, 3), key=delivery(envelope(2), A).key),
                replace(on_its_way(3, TransportState.RELAYED, 5), key=delivery(envelope(3), A).key),
                replace(on_its_way(4, TransportState.DELIVERED, 3), key=delivery(envelope(4), A).key),
            ]
        )
        asked = (NOW + 4 * HOUR, NOW - 15 * minute, NOW - 5 * minute)
        assert session.expiring_though_here(*asked, 100) == 2
        assert session.expiring_though_here(*asked, 1) == 1
        assert session.expiring_though_here(NOW, *asked[1:], 100) == 0


def test_what_nobody_signed_for_is_counted_by_unit_and_urgency(store: HubStore) -> None:
    def delivered(
        key: EnvelopeKey, unit: UnitCode, business: BusinessState = BusinessState.UNSIGNED, reminders: int = 0
    ) -> DeliveryRecord:
        state = DeliveryState(transport=TransportState.DELIVERED, business=business, reminders=reminders)
        return replace(delivery(key, unit, due=None), state=state, sign_by=None)

    urgent, one, other = envelope(1), envelope(2), envelope(3)
    before = NOW - 2 * HOUR
    with store.begin() as session:
        assert session.unsigned(NOW) == {}
        session.add_documents([replace(document(urgent), urgent=True)])
        session.add_documents([replace(document(one), urgent=False)])
        session.add_documents([replace(document(other, received=before), urgent=False)])
        session.add_deliveries(
            [
                delivered(urgent, B),
                replace(delivered(one, B), sign_by=NOW - HOUR),
                replace(delivered(other, B), sign_by=NOW + HOUR),
                delivered(urgent, C, reminders=1),
                delivered(one, C, BusinessState.SIGNED),
                delivered(other, C, BusinessState.RECALLING),
                replace(delivered(one, A), state=DeliveryState(transport=TransportState.ACCEPTED)),
            ]
        )
        assert session.unsigned(NOW) == {
            (B, True): Unsigned(1, 0, NOW),
            (B, False): Unsigned(2, 1, before),
            (C, True): Unsigned(1, 1, NOW),
            (C, False): Unsigned(1, 0, before),
        }


def test_the_oldest_that_is_not_sealed(store: HubStore) -> None:
    with store.begin() as session:
        assert session.oldest_unsealed() is None
        entries = [replace(entry(n, envelope(n)), recorded=NOW + n * HOUR) for n in (1, 2)]
        session.add_entries(entries)
        assert session.oldest_unsealed() == NOW + HOUR
        first = session.unsealed(10)[0][0]
        session.seal([(first, 0)], {}, SealedCheckpoint(size=1, root=b"r" * 32, note="n", at=NOW))
        assert session.oldest_unsealed() == NOW + 2 * HOUR


def test_the_database_takes_up_room(store: HubStore) -> None:
    with store.begin() as session:
        assert session.database_bytes() > 10_000
