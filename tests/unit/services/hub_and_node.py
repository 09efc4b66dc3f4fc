"""One hub and two nodes over fakes, for the tests of the services: nothing happens but what a test steps.

Node 0 hosts A, node 1 hosts B and C; D and E are units of the county that nobody hosts here. Every wait is the
shortest that settings allow. Each process notes what it does to its store and its broker in `steps`, where a test can
make any step fail.

Not here: chance, crashes at every step, many documents (`tests/simulation`).
"""

import io
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cache
from typing import BinaryIO

from exchange.codec.envelope import decode as decode_envelope
from exchange.codec.signed import DocumentKind, parse_signed
from exchange.directory.snapshot import Directory
from exchange.errors import TransportError, YidiError
from exchange.files.hub import HubFileExchange
from exchange.model.document import BusinessKind, DocumentType, Metadata
from exchange.model.envelope import Declaration, Envelope, EnvelopeId, EnvelopeKey, FileEntry, FileRole, Recipient
from exchange.model.events import Event, Speaker
from exchange.model.receipt import Actor, Receipt, ReceiptId, Subject
from exchange.model.unit import UnitCode
from exchange.ports.files import FileExchange
from exchange.ports.hub import HubSession
from exchange.ports.node import NodeSession
from exchange.ports.office import (
    Address,
    Draft,
    DraftFile,
    HandOver,
    InOffice,
    OfficeAdapter,
    OfficeDecision,
)
from exchange.ports.records import DeliveryRecord, DirectoryRecord
from exchange.ports.text import FileText
from exchange.ports.transport import Delivered, Message
from exchange.services.evidence.facts import read_receipt
from exchange.services.hub.acknowledge import Acknowledger
from exchange.services.hub.administer import Administrator
from exchange.services.hub.discard import Discarder
from exchange.services.hub.dispatch import Dispatcher
from exchange.services.hub.forward import Forwarder
from exchange.services.hub.hub import Hub
from exchange.services.hub.remind import Reminder
from exchange.services.hub.route import Router
from exchange.services.hub.seal import Sealer
from exchange.services.node.decide import Decider
from exchange.services.node.handover import Officer
from exchange.services.node.node import Node
from exchange.services.node.office_decide import OfficeDecider
from exchange.services.node.recall import Recaller
from exchange.services.node.receive import Receiver
from exchange.services.node.refresh import Refresher
from exchange.services.node.relay import Relay
from exchange.services.node.submit import Submitter
from exchange.services.secrecy.plain_text import PlainText
from exchange.settings import HubTiming, NodeTiming
from exchange.testing.broker import FakeBroker
from exchange.testing.clock import FakeClock
from exchange.testing.files import MemoryFiles
from exchange.testing.ids import SeededIds
from exchange.testing.keys import HUB, county
from exchange.testing.metrics import RecordingLog, RecordingMetrics
from exchange.testing.stores import CrashingStore, memory_hub_store, memory_node_store
from exchange.topology import OUT, Lane, in_exchange, inbox_queue
from exchange.trust.certificates import key_entry
from exchange.trust.digest import measure, sha256_hex
from exchange.trust.keys import SoftwareSigner
from exchange.trust.sign import sign_directory, sign_envelope, sign_receipt
from exchange.wiring.node import StoreFeed
from workers import acknowledger, router
from workers.batch import take

COUNTY = county(5)
A, B, C, D, E = COUNTY.units
HOURS = timedelta(hours=1)
NOTICE = Metadata(
    document_identifier="1.2.156.3005.2.520304001-001-2026-08-000012-X",
    document_type=DocumentType.NOTICE,
    title="关于开展安全检查的通知",
    issuer_identification=("测试县人民政府办公室文件",),
    issuer_signatures=("测试县人民政府办公室",),
    issued_date=date(2026, 3, 1),
)


def a_file(name: str = "通知.pdf", data: bytes = b"%PDF-1.7 body", media_type: str = "application/pdf") -> DraftFile:
    return DraftFile(role=FileRole.BODY, name=name, media_type=media_type, open=lambda: io.BytesIO(data))


def a_draft(*to: UnitCode | str, sender: UnitCode = A, files: Iterable[DraftFile] = (), **more: object) -> Draft:
    """A document of A's to B, unless told otherwise."""
    addresses = tuple(Address(to=one) for one in to or (B,))
    values: dict[str, object] = {"metadata": NOTICE, "operator": "李四", "declared_by": "张三"} | more
    return Draft(sender=sender, to=addresses, files=tuple(files), **values)  # type: ignore[arg-type]


