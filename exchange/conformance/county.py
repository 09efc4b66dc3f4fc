"""A hub and two nodes in memory, with the real services: UNIT, whose office is on trial, and PEER, which the kit plays.

Nothing happens but what a play steps. Time begins now, so that days are those of the office, and passes when told.

Not here: the office of UNIT (`stage`).
"""

import io
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final

from exchange.codec.read import read_envelope, read_receipt
from exchange.files.hub import HubFileExchange
from exchange.model.document import DocumentType, Metadata
from exchange.model.envelope import Envelope, EnvelopeKey, FileRole
from exchange.model.receipt import Receipt
from exchange.model.unit import UnitCode
from exchange.ports.hub import HubSession
from exchange.ports.node import Box, NodeSession
from exchange.ports.office import Address, Draft, DraftFile, HandOver
from exchange.ports.records import DirectoryRecord, ReceiptRecord
from exchange.ports.transport import Consumer, Delivered
from exchange.services.hub.acknowledge import Acknowledger
from exchange.services.hub.forward import Forwarder
from exchange.services.hub.hub import Hub
from exchange.services.hub.route import Router
from exchange.services.node.decide import Decider
from exchange.services.node.node import Node
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
from exchange.topology import Lane, inbox_queue, work_queue
from exchange.trust.digest import sha256_hex
from exchange.trust.sign import sign_directory

__all__ = ["PEER", "UNIT", "County", "Member"]

_COUNTY: Final = county(2)
UNIT, PEER = _COUNTY.units
_ORGAN: Final = "测试县人民政府办公室"

Serve = Callable[[Sequence[Delivered], Consumer], int]


class _Shortest:
    """`Chance`: every wait is as short as it may be."""

    def uniform(self, a: float, b: float) -> float:
        return a


class _Feed:
    """Nobody changes the directory during a play."""

    def newer(self, version: int) -> bytes | None:
        return None


@cache
def _directory() -> DirectoryRecord:
    document = sign_directory(_COUNTY.directory, _COUNTY.directory_signer)
    issued = _COUNTY.directory.issued
    return DirectoryRecord(version=1, digest=sha256_hex(document), document=document, stored=issued)


def _take(consumer: Consumer, serve: Serve) -> int:
    batch = consumer.receive(100, 0)
    return serve(batch, consumer) if batch else 0


class Member:
    """One unit's node. `watch`: who is told of each step of its store, and may raise."""

    def __init__(self, world: "County", unit: UnitCode) -> None:
        self.unit, self.log = unit, RecordingLog()
        self.watch: Callable[[str], None] = _nobody
        self.store: CrashingStore[NodeSession] = CrashingStore(memory_node_store(), self._step)
        with self.store.begin() as session:
            session.save_directory(_directory())
            session.add_unit(unit, world.clock.now())
        transport = world.broker.transport(unit)
        self.node = Node(
            hub=HUB,
            store=self.store,
            files=MemoryFiles(),
            exchange=HubFileExchange(world.files, world.store),
            publisher=transport.publisher(),
            keys=_COUNTY.signers.__getitem__,
            anchor=_COUNTY.anchor,
            clock=world.clock,
            ids=world.ids,
            chance=_Shortest(),
            metrics=RecordingMetrics(),
            log=self.log,
            timing=NodeTiming(),
        )
        self.submitter, self._relay = Submitter(self.node, PlainText()), Relay(self.node)
        self.decider, self.recaller = Decider(self.node), Recaller(self.node)
        self._receiver = Receiver(self.node, Refresher(self.node, _Feed()))
        self._consumer = transport.consumer([inbox_queue(unit)])

    def _step(self, step: str) -> None:
        self.watch(step)

    def unwatch(self) -> None:
        self.watch = _nobody

    def step(self) -> int:
        return _take(self._consumer, self._receiver.receive) + self._relay.relay() + self._relay.note()

    def receipts(self, key: EnvelopeKey) -> list[Receipt]:
        """What it knows of a document."""
        return [read_receipt(record.document) for record in self.records(key)]

    def records(self, key: EnvelopeKey) -> list[ReceiptRecord]:
        with self.store.look() as session:
            return session.receipts_of(self.unit, key)

    def said(self, key: EnvelopeKey) -> list[str]:
        return sorted(record.event.value for record in self.records(key))

    def state(self, key: EnvelopeKey) -> str:
        """What became of a document at its only recipient."""
        with self.store.look() as session:
            (record,) = session.deliveries(self.unit, key)
        return record.state.business.name

    def counts(self) -> dict[str, int]:
        with self.store.look() as session:
            return session.counts()


