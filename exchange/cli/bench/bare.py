"""The bare work that nobody could spare an exchange, for documents that have been delivered: the very same messages
signed and verified again, and their rows written again to empty stores, in the workers' batches.

For one document to R units that is 1 + 1 + R signatures (envelope, ACCEPTED, each DELIVERED), 1 + R verified
envelopes (hub, each recipient), 1 + 2R verified receipts (each DELIVERED at the hub and at the sender) and the synced
transactions of sender, router, recipients, acknowledger and sender again. Left out: NOTED, the ledger's seal, files.
Each recipient's verification counts, as on nodes apart, though one node that hosts many judges the same bytes once a
batch.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from exchange.cli.bench.county import County
from exchange.cli.bench.routing import rows_of
from exchange.cli.bench.spent import Spent, spent, spent_each
from exchange.codec.read import read_envelope, read_receipt
from exchange.directory.snapshot import Directory
from exchange.model.envelope import EnvelopeKey
from exchange.model.events import Event
from exchange.model.receipt import Noted
from exchange.model.unit import UnitCode
from exchange.ports.hub import Forward, HubStore, Owed
from exchange.ports.keys import Signer
from exchange.ports.node import Box, NodeStore, OutboxKind, OutboxRow
from exchange.ports.records import DeliveryRecord, DocumentRecord, ReceiptRecord
from exchange.services.hub.hub import record_entry
from exchange.storage import open_hub_store, open_node_store
from exchange.topology import Lane
from exchange.trust.sign import sign_envelope, sign_receipt
from exchange.trust.verify import Verifier
from exchange.wiring.rooms import open_stores
from exchange.wiring.system import SystemClock

__all__ = ["Bare", "Case", "Work", "case_of", "measure_bare"]

BATCH = 200

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bare:
    sign: Spent
    verify: Spent
    commit: Spent

    @property
    def total(self) -> Spent:
        return self.sign + self.verify + self.commit


@dataclass(frozen=True, slots=True)
class Case:
    """One document as the stores hold it: at its sender's node, with ACCEPTED and every DELIVERED."""

    document: DocumentRecord
    deliveries: Sequence[DeliveryRecord]
    accepted: ReceiptRecord
    delivered: Sequence[ReceiptRecord]


def measure_bare(county: County, keys: Sequence[EnvelopeKey], folder: Path) -> Bare:
    """The exchange that delivered `keys` has stopped; its stores are read."""
    hub, node = open_stores(county.layout)
    bare_hub = open_hub_store(f"sqlite:///{folder / 'bare-hub.sqlite'}")
    bare_node = open_node_store(f"sqlite:///{folder / 'bare-node.sqlite'}")
    try:
        work = Work(
            cases=[case_of(node, key) for key in keys],
            signer=county.layout.node_keys(county.layout.settings()).signer(county.sender.code),
            directory=county.directory,
            now=SystemClock().now(),
        )
        return Bare(sign=work.sign(), verify=work.verify(), commit=work.commit(hub, bare_hub, bare_node))
    finally:
        for store in (hub, node, bare_hub, bare_node):
            store.close()