def an_entry(data: bytes, name: str = "通知.pdf", **changes: object) -> FileEntry:
    found = measure(io.BytesIO(data))
    values = {"size": found.size, "sha256": found.sha256, "sm3": found.sm3, "media_type": "application/pdf"} | changes
    return FileEntry(role=FileRole.BODY, name=name, **values)  # type: ignore[arg-type]


def an_envelope(*to: UnitCode, sender: UnitCode = A, number: int = 1, **changes: object) -> Envelope:
    """An envelope as somebody could sign it whose node checks nothing."""
    now = FakeClock().now()
    values = {"metadata": NOTICE, "declaration": Declaration(name="张三", at=now), "hub": HUB} | changes
    return Envelope(
        id=EnvelopeId(f"6f1c1f6e-53a5-4c61-9f0e-{number:012}"),
        kind=BusinessKind.DOCUMENT,
        sender=sender,
        recipients=tuple(Recipient(unit=unit) for unit in to or (B,)),
        directory_version=1,
        created=now,
        operator="李四",
        **values,  # type: ignore[arg-type]
    )


def signed(envelope: Envelope, signer: SoftwareSigner | None = None) -> bytes:
    return sign_envelope(envelope, signer or COUNTY.signers[envelope.sender])


def a_receipt(
    event: Event,
    document: bytes,
    unit: UnitCode | None = None,
    *,
    speaker: Speaker = Speaker.HUB,
    number: int = 1,
    signer: SoftwareSigner | None = None,
    **more: object,
) -> bytes:
    """What `unit`, or the hub, could sign about `document`; a recipient about itself, unless `recipient` says
    otherwise."""
    key = decode_envelope(parse_signed(document, DocumentKind.ENVELOPE).body).key
    recipient = more.pop("recipient", unit if speaker.of_recipient else None)
    values = {"at": FakeClock().now(), "hub": HUB, "digest": sha256_hex(document), "person": None} | more
    receipt = Receipt(
        id=ReceiptId(f"0b6e2f0e-0d7c-4a57-8c43-{number:012}"),
        event=event,
        actor=Actor(speaker=speaker, unit=unit, person=values.pop("person")),  # type: ignore[arg-type]
        subject=Subject(envelope=key, digest=values.pop("digest"), recipient=recipient),  # type: ignore[arg-type]
        **values,  # type: ignore[arg-type]
    )
    return sign_receipt(receipt, signer or (COUNTY.signers[unit] if unit else COUNTY.hub))


@cache
def directory_record(directory: Directory = COUNTY.directory) -> DirectoryRecord:
    document = sign_directory(directory, COUNTY.directory_signer)
    stored = FakeClock().now()
    return DirectoryRecord(version=directory.version, digest=sha256_hex(document), document=document, stored=stored)


class Died(BaseException):
    """What a step raises to end its process there and then."""


class Shortest:
    """`Chance`: every wait is as short as it may be, so that a test knows it."""

    def uniform(self, a: float, b: float) -> float:
        return a


