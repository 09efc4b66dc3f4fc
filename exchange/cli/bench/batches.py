"""One by one against batches: what a synced commit costs a row, and a publish or an acknowledgement a message."""

from dataclasses import dataclass, replace
from pathlib import Path

from exchange.cli.bench.county import County
from exchange.cli.bench.spent import spent, spent_each
from exchange.model.envelope import EnvelopeId, EnvelopeKey
from exchange.model.events import Event
from exchange.model.receipt import ReceiptId
from exchange.ports.hub import HubStore
from exchange.ports.records import ReceiptRecord
from exchange.ports.transport import Message, Transport
from exchange.storage import open_hub_store
from exchange.topology import OUT, inbox_queue
from exchange.transport.portable import PortableTransport
from exchange.trust.digest import sha256_hex
from exchange.wiring.system import SystemClock, SystemIds

__all__ = ["BATCH", "Batching", "measure_commits", "measure_messages"]

BATCH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Batching:
    """A second's worth, one by one and `batch` at a time."""

    single_per_second: float
    batched_per_second: float
    batch: int = BATCH

    @property
    def gain(self) -> float:
        return self.batched_per_second / self.single_per_second


def measure_commits(folder: Path, county: County) -> Batching:
    """Rows of receipts, synced to disk: one transaction each, and one per batch."""
    store = open_hub_store(f"sqlite:///{folder / 'commits.sqlite'}")
    try:
        singles, batch = _receipts(county, BATCH // 2), [_receipts(county, BATCH) for _ in range(10)]
        one_by_one = spent_each(lambda row: _add(store, [row]), singles)
        together = spent_each(lambda rows: _add(store, rows), batch)
    finally:
        store.close()
    return Batching(
        single_per_second=len(singles) / one_by_one.wall, batched_per_second=BATCH * len(batch) / together.wall
    )


def measure_messages(county: County) -> Batching:
    """Messages through the broker and back: publish, take, acknowledge."""
    transport = PortableTransport("memory://")
    try:
        transport.declare(unit.code for unit in county.units)
        body = _receipts(county, 1)[0].document
        messages = [Message(exchange=OUT, key=county.sender.code, body=body)] * BATCH
        one_by_one = spent(lambda: _there_and_back(transport, county, [[message] for message in messages]))
        together = spent(lambda: _there_and_back(transport, county, [messages] * 5))
    finally:
        transport.close()
    return Batching(single_per_second=BATCH / one_by_one.wall, batched_per_second=5 * BATCH / together.wall)


def _there_and_back(transport: Transport, county: County, batches: list[list[Message]]) -> None:
    publisher, consumer = transport.publisher(), transport.consumer([inbox_queue(county.sender.code)])
    for batch in batches:
        publisher.publish(batch)
        consumer.ack([message.tag for message in consumer.receive(len(batch), 0)])
    publisher.close()
    consumer.close()


def _add(store: HubStore, rows: list[ReceiptRecord]) -> None:
    with store.begin() as session:
        session.add_receipts(rows)


def _receipts(county: County, count: int) -> list[ReceiptRecord]:
    """Rows of a usual size."""
    now, ids = SystemClock().now(), SystemIds()
    document = bytes(1800)
    row = ReceiptRecord(
        id=ReceiptId(""),
        envelope=EnvelopeKey(county.sender.code, EnvelopeId(ids.new())),
        recipient=county.others[0].code,
        event=Event.DELIVERED,
        digest=sha256_hex(document),
        document=document,
        at=now,
        recorded=now,
    )
    return [replace(row, id=ReceiptId(ids.new())) for _ in range(count)]
