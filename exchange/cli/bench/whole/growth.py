"""The same documents again after the county has grown, and after its ledger has.

More units: in the directory, and with accounts, exchanges and queues at the broker; without keys, since nobody writes
to them. More ledger: documents to 100 units each with their deliveries and receipts, sealed by the sealer itself; rows
of the usual shape, but with short stand-ins for the signed bytes, which no index holds.
"""

import math
import time
from collections.abc import Callable
from datetime import datetime

from exchange.cli.bench.county import HUB
from exchange.cli.bench.whole.load import measure_rate
from exchange.cli.bench.whole.result import Growth
from exchange.cli.bench.whole.stage import Stage, county_units
from exchange.ledger.entry import LedgerEntry
from exchange.model.envelope import EnvelopeId, EnvelopeKey
from exchange.model.events import Event, Speaker
from exchange.model.fold import DeliveryState
from exchange.model.receipt import Actor, Receipt, ReceiptId, Subject
from exchange.model.unit import UnitCode, parse_hub_id
from exchange.ports.hub import HubSession
from exchange.ports.records import DeliveryKey, DeliveryRecord, DocumentRecord, ReceiptRecord
from exchange.services.hub.hub import record_entry
from exchange.trust.digest import sha256_hex
from exchange.wiring.enrolment import import_units
from exchange.wiring.hub import open_administration
from exchange.wiring.provision import provision
from exchange.wiring.system import SystemClock, SystemIds

__all__ = ["grow_ledger", "grow_units", "same_again"]

_RECIPIENTS = 8
_CIRCULATION = 100
_DOCUMENTS_AT_ONCE = 20
_TO_SETTLE = 10
# Of processor, in a second: idle loops take less, also with the broker's accounts of 3,000 units.
_QUIET_SECONDS = 0.4

Say = Callable[[int, int], None]


def same_again(stage: Stage, size: int, documents: int, grow_seconds: float, note: str = "") -> Growth:
    run, _ = measure_rate(stage, _RECIPIENTS, documents, lambda _done, _of: None)
    return Growth(size=size, grow_seconds=grow_seconds, note=note, run=run)


def grow_units(stage: Stage, size: int, documents: int) -> Growth:
    """The clock, which would do the broker's part by itself, waits meanwhile, so that it is done and timed once."""
    place, clock = stage.trial.hub_place(), stage.trial.workers["clock-1"]
    clock.stop()
    began = time.monotonic()
    administration = open_administration(place.home(), stage.hub_store, stage.county.log)
    directory = import_units(administration, county_units(size)[len(administration.administrator.current().units) :])
    signed = time.monotonic() - began
    provision(place, directory)
    seconds = time.monotonic() - began
    clock.start()
    stage.until(lambda: _holds_version(stage, directory.version), "the directory at the nodes")
    _settle(stage)
    note = f"directory {signed:.1f} s, broker {seconds - signed:.1f} s"
    return same_again(stage, size, documents, seconds, note)


def _settle(stage: Stage) -> None:
    """Each process takes a new directory once, when it first needs it, and the clock compares it with the broker: part
    of growing, not of a delivery."""
    measure_rate(stage, _RECIPIENTS, _TO_SETTLE, lambda _done, _of: None)
    spent = [math.inf]

    def is_quiet() -> bool:
        now, before = sum(stage.cpu().values()), spent.pop()
        spent.append(now)
        return now - before < _QUIET_SECONDS

    stage.until(is_quiet, "quiet", every_seconds=1.0)


def _holds_version(stage: Stage, version: int) -> bool:
    for store in stage.node_stores:
        with store.begin() as session:
            if session.directory_version() < version:
                return False
    return True


def grow_ledger(stage: Stage, size: int, documents: int, say: Say) -> Growth:
    began, now, missing = time.monotonic(), SystemClock().now(), size - _entries(stage)
    maker, each = _Maker(now), 2 + _CIRCULATION
    for start in range(0, max(0, missing), each * _DOCUMENTS_AT_ONCE):
        with stage.hub_store.begin() as session:
            maker.write(session, min(_DOCUMENTS_AT_ONCE, 1 + (missing - start) // each))
        say(start, missing)
    filled = time.monotonic() - began
    stage.rest()
    seconds = time.monotonic() - began
    return same_again(stage, size, documents, seconds, f"rows {filled:.1f} s, sealing until {seconds:.1f} s")


def _entries(stage: Stage) -> int:
    with stage.hub_store.begin() as session:
        checkpoint = session.checkpoint()
    return checkpoint.size if checkpoint else 0


class _Maker:
    """Rows about delivered documents of long ago."""

    def __init__(self, now: datetime) -> None:
        self._now, self._ids = now, SystemIds()
        self._sender = UnitCode("520304-990")
        self._recipients = [UnitCode(f"520304-{number:06}") for number in range(990_000, 990_000 + _CIRCULATION)]
        state = DeliveryState().add(self._receipt(Event.ACCEPTED, Speaker.HUB, None))
        self._state = state.add(self._receipt(Event.DELIVERED, Speaker.NODE, self._recipients[0]))

    def write(self, session: HubSession, count: int) -> None:
        documents = [self._document() for _ in range(count)]
        receipts = [self._record(one, Event.ACCEPTED, None) for one in documents]
        receipts += [self._record(one, Event.DELIVERED, unit) for one in documents for unit in self._recipients]
        session.add_documents(documents)
        session.add_deliveries([self._delivery(one, unit) for one in documents for unit in self._recipients])
        session.add_receipts(receipts)
        session.add_entries([*map(_entry, documents), *map(record_entry, receipts)])

    def _document(self) -> DocumentRecord:
        key = EnvelopeKey(self._sender, EnvelopeId(self._ids.new()))
        body = str(key).encode()
        return DocumentRecord(
            key=key, digest=sha256_hex(body), document=body, received=self._now, title="往年公文", urgent=False
        )

    def _delivery(self, document: DocumentRecord, unit: UnitCode) -> DeliveryRecord:
        return DeliveryRecord(
            key=DeliveryKey(document.key, unit), state=self._state, digest=document.digest, attempts=1
        )

    def _record(self, document: DocumentRecord, event: Event, unit: UnitCode | None) -> ReceiptRecord:
        id_ = ReceiptId(self._ids.new())
        body = id_.encode()
        return ReceiptRecord(
            id=id_,
            envelope=document.key,
            recipient=unit,
            event=event,
            digest=sha256_hex(body),
            document=body,
            at=self._now,
            recorded=self._now,
        )

    def _receipt(self, event: Event, speaker: Speaker, unit: UnitCode | None) -> Receipt:
        key = EnvelopeKey(self._sender, EnvelopeId(self._ids.new()))
        return Receipt(
            id=ReceiptId(self._ids.new()),
            hub=parse_hub_id(HUB),
            event=event,
            actor=Actor(speaker=speaker, unit=unit),
            at=self._now,
            subject=Subject(envelope=key, digest=sha256_hex(b""), recipient=unit),
        )


def _entry(record: DocumentRecord) -> LedgerEntry:
    return LedgerEntry(
        kind="ENVELOPE",
        sender=record.key.sender,
        envelope_id=record.key.id,
        id=record.key.id,
        digest=record.digest,
        recorded=record.received,
    )
