"""Several routers, acknowledgers, clocks and sealers on one PostgreSQL: everything is in effect once, nobody waits for
ever."""

import time
from collections import Counter

import pytest
from sqlalchemy import text

from exchange.codec.kind import DocumentKind, root_tag
from exchange.model.events import Event, TransportState
from exchange.ports.hub import HubStore
from exchange.services.audit.promises import audit
from exchange.services.evidence.facts import read_receipt
from exchange.storage.engine import open_engine
from exchange.trial.servers import PostgresServer
from tests.integration.crowd import TIMING, Broker, Crowd
from tests.integration.databases import new_database
from tests.unit.services.hub_and_node import COUNTY, A, B, C, D, E, an_envelope, signed

_DOCUMENTS = 40
_DELIVERIES = _DOCUMENTS * 4


def is_done(store: HubStore) -> bool:
    with store.begin() as session:
        counts = session.counts()
        deliveries = [d for document in session.latest(1000) for d in session.deliveries_of(document.key)]
    reminders = [d for d in deliveries if d.remind and d.state.transport is TransportState.DELIVERED]
    settled = counts["deliveries_delivered"] + counts["deliveries_expired"]
    return settled == _DELIVERIES and not (counts["forwards_open"] or counts["entries_unsealed"] or reminders)


def deadlocks(url: str) -> int:
    engine = open_engine(url)
    try:
        with engine.connect() as connection:
            found = connection.execute(
                text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
            )
            return int(found.scalar_one())
    finally:
        engine.dispose()


@pytest.mark.timeout(200)
def test_whatever_several_workers_do_at_once_is_done_once(postgres: PostgresServer) -> None:
    documents = [signed(an_envelope(B, C, D, E, number=number)) for number in range(1, _DOCUMENTS + 1)]
    with new_database(postgres) as url:
        broker = Broker(seed=1)
        crowd = Crowd(url, broker)
        broker.put("work.normal", A, documents)
        store = crowd.store()
        try:
            crowd.start(routers=3, acknowledgers=3, clocks=3, sealers=2)
            until = time.monotonic() + 120
            while not is_done(store) and time.monotonic() < until:
                time.sleep(0.2)
        finally:
            crowd.stop()
        store = crowd.store()
        assert deadlocks(url) == 0
        assert crowd.failures == []
        check(store, broker)
        store.close()


def check(store: HubStore, broker: Broker) -> None:
    report = audit(store, COUNTY.anchor)
    assert report.ok, [finding for result in report.results for finding in result.findings]
    dispatched = {
        (unit, body): times
        for (unit, body), times in broker.published.items()
        if (tag := root_tag(body)) is not None and tag[0] == DocumentKind.ENVELOPE.root
    }
    with store.begin() as session:
        documents = session.latest(1000)
        assert len(documents) == _DOCUMENTS
        for document in documents:
            receipts = [read_receipt(record.document) for record in session.receipts_of(document.key)]
            for delivery in session.deliveries_of(document.key):
                unit = delivery.key.recipient
                # each attempt was one worker's
                assert dispatched[unit, document.document] == delivery.attempts
                said = [r for r in receipts if r.subject and r.subject.recipient == unit]
                events = Counter(receipt.event for receipt in said)
                counted = [dict(receipt.attributes)["n"] for receipt in said if receipt.event is Event.REMINDED]
                assert sorted(counted) == [str(n) for n in range(1, len(counted) + 1)]
                assert delivery.state.transport is (TransportState.EXPIRED if unit == E else TransportState.DELIVERED)
                # Once, by one clock; on a machine that is too slow for its deadline also where DELIVERED came later.
                assert events[Event.EXPIRED] == 1 if unit == E else events[Event.EXPIRED] <= 1
                assert events[Event.DELIVERED] == (unit != E)
                assert events[Event.SIGNED] == (unit in {B, C})
                assert len(counted) == TIMING.remind_at_most if unit == D else len(counted) <= TIMING.remind_at_most
            assert Counter(receipt.event for receipt in receipts)[Event.ACCEPTED] == 1