class Steps:
    """What a process did to its store and its broker, in order. `faults`: name of a step -> what it raises; `watch`:
    who is told of each step and may raise."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.faults: dict[str, BaseException] = {}
        self.watch: Callable[[str], None] | None = None

    def __call__(self, name: str) -> None:
        self.seen.append(name)
        if self.watch is not None:
            self.watch(name)
        if (fault := self.faults.get(name)) is not None:
            raise fault

    def of(self, *names: str) -> list[str]:
        return [name for name in self.seen if name in names]


class Texts:
    """`TextSource` with a bug: it stumbles over a file of this name."""

    stumbles_over = "坏.txt"

    def lines(self, name: str, media_type: str, open_file: Callable[[], BinaryIO]) -> FileText:
        if name == self.stumbles_over:
            raise ZeroDivisionError
        return PlainText().lines(name, media_type, open_file)


class Line:
    """The node's line to the hub's files. `left`: how many transfers it makes before it breaks, None for ever."""

    def __init__(self, inner: FileExchange) -> None:
        self._inner = inner
        self.left: int | None = None
        self.code: str | None = None  # what it breaks with
        self.moved: list[int] = []

    def offset(self, unit: UnitCode, entry: FileEntry) -> int:
        return self._inner.offset(unit, entry)

    def upload(self, unit: UnitCode, entry: FileEntry, offset: int, chunk: bytes) -> int:
        self._transfer(len(chunk))
        return self._inner.upload(unit, entry, offset, chunk)

    def download(self, unit: UnitCode, sha256: str, offset: int, limit: int) -> bytes:
        self._transfer(0)
        data = self._inner.download(unit, sha256, offset, limit)
        self.moved[-1] = len(data)
        return data

    def _transfer(self, size: int) -> None:
        if self.left == 0:
            raise TransportError("the line is cut", code=self.code)
        self.left = None if self.left is None else self.left - 1
        self.moved.append(size)


class Feed:
    """A node's way to the directory: the hub's own, or `offered` when somebody stands between, or nothing."""

    def __init__(self, inner: StoreFeed) -> None:
        self._inner = inner
        self.offered: bytes | None = None
        self.down = False
        self.asked = 0

    def newer(self, version: int) -> bytes | None:
        self.asked += 1
        if self.down:
            raise TransportError("no line to the hub")
        return self.offered or self._inner.newer(version)


@dataclass
class Office(OfficeAdapter):
    """An office system that remembers. `fault`: what each call raises; `drafts` and `decided_here` wait to be taken."""

    taken: list[HandOver] = field(default_factory=list)
    heard: list[tuple[UnitCode, Receipt]] = field(default_factory=list)
    drafts: list[Draft] = field(default_factory=list)
    answers: list[tuple[str, object]] = field(default_factory=list)
    decided_here: list[OfficeDecision] = field(default_factory=list)
    held: Sequence[InOffice] = ()
    fault: Exception | None = None

    def hand_over(self, item: HandOver) -> str:
        self._check()
        self.taken.append(item)
        return f"OA-{len(self.taken)}"

    def tell(self, unit: UnitCode, receipt: Receipt, document: bytes) -> None:
        self._check()
        assert read_receipt(document) == receipt
        self.heard.append((unit, receipt))

    def collect(self, unit: UnitCode) -> Iterable[Draft]:
        self._check()
        return [draft for draft in self.drafts if draft.sender == unit]

    def sent(self, unit: UnitCode, reference: str, key: EnvelopeKey) -> None:
        self.answers.append((reference, key))

    def refused(self, unit: UnitCode, reference: str, code: str, message: str) -> None:
        self.answers.append((reference, code))

    def decisions(self, unit: UnitCode, held: Callable[[], Sequence[InOffice]]) -> Iterable[OfficeDecision]:
        self._check()
        self.held = held()
        return [one for one in self.decided_here if one.key in {item.key for item in self.taken if item.unit == unit}]

    def decided(self, unit: UnitCode, reference: str, fault: YidiError | None) -> None:
        self.answers.append((reference, fault and fault.code))

    def _check(self) -> None:
        if self.fault is not None:
            raise self.fault


class HubSide:
    def __init__(self, world: "World", timing: HubTiming) -> None:
        self.steps = Steps()
        self.log, self.metrics, self.files = RecordingLog(), RecordingMetrics(), MemoryFiles()
        self.store: CrashingStore[HubSession] = CrashingStore(memory_hub_store(), self.steps)
        with self.store.begin() as session:
            session.add_directory(directory_record())
        self.transport = world.broker.transport("hub", hook=self.steps)
        self.hub = Hub(
            id=HUB,
            store=self.store,
            files=self.files,
            publisher=self.transport.publisher(),
            signer=COUNTY.hub,
            clock=world.clock,
            ids=world.ids,
            chance=Shortest(),
            metrics=self.metrics,
            log=self.log,
            timing=timing,
        )
        self.router, self.acknowledger = Router(self.hub, Texts()), Acknowledger(self.hub)
        self.dispatcher, self.forwarder = Dispatcher(self.hub), Forwarder(self.hub)
        self.reminder, self.discarder = Reminder(self.hub), Discarder(self.hub)
        self.sealer = Sealer(self.store, world.clock, COUNTY.ledger.note, HUB, self.metrics, self.log, holder="sealer")
        self.administrator = Administrator(self.store, COUNTY.directory_signer, world.clock, self.log)
        self.envelopes = router.intake(self.transport, self.hub)
        self._receipts = self.transport.consumer(acknowledger.QUEUES)

    def route(self, limit: int = 100) -> int:
        return take(self.envelopes, self.router.route, limit)

    def acknowledge(self, limit: int = 100) -> int:
        return take(self._receipts, self.acknowledger.acknowledge, limit)

    def deliveries(self, key: EnvelopeKey) -> dict[UnitCode, DeliveryRecord]:
        with self.store.begin() as session:
            return {record.key.recipient: record for record in session.deliveries_of(key)}

    def delivery(self, key: EnvelopeKey, recipient: UnitCode = B) -> DeliveryRecord:
        return self.deliveries(key)[recipient]

    def said(self, key: EnvelopeKey) -> list[str]:
        """The events recorded about a document."""
        with self.store.begin() as session:
            return sorted(record.event.value for record in session.receipts_of(key))

    def quarantine(self) -> list[tuple[str, bytes | None]]:
        with self.store.begin() as session:
            return [(record.code, record.document) for record in session.quarantined(100)]

    def counts(self) -> dict[str, int]:
        with self.store.begin() as session:
            return session.counts()


class NodeSide:
    def __init__(self, world: "World", units: Sequence[UnitCode], timing: NodeTiming) -> None:
        self.units, self.steps, self.office = tuple(units), Steps(), Office()
        self.offices: dict[UnitCode, OfficeAdapter | None] = dict.fromkeys(units, self.office)
        self.log, self.metrics, self.files = RecordingLog(), RecordingMetrics(), MemoryFiles()
        self.store: CrashingStore[NodeSession] = CrashingStore(memory_node_store(), self.steps)
        with self.store.begin() as session:
            session.save_directory(directory_record())
            for unit in units:
                session.add_unit(unit, world.clock.now())
        self.line = Line(HubFileExchange(world.hub.files, world.hub.store))
        self.feed = Feed(StoreFeed(world.hub.store))
        self.transport = world.broker.transport("node", hook=self.steps)
        self.node = Node(
            hub=HUB,
            store=self.store,
            files=self.files,
            exchange=self.line,
            publisher=self.transport.publisher(),
            keys=world.signer,
            anchor=COUNTY.anchor,
            clock=world.clock,
            ids=world.ids,
            chance=Shortest(),
            metrics=self.metrics,
            log=self.log,
            timing=timing,
        )
        self.refresher = Refresher(self.node, self.feed)
        self.submitter, self.relay = Submitter(self.node, Texts()), Relay(self.node)
        self.receiver = Receiver(self.node, self.refresher)
        self.officer = Officer(self.node, self.offices.get, self.submitter)
        self.decider, self.recaller = Decider(self.node), Recaller(self.node)
        self.office_decider = OfficeDecider(self.node, self.offices.get, self.decider)
        self._consumer = self.transport.consumer([inbox_queue(unit) for unit in units])

    def receive(self, limit: int = 100) -> int:
        return take(self._consumer, self.receiver.receive, limit)

    def delivery(self, unit: UnitCode, key: EnvelopeKey) -> DeliveryRecord:
        """What `unit` knows of a document: of its own delivery, or as the sender of the only one."""
        with self.store.begin() as session:
            (record,) = session.deliveries(unit, key)
            return record

    def deliveries(self, unit: UnitCode, key: EnvelopeKey) -> dict[UnitCode, DeliveryRecord]:
        with self.store.begin() as session:
            return {record.key.recipient: record for record in session.deliveries(unit, key)}

    def said(self, unit: UnitCode, key: EnvelopeKey) -> list[str]:
        with self.store.begin() as session:
            return sorted(record.event.value for record in session.receipts_of(unit, key))

    def open_outbox(self, unit: UnitCode) -> list[str]:
        with self.store.begin() as session:
            return [id_ for id_, _ in session.open_outbox(unit)]

    def quarantine(self) -> list[tuple[str, bytes | None]]:
        with self.store.begin() as session:
            return [(record.code, record.document) for record in session.quarantined(None, 100)]

    def counts(self) -> dict[str, int]:
        with self.store.begin() as session:
            return session.counts()


class World:
    def __init__(self, *, hub_timing: HubTiming | None = None, node_timing: NodeTiming | None = None) -> None:
        self.clock, self.ids = FakeClock(), SeededIds()
        self.broker = FakeBroker(clock=self.clock)
        self.broker.declare([A, B, C, D, E])
        self.generation = dict.fromkeys(COUNTY.units, 1)
        self.hub = HubSide(self, hub_timing or HubTiming())
        timing = node_timing or NodeTiming(chunk_bytes=4096)
        self.sending, self.receiving = NodeSide(self, [A], timing), NodeSide(self, [B, C], timing)
        self.nodes = (self.sending, self.receiving)

    def signer(self, unit: UnitCode) -> SoftwareSigner:
        generation = self.generation[unit]
        return COUNTY.signers[unit] if generation == 1 else next_signer(unit, generation)

    # a document's way

    def submit(self, *to: UnitCode | str, **more: object) -> EnvelopeKey:
        return self.sending.submitter.submit(a_draft(*to, **more)).key  # type: ignore[arg-type]

    def accepted(self, *to: UnitCode | str, **more: object) -> EnvelopeKey:
        """A document that the hub has recorded and dispatched; nobody has read an inbox yet."""
        key = self.submit(*to, **more)
        self.sending.relay.relay()
        self.hub.route()
        return key

    def delivered(self, *to: UnitCode | str, **more: object) -> EnvelopeKey:
        """A document that every recipient hosted here has, with all receipts where they belong."""
        key = self.accepted(*to, **more)
        self.settle()
        return key

    def settle(self) -> None:
        """Everything that can happen without time passing."""
        while self._round():
            pass

    def _round(self) -> int:
        done = self.hub.route() + self.hub.acknowledge() + self.hub.forwarder.note()
        done += self.hub.discarder.discard()
        for side in self.nodes:
            done += side.receive() + side.relay.relay() + side.relay.note()
        return done

    # what goes on around it

    def pass_time(self, by: timedelta) -> None:
        self.clock.advance(by)

    def change_directory(self, change: Callable[[Directory], Directory]) -> Directory:
        return self.hub.administrator.change(change)

    def refresh(self) -> None:
        for side in self.nodes:
            side.refresher.refresh()

    def kill_hub(self, step: str, work: Callable[[], object]) -> None:
        """`work` ends at `step` as if the process had died there; it starts again with what its store holds."""
        self.hub.steps.faults = {step: Died()}
        with suppress(Died):
            work()
        self.hub.steps.faults = {}
        self.hub.transport.close()

    # the wire

    def put(self, body: bytes, user: UnitCode = A, lane: Lane = Lane.NORMAL) -> None:
        """Anything, from whoever has the broker account of `user`."""
        message = Message(exchange=in_exchange(user), key=lane.value, body=body, user=user)
        self.broker.transport("anybody").publisher().publish([message])

    def give(self, body: bytes, unit: UnitCode = B) -> None:
        """Anything, from whoever may publish as the hub."""
        self.broker.transport("anybody").publisher().publish([Message(exchange=OUT, key=unit, body=body)])

    def upload(self, data: bytes, unit: UnitCode = A, **changes: object) -> FileEntry:
        """Give the hub a file as `unit`'s; the entry is as the unit would sign it, or with `changes` in it."""
        entry = an_entry(data)
        HubFileExchange(self.hub.files, self.hub.store).upload(unit, entry, 0, data)
        return replace(entry, **changes)  # type: ignore[arg-type]

    def waiting(self, queue: str) -> list[bytes]:
        """Look at a queue without taking anything from it."""
        peek = self.broker.transport("peek")
        bodies = [message.body for message in peek.consumer([queue]).receive(1000, 0)]
        peek.close()
        return bodies

    def inbox(self, unit: UnitCode) -> list[bytes]:
        return self.waiting(inbox_queue(unit))

    def empty(self, unit: UnitCode) -> list[Delivered]:
        """Take everything from an inbox, as if it were read or lost."""
        consumer = self.broker.transport("lost").consumer([inbox_queue(unit)])
        batch = consumer.receive(1000, 0)
        consumer.ack([message.tag for message in batch])
        return batch

    def events(self, unit: UnitCode) -> list[str]:
        """The receipts that wait in an inbox, by event; envelopes as '-'."""
        return [event_of(body) for body in self.inbox(unit)]


def event_of(body: bytes) -> str:
    return read_receipt(body).event.value if body.startswith(b"<Receipt") else "-"


@cache
def next_signer(unit: UnitCode, generation: int) -> SoftwareSigner:
    return COUNTY.keys.signer(unit, generation=generation)


def with_next_key(directory: Directory, unit: UnitCode, generation: int = 2) -> Directory:
    entry = directory.by_code[unit]
    changed = replace(entry, keys=(*entry.keys, key_entry(next_signer(unit, generation).certificate)))
    return replace(directory, units=tuple(changed if e.unit.code == unit else e for e in directory.units))
