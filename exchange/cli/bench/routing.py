"""The routing worker over a prepared queue: how long it takes in all, and how long the parts that nobody could spare
it take alone, on the very same messages in the very same batches.

Unavoidable: verify each envelope, sign its ACCEPTED, write the rows in one synced transaction a batch, publish. The
rest is taking and acknowledging, looking up what is known, the secrecy gate, and our own overhead.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from exchange.cli.bench.county import County, envelopes
from exchange.cli.bench.spent import Spent, spent, spent_each
from exchange.ledger.entry import LedgerEntry
from exchange.model.envelope import EnvelopeKey
from exchange.model.events import Event
from exchange.model.receipt import Subject
from exchange.ports.hub import Forward, HubSession, HubStore
from exchange.ports.records import DeliveryRecord, DocumentRecord, ReceiptRecord
from exchange.ports.telemetry import Metrics
from exchange.ports.transport import Message, Transport
from exchange.services.hub.hub import Hub
from exchange.storage import open_hub_store
from exchange.topology import OUT, Lane, in_exchange
from exchange.transport.portable import PortableTransport
from exchange.trust.sign import sign_envelope
from exchange.wiring.hub import HubServices, open_hub
from exchange.wiring.system import SystemClock
from workers import router

__all__ = ["BATCH", "RoutingCost", "Rows", "measure_routing", "rows_of"]

BATCH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingCost:
    """For `envelopes` documents to `recipients` units each.

    `share` is of time on the processor: waiting for the disk would come on top of both sides alike, and a machine
    with other work to do would blur it."""

    recipients: int
    envelopes: int
    whole: Spent
    verify: Spent
    sign: Spent
    commit: Spent
    publish: Spent

    @property
    def share(self) -> float:
        return (self.verify.cpu + self.sign.cpu + self.commit.cpu + self.publish.cpu) / self.whole.cpu


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """What the router wrote about some documents."""

    documents: list[DocumentRecord]
    deliveries: list[DeliveryRecord]
    receipts: list[ReceiptRecord]
    entries: list[LedgerEntry]
    forwards: list[Forward]

    def write(self, session: HubSession) -> None:
        session.add_documents(self.documents)
        session.add_deliveries(self.deliveries)
        session.add_receipts(self.receipts)
        session.add_entries(self.entries)
        session.add_forwards(self.forwards)


def rows_of(store: HubStore, keys: Iterable[EnvelopeKey], now: datetime) -> Rows:
    """The router's rows about `keys`, read back."""
    wanted = list(keys)
    with store.begin() as session:
        receipts = session.accepted_receipts(wanted)
        ids = {record.id: record for record in receipts.values()}
        entries = [entry for key in wanted for _, entry in session.entries_of(key)]
        return Rows(
            documents=list(session.documents(wanted).values()),
            deliveries=[delivery for key in wanted for delivery in session.deliveries_of(key)],
            receipts=list(receipts.values()),
            entries=[entry for entry in entries if entry.kind == "ENVELOPE" or entry.id in ids],
            forwards=[
                Forward(unit=r.envelope.sender, receipt=r.id, due=now + timedelta(minutes=1), attempts=1)
                for r in receipts.values()
            ],
        )


def measure_routing(county: County, recipients: int, count: int, folder: Path, metrics: Metrics) -> RoutingCost:
    store = open_hub_store(county.layout.hub_database())
    bare = open_hub_store(f"sqlite:///{folder / f'bare-{time.monotonic_ns()}.sqlite'}")
    transport = PortableTransport("memory://")
    try:
        transport.declare(unit.code for unit in county.units)
        home = county.layout.hub_home(county.layout.settings())
        hub = open_hub(home, store, transport.publisher(), metrics, county.log)
        return _measure(_Measured(county, hub, transport, bare), recipients, count)
    finally:
        transport.close()
        bare.close()
        store.close()


@dataclass(frozen=True, slots=True)
class _Measured:
    county: County
    services: HubServices
    transport: Transport
    bare: HubStore

    @property
    def hub(self) -> Hub:
        return self.services.hub


def _measure(at: _Measured, recipients: int, count: int) -> RoutingCost:
    county, now = at.county, SystemClock().now()
    made = envelopes(county, recipients, count, now)
    signer = county.layout.node_keys(county.layout.settings()).signer(county.sender.code)
    documents = [sign_envelope(envelope, signer) for envelope in made]
    keys = [envelope.key for envelope in made]
    _feed(at, documents)
    verifier = at.hub.verifier()  # once per version of the directory, not per batch
    consumer = at.transport.consumer(router.QUEUES)
    try:
        whole = spent(lambda: _route_all(at, consumer))
    finally:
        consumer.close()
    batches = [keys[start : start + BATCH] for start in range(0, count, BATCH)]
    rows = [rows_of(at.hub.store, batch, now) for batch in batches]
    return RoutingCost(
        recipients=recipients,
        envelopes=count,
        whole=whole,
        verify=spent_each(lambda document: verifier.envelope(document, now), documents),
        sign=spent_each(lambda record: _accept(at.hub, record, now), [one for part in rows for one in part.documents]),
        commit=spent_each(lambda part: _commit(at.bare, part), rows),
        publish=spent_each(lambda part: _publish(at, part), rows),
    )


def _feed(at: _Measured, documents: list[bytes]) -> None:
    sender = at.county.sender.code
    publisher = at.transport.publisher()
    exchange, lane = in_exchange(sender), Lane.NORMAL.value
    publisher.publish([Message(exchange=exchange, key=lane, body=body, user=sender) for body in documents])
    publisher.close()


def _route_all(at: _Measured, consumer: object) -> None:
    while router.step(at.services.router, consumer, limit=BATCH):  # type: ignore[arg-type]
        pass


def _accept(hub: Hub, record: DocumentRecord, now: datetime) -> None:
    hub.receipt(Event.ACCEPTED, now, subject=Subject(envelope=record.key, digest=record.digest))


def _commit(store: HubStore, rows: Rows) -> None:
    with store.begin() as session:
        rows.write(session)


def _publish(at: _Measured, rows: Rows) -> None:
    bodies = {record.key: record.document for record in rows.documents}
    messages = [Message(exchange=OUT, key=d.key.recipient, body=bodies[d.key.envelope]) for d in rows.deliveries]
    messages += [Message(exchange=OUT, key=r.envelope.sender, body=r.document) for r in rows.receipts]
    at.hub.publisher.publish(messages)
