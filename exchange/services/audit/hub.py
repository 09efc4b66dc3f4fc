"""The part of an audit that looks at the hub's documents, deliveries, receipts and ledger entries."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from exchange.codec.read import read_envelope
from exchange.errors import PackageError, YidiError
from exchange.model.envelope import Envelope, EnvelopeKey, FileEntry
from exchange.model.events import Event, Speaker
from exchange.model.fold import fold
from exchange.model.receipt import Receipt
from exchange.model.unit import UnitCode
from exchange.ports.files import Files
from exchange.ports.hub import HubSession
from exchange.ports.records import DeliveryRecord, DocumentRecord, ReceiptRecord
from exchange.services.archive.shelf import Shelf
from exchange.services.audit.ledger import History
from exchange.services.audit.report import Check, Notebook
from exchange.trust.digest import sha256_hex

__all__ = ["HubAuditor", "Recorded"]

_PAGE = 500
T = TypeVar("T", DocumentRecord, ReceiptRecord)


@dataclass(slots=True)
class Recorded:
    """What the hub holds about one envelope: `receipts` bind exactly its bytes."""

    document: DocumentRecord
    recipients: frozenset[UnitCode]
    receipts: dict[str, tuple[str, Receipt]] = field(default_factory=dict)
    """Receipt id -> (digest, receipt)."""
    complete: bool = True
    """Whether all of its receipts could be read."""


class HubAuditor:
    """`recorded`: everything by envelope, after `run()`."""

    def __init__(
        self,
        session: HubSession,
        files: Files | None,
        history: History,
        notebook: Notebook,
        shelf: Shelf,
        *,
        settled: bool,
    ) -> None:
        self._session, self._files, self._history, self._shelf = session, files, history, shelf
        self._notebook, self._settled = notebook, settled
        self._checked_files: set[FileEntry] = set()
        self.recorded: dict[EnvelopeKey, Recorded] = {}
        self.receipts: dict[str, str] = {}
        """Receipt id -> digest of every receipt the hub holds."""
        self.set_aside: set[str] = set()
        """Digests of what the hub refused."""

    def run(self) -> None:
        after: EnvelopeKey | None = None
        while page := self._session.documents_after(after, _PAGE):
            for document in page:
                self._document(document)
            after = page[-1].key
        self._refusals()
        self._quarantine()
        if self._settled:
            counts = self._session.counts()
            for what in ("forwards_open", "entries_unsealed"):
                self._notebook.expect(Check.QUIET, not counts[what], "hub", what, counts[what])

    def _document(self, document: DocumentRecord) -> None:
        expect, key = self._notebook.expect, document.key
        envelope = self._envelope(document)
        deliveries = self._session.deliveries_of(key)
        recorded = Recorded(document, frozenset(delivery.key.recipient for delivery in deliveries))
        self.recorded[key] = recorded
        if envelope is not None:
            addressed = frozenset(recipient.unit for recipient in envelope.recipients)
            expect(Check.ISOLATION, addressed == recorded.recipients, "hub", key, "delivers to others than addressed")
            self._check_files(envelope)
        held = self._session.receipts_of(key)
        for record in held:
            receipt, read = self._receipt(record)
            recorded.complete &= read
            if receipt is not None and receipt.subject and receipt.subject.digest == document.digest:
                recorded.receipts[record.id] = (record.digest, receipt)
                spoken_for = receipt.subject.recipient is None or receipt.subject.recipient in recorded.recipients
                expect(Check.RECEIPTS, spoken_for, "hub", record.id, "speaks of no recipient of", key)
            elif receipt is not None:
                expect(Check.RECEIPTS, receipt.event is Event.REFUSED, "hub", record.id, "binds other bytes than", key)
        accepted = [r for _, r in recorded.receipts.values() if r.event is Event.ACCEPTED]
        once = len(accepted) == len({self._history.life(r.at) for r in accepted}) > 0
        expect(Check.CHAIN, once, "hub", key, f"{len(accepted)} ACCEPTED")
        self._check_entries(document, held)
        for delivery in deliveries:
            self._delivery(delivery, recorded)

    def _bytes(self, found: Callable[[T], bytes | None], record: T) -> bytes | None:
        try:
            data = found(record)
        except PackageError as error:
            self._notebook.expect(Check.DIGESTS, False, "archive", *record.archived, error.message)
            return None
        if data is None:
            self._notebook.not_here(record.archived)
        return data

    def _envelope(self, document: DocumentRecord) -> Envelope | None:
        """None, too, when its bytes are in an archive that is not at hand."""
        data, received = self._bytes(self._shelf.document, document), document.received
        if data is None:
            return None
        self._notebook.expect(Check.DIGESTS, sha256_hex(data) == document.digest, "hub", document.key)
        try:
            envelope = self._history.judge(received, lambda verifier: verifier.envelope(data, received).envelope)
        except YidiError as error:
            self._notebook.expect(Check.AUTHORS, False, "hub", document.key, error.code)
            return None
        self._notebook.expect(Check.AUTHORS, envelope.key == document.key, "hub", document.key, "is", envelope.key)
        return envelope

    def _receipt(self, record: ReceiptRecord) -> tuple[Receipt | None, bool]:
        """The receipt if it verifies, and whether there was one to read: it may be in an archive not at hand."""
        expect = self._notebook.expect
        self.receipts[record.id] = record.digest
        data = self._bytes(self._shelf.receipt, record)
        if data is None:
            return None, False
        expect(Check.DIGESTS, sha256_hex(data) == record.digest, "hub", record.id)
        receipt = self.verified(data, record.recorded, "hub", record.id)
        if receipt is not None:
            same = receipt.subject and (receipt.id, receipt.event, receipt.subject.envelope) == (
                *(record.id, record.event),
                record.envelope,
            )
            expect(Check.RECEIPTS, same, "hub", record.id, "says other than its row")
        return receipt, True

    def verified(self, document: bytes, at: datetime, *where: object) -> Receipt | None:
        """The receipt in `document`, if it verifies under the directory of `at`."""
        try:
            receipt = self._history.judge(at, lambda verifier: verifier.receipt(document, at).receipt)
        except YidiError as error:
            self._notebook.expect(Check.RECEIPTS, False, *where, error.code)
            return None
        self._notebook.expect(Check.RECEIPTS, True)
        return receipt

    def _check_entries(self, document: DocumentRecord, held: list[ReceiptRecord]) -> None:
        key = document.key
        expected = Counter({("ENVELOPE", str(key.id), document.digest, document.received): 1})
        expected.update(("RECEIPT", str(record.id), record.digest, record.recorded) for record in held)
        found = Counter((e.kind, e.id, e.digest, e.recorded) for _, e in self._session.entries_of(key))
        self._notebook.expect(
            Check.ENTRIES,
            expected == found,
            *("hub", key, "missing", sum((expected - found).values()), "surplus", sum((found - expected).values())),
        )

    def _delivery(self, delivery: DeliveryRecord, recorded: Recorded) -> None:
        expect, key = self._notebook.expect, delivery.key
        about = [r for _, r in recorded.receipts.values() if r.subject and r.subject.recipient in (None, key.recipient)]
        if recorded.complete:
            expect(Check.STATES, delivery.state == fold(about), "hub", key.envelope, key.recipient)
        expect(Check.DIGESTS, delivery.digest == recorded.document.digest, "hub", key.envelope, key.recipient)
        settled = delivery.state.transport.settled
        expect(Check.TIMERS, settled or delivery.due is not None, "hub", key.envelope, key.recipient)
        if self._settled:
            expect(Check.QUIET, settled, "hub", key.envelope, key.recipient, delivery.state.transport.name)

    def _check_files(self, envelope: Envelope) -> None:
        if self._files is not None:
            check_files(self._files, envelope, self._checked_files, self._notebook, "hub")

    def _refusals(self) -> None:
        """Receipts about what the hub never accepted: nothing but its own refusals."""
        after = None
        while page := self._session.receipts_after(after, _PAGE):
            for record in page:
                if record.id in self.receipts or record.envelope in self.recorded:
                    continue
                receipt, read = self._receipt(record)
                if receipt is not None and receipt.event is Event.ACCEPTED and self._history.is_past(receipt.at):
                    self._notebook.expect(Check.LOST, False, "hub", record.envelope, "not back since the restoring")
                    continue
                refusal = receipt and receipt.event is Event.REFUSED and receipt.actor.speaker is Speaker.HUB
                refusal = refusal or (not read and record.event is Event.REFUSED)
                self._notebook.expect(Check.RECEIPTS, refusal, "hub", record.id, "about an unknown document")
                entries = [e for _, e in self._session.entries_of(record.envelope) if e.id == record.id]
                self._notebook.expect(Check.ENTRIES, len(entries) == 1, "hub", record.id, f"{len(entries)} entries")
            after = page[-1].id

    def _quarantine(self) -> None:
        for row in self._session.quarantined(1_000_000):
            self.set_aside.add(row.digest)
            secret = row.document is None and row.code.startswith("SECRECY")
            kept = row.document is not None and sha256_hex(row.document) == row.digest
            self._notebook.expect(Check.KEPT, secret or kept, "hub", row.digest, row.code)


def check_files(files: Files, envelope: Envelope, seen: set[FileEntry], notebook: Notebook, where: str) -> None:
    """Hash every file of `envelope` that was not hashed before."""
    for entry in envelope.files:
        if entry in seen:
            continue
        seen.add(entry)
        try:
            files.check(entry)
        except YidiError as error:
            notebook.expect(Check.FILES, False, where, entry.sha256, error.code)
        else:
            notebook.expect(Check.FILES, True)


def envelope_of(document: DocumentRecord) -> Envelope:
    """What a stored document says; whose it is was checked by its digest."""
    return read_envelope(document.document)