def case_of(store: NodeStore, key: EnvelopeKey) -> Case:
    with store.begin() as session:
        receipts = session.receipts_of(key.sender, key)
        return Case(
            session.documents(Box.SENT, [(key.sender, key)])[(key.sender, key)],
            session.deliveries(key.sender, key),
            next(record for record in receipts if record.event is Event.ACCEPTED),
            [record for record in receipts if record.event is Event.DELIVERED],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What is done again, for `cases`."""

    cases: Sequence[Case]
    signer: Signer
    directory: Directory
    now: datetime

    def sign(self) -> Spent:
        envelopes = [read_envelope(case.document.document) for case in self.cases]
        receipts = [read_receipt(record.document) for case in self.cases for record in (case.accepted, *case.delivered)]
        return spent_each(lambda envelope: sign_envelope(envelope, self.signer), envelopes) + spent_each(
            lambda receipt: sign_receipt(receipt, self.signer), receipts
        )

    def verify(self) -> Spent:
        verifier = Verifier(self.directory)
        documents = [case.document.document for case in self.cases for _ in range(1 + len(case.deliveries))]
        receipts = [r.document for case in self.cases for r in (case.accepted, *case.delivered, *case.delivered)]
        return spent_each(lambda document: verifier.envelope(document, self.now), documents) + spent_each(
            lambda receipt: verifier.receipt(receipt, self.now), receipts
        )

    def commit(self, hub: HubStore, bare_hub: HubStore, bare_node: NodeStore) -> Spent:
        """Five kinds of transactions: a sender's, the router's, recipients', the acknowledger's, and the sender's
        again. `hub` is read, the other two are written."""
        cases, now = self.cases, self.now
        routed = rows_of(hub, [case.document.key for case in cases], now)
        delivered = [(case, record) for case in cases for record in case.delivered]
        batches = list(_batches(delivered))

        def route() -> None:
            with bare_hub.begin() as session:
                routed.write(session)

        def every() -> None:
            for case in cases:
                _submitted(bare_node, case, now)
            route()
            for batch in batches:
                _received(bare_node, batch, now)
            for batch in batches:
                _acknowledged(bare_hub, batch, now)
            for batch in batches:
                _told(bare_node, batch)

        return spent(every)


def _submitted(store: NodeStore, case: Case, now: datetime) -> None:
    sender = case.document.key.sender
    with store.begin() as session:
        session.add_documents(Box.SENT, [(sender, case.document)])
        session.add_deliveries(sender, case.deliveries)
        session.add_outbox([_outbox(sender, OutboxKind.ENVELOPE, case.document, now)])


def _received(store: NodeStore, batch: Sequence[tuple[Case, ReceiptRecord]], now: datetime) -> None:
    with store.begin() as session:
        session.add_documents(Box.INBOX, [(_recipient(record), case.document) for case, record in batch])
        for case, record in batch:
            unit = _recipient(record)
            session.add_deliveries(unit, [_own(case, unit)])
            session.add_receipts(unit, [record])
        session.add_outbox([_outbox(_recipient(record), OutboxKind.RECEIPT, record, now) for _, record in batch])


def _acknowledged(store: HubStore, batch: Sequence[tuple[Case, ReceiptRecord]], now: datetime) -> None:
    records = [record for _, record in batch]
    with store.begin() as session:
        session.save_deliveries([_own(case, _recipient(record)) for case, record in batch])
        session.add_receipts(records)
        session.add_entries([record_entry(record) for record in records])
        session.add_forwards([Forward(unit=r.envelope.sender, receipt=r.id, due=now) for r in records])
        session.owe([Owed(unit=_recipient(r), noted=Noted(receipt=r.id, digest=r.digest)) for r in records])


def _told(store: NodeStore, batch: Sequence[tuple[Case, ReceiptRecord]]) -> None:
    sender = batch[0][0].document.key.sender
    with store.begin() as session:
        session.add_receipts(sender, [record for _, record in batch])
        session.save_deliveries(sender, [_own(case, _recipient(record)) for case, record in batch])


def _recipient(record: ReceiptRecord) -> UnitCode:
    assert record.recipient is not None  # DELIVERED speaks of one
    return record.recipient


def _own(case: Case, unit: UnitCode) -> DeliveryRecord:
    return next(delivery for delivery in case.deliveries if delivery.key.recipient == unit)


def _outbox(unit: UnitCode, kind: OutboxKind, record: DocumentRecord | ReceiptRecord, now: datetime) -> OutboxRow:
    document = isinstance(record, DocumentRecord)
    return OutboxRow(
        unit=unit,
        kind=kind,
        id=record.key.id if isinstance(record, DocumentRecord) else record.id,
        digest=record.digest,
        lane=Lane.NORMAL if document else Lane.RECEIPT,
        due=now,
        envelope=record.key if isinstance(record, DocumentRecord) else record.envelope,
        document=record.document,
    )


def _batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]
