"""A hub's store with one document's whole history in it, for the tests of evidence, and a forger's tools."""

import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from io import BytesIO
from pathlib import Path

from exchange.ledger.container import Member
from exchange.ledger.entry import LedgerEntry
from exchange.ledger.manifest import Manifest
from exchange.ledger.package import EvidencePackage, read, write
from exchange.model.document import BusinessKind, DocumentType, EmergencyDegree, Metadata
from exchange.model.envelope import (
    Declaration,
    Envelope,
    EnvelopeId,
    EnvelopeKey,
    FileEntry,
    FileRole,
    Recipient,
    RecipientRole,
)
from exchange.model.events import Event, Speaker
from exchange.model.receipt import Actor, Reason, Receipt, ReceiptId, Subject
from exchange.model.unit import UnitCode
from exchange.ports.keys import Signer
from exchange.ports.records import DirectoryRecord, DocumentRecord, ReceiptRecord
from exchange.services.evidence.gather import EvidenceExporter
from exchange.services.hub.hub import record_entry
from exchange.services.hub.seal import Sealer
from exchange.testing.clock import FakeClock
from exchange.testing.files import MemoryFiles
from exchange.testing.keys import HUB, County, county, unit_code
from exchange.testing.metrics import RecordingLog, RecordingMetrics
from exchange.testing.stores import memory_hub_store
from exchange.trust.digest import measure, sha256_hex
from exchange.trust.sign import sign_directory, sign_envelope, sign_receipt

START = datetime(2026, 11, 23, 0, 30, tzinfo=UTC)
BODY, ATTACHMENT = b"%PDF-1.7 " + b"body " * 500, b"%PDF-1.7 attachment"
SENDER, SECOND, THIRD, FOURTH, STRANGER = (unit_code(number) for number in (1, 2, 3, 4, 5))
COUNTY = county(5)


def file_entry(role: FileRole, name: str, data: bytes) -> FileEntry:
    found = measure(BytesIO(data))
    return FileEntry(
        role=role, name=name, media_type="application/pdf", size=found.size, sha256=found.sha256, sm3=found.sm3, pages=2
    )


ENVELOPE = Envelope(
    id=EnvelopeId("6f1c1f6e-53a5-4c61-9f0e-0a3f5f9f1d11"),
    hub=HUB,
    kind=BusinessKind.DOCUMENT,
    sender=SENDER,
    recipients=(
        Recipient(unit=SECOND),
        Recipient(unit=THIRD, print_quota=3),
        Recipient(unit=FOURTH, role=RecipientRole.COPY),
    ),
    directory_version=1,
    created=START,
    sign_by=START + timedelta(days=2),
    declaration=Declaration(name="张三", at=START, reviewed_by="王五"),
    operator="李四",
    metadata=Metadata(
        document_identifier="1.2.156.3005.2.520304001-0102026-08-00012-X",
        document_type=DocumentType.NOTICE,
        title="关于做好汛期地质灾害防治工作的通知",
        issuer_identification=("播州区人民政府办公室文件",),
        issuer_signatures=("播州区人民政府办公室",),
        issued_date=date(2026, 11, 22),
        issued_number="播府办发〔2026〕12号",
        emergency_degree=EmergencyDegree.URGENT,
        main_receivers=("各镇乡人民政府", "区直有关部门"),
        attachment_notes=("1. 隐患点排查表",),
        annotation="此件公开发布",
    ),
    content="请各单位于收文当日组织排查。",
    files=(
        file_entry(FileRole.BODY, "通知正文.pdf", BODY),
        file_entry(FileRole.ATTACHMENT, "隐患点排查表.pdf", ATTACHMENT),
    ),
)


