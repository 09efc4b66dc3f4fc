"""Transactions that touch the same rows in different orders wait for each other, and never for ever."""

import contextlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from sqlalchemy import text

from exchange.errors import ConflictError
from exchange.ports.hub import Forward, HubSession, HubStore, Owed
from exchange.ports.records import DeliveryKey
from exchange.storage import open_hub_store
from exchange.storage.engine import open_engine
from exchange.trial.servers import PostgresServer
from tests.contract.store_records import (
    HOUR,
    NOW,
    A,
    delivery,
    document,
    envelope,
    noted,
    quarantined,
    receipt_id,
)
from tests.integration.databases import new_database

_ROWS, _ROUNDS = 400, 25
Act = Callable[[HubSession, Sequence[int]], object]


def keys(numbers: Sequence[int]) -> list[DeliveryKey]:
    return [delivery(envelope(n)).key for n in numbers]


ACTS: dict[str, tuple[Act, Act]] = {
    "add documents": (lambda s, numbers: s.add_documents([document(envelope(1000 + n)) for n in numbers]),) * 2,
    "lock and hasten deliveries": (
        lambda s, numbers: s.lock_deliveries(keys(numbers)),
        lambda s, numbers: s.hasten_deliveries(keys(numbers), NOW),
    ),
    "lock deliveries and hasten all": (
        lambda s, numbers: s.lock_deliveries(keys(numbers)),
        lambda s, numbers: s.hasten_open(NOW, NOW),
    ),
    "hasten and close forwards": (
        lambda s, numbers: s.hasten_forwards([(A, receipt_id(n)) for n in numbers], NOW),
        lambda s, numbers: s.close_forwards(A, [receipt_id(n) for n in numbers]),
    ),
    "close forwards": (lambda s, numbers: s.close_forwards(A, [receipt_id(n) for n in numbers]),) * 2,
    "owe": (lambda s, numbers: s.owe([Owed(unit=A, noted=noted(n)) for n in numbers]),) * 2,
    "quarantine": (lambda s, numbers: s.quarantine([quarantined(n) for n in numbers]),) * 2,
}


def fill(store: HubStore) -> None:
    with store.begin() as session:
        session.hasten_open(NOW + HOUR, NOW + HOUR)
        session.take_owed(10_000)
        session.close_forwards(A, [receipt_id(n) for n in range(_ROWS)])
        session.add_forwards([Forward(unit=A, receipt=receipt_id(n), due=NOW + HOUR) for n in range(_ROWS)])
        rows = [replace(delivery(envelope(n)), due=NOW + HOUR) for n in range(_ROWS)]
        if session.lock_deliveries([row.key for row in rows]):
            session.save_deliveries(rows)
        else:
            session.add_deliveries(rows)


@pytest.mark.parametrize("name", ACTS)
def test_opposite_orders_never_block_each_other(postgres: PostgresServer, name: str) -> None:
    failures: list[BaseException] = []
    with new_database(postgres) as url:
        stores = [open_hub_store(url) for _ in range(2)]
        meet = threading.Barrier(2, timeout=50)

        def run(store: HubStore, act: Act, numbers: Sequence[int]) -> None:
            meet.wait()
            try:
                with contextlib.suppress(ConflictError), store.begin() as session:
                    act(session, numbers)
            except BaseException as error:  # noqa: BLE001  # shown by the main thread
                failures.append(error)

        for _ in range(_ROUNDS):
            fill(stores[0])
            orders = [list(range(_ROWS)), list(range(_ROWS))[::-1]]
            threads = [
                threading.Thread(target=run, args=(store, act, order))
                for store, act, order in zip(stores, ACTS[name], orders, strict=True)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(timeout=50)
        for store in stores:
            store.close()
        engine = open_engine(url)
        with engine.connect() as connection:
            found = text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
            assert connection.execute(found).scalar_one() == 0
        engine.dispose()
    assert failures == []