class County:
    def __init__(self) -> None:
        self.clock = FakeClock(datetime.now(UTC))
        self.ids = SeededIds(secrets.randbits(64))  # a real office remembers those of other plays
        self.broker, self.files = FakeBroker(clock=self.clock), MemoryFiles()
        self.broker.declare([UNIT, PEER])
        self.store: CrashingStore[HubSession] = CrashingStore(memory_hub_store(), _nobody)
        with self.store.begin() as session:
            session.add_directory(_directory())
        transport = self.broker.transport("hub")
        hub = Hub(
            id=HUB,
            store=self.store,
            files=self.files,
            publisher=transport.publisher(),
            signer=_COUNTY.hub,
            clock=self.clock,
            ids=self.ids,
            chance=_Shortest(),
            metrics=RecordingMetrics(),
            log=RecordingLog(),
            timing=HubTiming(),
        )
        self._router, self._acknowledger, self._forwarder = Router(hub, PlainText()), Acknowledger(hub), Forwarder(hub)
        self._envelopes = transport.consumer([work_queue(Lane.URGENT), work_queue(Lane.NORMAL)])
        self._receipts = transport.consumer([work_queue(Lane.RECEIPT)])
        self.ours, self.peer = Member(self, UNIT), Member(self, PEER)

    def send(self, title: str, files: Mapping[str, bytes]) -> EnvelopeKey:
        """A document of the peer's to the unit on trial, on its way."""
        return self.peer.submitter.submit(self._draft(PEER, UNIT, title, files)).key

    def send_as_clerk(self, title: str) -> EnvelopeKey:
        """A document of the unit's that its office knows nothing of: from a page, or by another program."""
        return self.ours.submitter.submit(self._draft(UNIT, PEER, title, {})).key

    def _draft(self, sender: UnitCode, to: UnitCode, title: str, files: Mapping[str, bytes]) -> Draft:
        metadata = Metadata(
            document_identifier=title,
            document_type=DocumentType.NOTICE,
            title=title,
            issuer_identification=(_ORGAN,),
            issuer_signatures=(_ORGAN,),
            issued_date=self.clock.now().date(),
        )
        drafts = [
            DraftFile(
                role=FileRole.ATTACHMENT if number else FileRole.BODY,
                name=name,
                media_type="application/octet-stream",
                open=lambda data=data: io.BytesIO(data),  # type: ignore[misc]  # each its own
            )
            for number, (name, data) in enumerate(files.items())
        ]
        return Draft(
            sender=sender,
            to=(Address(to=to),),
            metadata=metadata,
            files=tuple(drafts),
            operator="李四",
            declared_by="张三",
        )

    def peer_envelopes(self, title: str) -> list[Envelope]:
        """What the peer received under this title."""
        with self.peer.store.look() as session:
            documents = [document for document, _ in session.listing(PEER, Box.INBOX, 1000) if document.title == title]
        return [read_envelope(one.document) for one in documents]

    def peer_inbox(self, title: str) -> list[tuple[EnvelopeKey, dict[str, bytes]]]:
        """The same, with the files as it has them."""
        files = self.peer.node.files
        return [
            (one.key, {entry.name: files.open(entry.sha256).read() for entry in one.files})
            for one in self.peer_envelopes(title)
        ]

    def hand_over(self, key: EnvelopeKey, *, again: bool) -> HandOver:
        """What the node gives an adapter about a document that arrived."""
        ours = self.ours
        with ours.store.look() as session:
            document = session.documents(Box.INBOX, [(UNIT, key)])[(UNIT, key)].document
        name = _COUNTY.directory.by_code[PEER].unit.name
        return HandOver(
            unit=UNIT,
            key=key,
            sender_name=name,
            envelope=read_envelope(document),
            document=document,
            open_file=ours.node.files.open,
            again=again,
        )

    def settle(self) -> None:
        """Everything between the nodes that can happen without time passing."""
        while self._round():
            pass

    def pass_time(self, by: timedelta) -> None:
        self.clock.advance(by)

    def _round(self) -> int:
        done = _take(self._envelopes, self._router.route) + _take(self._receipts, self._acknowledger.acknowledge)
        return done + self._forwarder.note() + self.ours.step() + self.peer.step()


def _nobody(_step: str) -> None:
    pass