@dataclass
class World:
    """`say` adds a receipt to the store as the hub would record it; `seal` puts what is new into the ledger."""

    path: Path
    county: County = COUNTY
    envelope: Envelope = ENVELOPE
    clock: FakeClock = field(default_factory=lambda: FakeClock(START))

    def __post_init__(self) -> None:
        self.store, self.files = memory_hub_store(), MemoryFiles()
        log, metrics = RecordingLog(), RecordingMetrics()
        self.sealer = Sealer(self.store, self.clock, self.county.ledger.note, HUB, metrics, log, holder="sealer")
        self.exporter = EvidenceExporter(
            self.store, self.files, self.clock, self.county.ledger.note, self.county.anchor
        )
        self.document = sign_envelope(self.envelope, self.county.signers[self.envelope.sender])
        self.digest = sha256_hex(self.document)
        self.directory = sign_directory(self.county.directory, self.county.directory_signer)
        self._receipts = self._others = 0
        with self.store.begin() as session:
            session.add_directory(
                DirectoryRecord(
                    version=1, digest=sha256_hex(self.directory), document=self.directory, stored=self.clock.now()
                )
            )
        for data in (BODY, ATTACHMENT):
            digest = sha256(data).hexdigest()
            self.files.append("", digest, 0, data)
            self.files.complete("", digest, len(data))

    @property
    def key(self) -> EnvelopeKey:
        return self.envelope.key

    def other_entries(self, count: int) -> None:
        """What else goes on in the county."""
        with self.store.begin() as session:
            session.add_entries(
                [
                    LedgerEntry(
                        kind="RECEIPT",
                        sender=FOURTH,
                        envelope_id=f"00000000-0000-4000-8000-{number:012}",
                        id=f"00000000-0000-4000-9000-{number:012}",
                        digest=sha256(b"%d" % number).hexdigest(),
                        recorded=self.clock.now(),
                    )
                    for number in range(self._others, self._others + count)
                ]
            )
        self._others += count
        self.seal()

    def hold(self) -> str | None:
        """Record the document; returns the checkpoint of the moment before."""
        received = self.clock.now()
        record = DocumentRecord(
            key=self.key,
            digest=self.digest,
            document=self.document,
            received=received,
            title=self.envelope.metadata.title,
            files=tuple(file.sha256 for file in self.envelope.files),
        )
        entry = LedgerEntry(
            kind="ENVELOPE",
            sender=self.key.sender,
            envelope_id=self.key.id,
            id=self.key.id,
            digest=self.digest,
            recorded=received,
        )
        with self.store.begin() as session:
            checkpoint = session.checkpoint()
            session.add_documents([record])
            session.add_entries([entry])
        return checkpoint.note if checkpoint else None

    def accept(self) -> None:
        self.say(Event.ACCEPTED, checkpoint=self.hold())

    def receipt(
        self, event: Event, unit: UnitCode | None = None, *, speaker: Speaker = Speaker.HUB, **more: object
    ) -> Receipt:
        self._receipts += 1
        person = more.pop("person", None)
        about = more.pop("about", unit if speaker is not Speaker.SENDER else None)
        return Receipt(
            id=ReceiptId(f"0b6e2f0e-0d7c-4a57-8c43-{self._receipts:012}"),
            hub=HUB,
            event=event,
            actor=Actor(speaker=speaker, unit=None if speaker is Speaker.HUB else unit, person=person),  # type: ignore[arg-type]
            at=self.clock.now(),
            subject=Subject(envelope=self.key, digest=self.digest, recipient=about),  # type: ignore[arg-type]
            **more,  # type: ignore[arg-type]
        )

    def say(self, event: Event, unit: UnitCode | None = None, **more: object) -> Receipt:
        receipt = self.receipt(event, unit, **more)  # type: ignore[arg-type]
        signer: Signer = self.county.hub if receipt.actor.unit is None else self.county.signers[receipt.actor.unit]
        self.record(receipt, sign_receipt(receipt, signer))
        self.clock.advance(timedelta(minutes=7))
        return receipt

    def record(self, receipt: Receipt, document: bytes) -> None:
        assert receipt.subject is not None
        record = ReceiptRecord(
            id=receipt.id,
            envelope=self.key,
            recipient=receipt.subject.recipient,
            event=receipt.event,
            digest=sha256_hex(document),
            document=document,
            at=receipt.at,
            recorded=self.clock.now() + timedelta(seconds=2),
        )
        with self.store.begin() as session:
            session.add_receipts([record])
            session.add_entries([record_entry(record)])

    def seal(self) -> None:
        self.sealer.seal()

    def history(self) -> None:
        """One unit signs and answers, one sends it back after a reminder, one never gets it."""
        self.other_entries(11)
        self.accept()
        self.say(Event.DELIVERED, SECOND, speaker=Speaker.NODE)
        self.say(Event.DELIVERED, THIRD, speaker=Speaker.NODE)
        self.seal()
        self.say(Event.READ, SECOND, speaker=Speaker.ADAPTER)
        self.say(Event.SIGNED, SECOND, speaker=Speaker.PERSON, person="赵六")
        self.say(Event.REMINDED, THIRD, attributes=(("n", "1"),))
        self.other_entries(20)
        self.say(Event.SIGNED, THIRD, speaker=Speaker.PERSON, person="钱七")
        self.say(
            Event.RETURNED,
            THIRD,
            speaker=Speaker.PERSON,
            person="钱七",
            reason=Reason.WRONG_UNIT,
            text="不属本单位职责，请改送区自然资源局",
        )
        self.say(Event.FEEDBACK, SECOND, speaker=Speaker.PERSON, person="赵六", text="已排查 12 处隐患点")
        self.say(Event.EXPIRED, FOURTH, reason=Reason.TTL, text="逾期未送达，共投递 9 次")
        self.say(Event.RECALL_REQUESTED, SENDER, speaker=Speaker.SENDER, person="李四", text="附件有误")
        self.seal()


def exported(path: Path, *, with_files: bool = True, world: World | None = None) -> Path:
    world = world or World(path)
    world.history()
    target = path / "evidence.zip"
    world.exporter.export(world.key, target, with_files=with_files)
    return target


def alter(path: Path, change: Callable[[EvidencePackage], EvidencePackage]) -> Path:
    """Write a changed package with a manifest that fits it, as a forger would."""
    package = read(path)
    contents = {digest: package.open_file(digest).read() for digest, opener in package.files.items() if opener}
    held = {digest: _opener(contents[digest]) if digest in contents else None for digest in package.files}
    write(change(replace(package, files=held)), path)
    return path


def alter_bytes(path: Path, name: str, change: Callable[[bytes], bytes], *, manifest: bool) -> Path:
    """Change the bytes of one member; with `manifest`, the list of members as well."""
    with zipfile.ZipFile(path) as archive:
        contents = {info.filename: archive.read(info) for info in archive.infolist()}
    contents[name] = change(contents[name])
    if manifest:
        old = Manifest.parse(contents.pop("manifest.json"))
        members = {n: Member(sha256=sha256(data).hexdigest(), size=len(data)) for n, data in contents.items()}
        contents["manifest.json"] = Manifest(members=members, digest_only=old.digest_only).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for each, data in contents.items():
            archive.writestr(each, data)
    return path


def _opener(data: bytes) -> Callable[[], BytesIO]:
    return lambda: BytesIO(data)
