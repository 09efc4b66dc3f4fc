"""The part of an audit that looks at one node, and holds what it has against what the hub has."""

from exchange.codec.read import read_receipt
from exchange.errors import YidiError
from exchange.model.envelope import FileEntry
from exchange.model.events import BusinessState, Event, Speaker
from exchange.model.fold import fold
from exchange.model.receipt import Receipt
from exchange.model.unit import UnitCode
from exchange.ports.files import Files
from exchange.ports.node import Box, NodeSession
from exchange.ports.records import DeliveryRecord, DocumentRecord, ReceiptRecord
from exchange.services.audit.hub import HubAuditor, Recorded, check_files, envelope_of
from exchange.services.audit.ledger import Tree
from exchange.services.audit.report import Check, Notebook
from exchange.trust.digest import sha256_hex

__all__ = ["NodeAuditor"]

_ALL = 1_000_000
_PAGE = 500
# Receipt id -> (digest, receipt), all about one document of one unit.
_Held = dict[str, tuple[str, Receipt]]


class NodeAuditor:
    def __init__(
        self, session: NodeSession, files: Files | None, hub: HubAuditor, notebook: Notebook, *, settled: bool
    ) -> None:
        self._session, self._files, self._hub = session, files, hub
        self._notebook, self._settled = notebook, settled
        self._checked_files: set[FileEntry] = set()
        self._seen: set[tuple[UnitCode, str]] = set()

    def run(self, tree: Tree) -> None:
        for unit in self._session.units():
            still_open = set(self._session.open_outbox(unit))
            if self._settled:
                self._notebook.expect(Check.QUIET, not still_open, unit, "outbox", len(still_open))
            for document, deliveries in self._session.listing(unit, Box.SENT, _ALL):
                self._sent(unit, document, deliveries, still_open)
            for document, deliveries in self._session.listing(unit, Box.INBOX, _ALL):
                self._received(unit, document, deliveries, still_open)
        self._waiting()
        for checkpoint in self._session.checkpoints():
            given = checkpoint.said or checkpoint.seen
            tree.check_note(checkpoint.note, checkpoint.size, checkpoint.root, "held by a node", given=given)
        for row in self._session.quarantined(None, _ALL):
            kept = row.document is not None and sha256_hex(row.document) == row.digest
            self._notebook.expect(Check.KEPT, kept, row.queue, row.digest, row.code)

    def _waiting(self) -> None:
        """Receipts that came before their document: as good as all others."""
        after = None
        while page := self._session.receipts_after(after, _PAGE):
            for unit, record in page:
                if (unit, record.id) not in self._seen:
                    self._receipt(unit, record, set())
            after = (page[-1][0], page[-1][1].id)

    def _sent(
        self,
        unit: UnitCode,
        document: DocumentRecord,
        deliveries: list[DeliveryRecord],
        still_open: set[tuple[str, str]],
    ) -> None:
        expect, key = self._notebook.expect, document.key
        self._bytes(unit, document)
        recorded = self._recorded(document)
        receipts = self._receipts(unit, document, still_open)
        refused = any(receipt.event is Event.REFUSED for _, receipt in receipts.values())
        on_its_way = (key.id, document.digest) in still_open
        expect(Check.LOST, recorded is not None or refused or on_its_way, unit, key)
        self._states(unit, key.id, deliveries, receipts)
        if self._settled and not refused and expect(Check.CHAIN, recorded, unit, key, "not with the hub"):
            assert recorded is not None
            missing = recorded.receipts.keys() - receipts.keys()
            expect(Check.CHAIN, not missing, unit, key, "sender lacks", *sorted(missing))

    def _received(
        self,
        unit: UnitCode,
        document: DocumentRecord,
        deliveries: list[DeliveryRecord],
        still_open: set[tuple[str, str]],
    ) -> None:
        expect, key = self._notebook.expect, document.key
        self._bytes(unit, document)
        recorded = self._recorded(document)
        if expect(Check.AUTHORS, recorded, unit, key, "the hub never accepted these bytes"):
            assert recorded is not None
            expect(Check.ISOLATION, unit in recorded.recipients, unit, key, "is no recipient")
        receipts = self._receipts(unit, document, still_open)
        delivered = self._said(receipts, Event.DELIVERED, unit)
        expect(Check.INBOX, len(delivered) == 1, unit, key, f"{len(delivered)} DELIVERED")
        expect(Check.INBOX, [d.key.recipient for d in deliveries] == [unit], unit, key, "deliveries")
        self._states(unit, key.id, deliveries, receipts)
        self._handover(unit, document, deliveries, receipts)
        if self._settled and recorded is not None:
            for id_, (digest, receipt) in receipts.items():
                # What the hub set aside it will never record, and has told the unit so.
                told = id_ in self._hub.receipts or digest in self._hub.set_aside
                expect(Check.CHAIN, told, unit, key, "the hub lacks", receipt.event, id_)
            of_sender = {
                id_
                for id_, (_, receipt) in recorded.receipts.items()
                if receipt.actor.speaker is Speaker.SENDER
                and receipt.subject
                and receipt.subject.recipient in (None, unit)
            }
            expect(Check.CHAIN, not of_sender - receipts.keys(), unit, key, "recipient lacks the sender's")
            own = {id_ for id_, (_, receipt) in recorded.receipts.items() if receipt.actor.unit == unit}
            expect(Check.CHAIN, not own - receipts.keys(), unit, key, "recipient lacks its own")

    def _handover(
        self,
        unit: UnitCode,
        document: DocumentRecord,
        deliveries: list[DeliveryRecord],
        receipts: _Held,
    ) -> None:
        key = document.key
        record = self._session.handover(unit, key)
        recalled = any(delivery.state.business >= BusinessState.RECALLED for delivery in deliveries)
        self._notebook.expect(Check.INBOX, record or recalled, unit, key, "no hand-over")
        imported = self._said(receipts, Event.IMPORTED, unit)
        taken = record is not None and bool(record.external_id)
        self._notebook.expect(Check.INBOX, len(imported) == taken, unit, key, f"{len(imported)} IMPORTED")
        if self._settled and record is not None:
            self._notebook.expect(Check.QUIET, record.due is None, unit, key, "hand-over")

    def _said(self, receipts: _Held, event: Event, unit: UnitCode) -> list[str]:
        """How often the unit said it. What the hub set aside for its key counts only until it is said again."""
        said = [digest for digest, receipt in receipts.values() if (receipt.event, receipt.actor.unit) == (event, unit)]
        return [digest for digest in said if digest not in self._hub.set_aside] or said[:1]

    def _bytes(self, unit: UnitCode, document: DocumentRecord) -> None:
        if self._notebook.expect(Check.DIGESTS, sha256_hex(document.document) == document.digest, unit, document.key):
            envelope = envelope_of(document)
            if self._files is not None:
                check_files(self._files, envelope, self._checked_files, self._notebook, unit)

    def _recorded(self, document: DocumentRecord) -> Recorded | None:
        found = self._hub.recorded.get(document.key)
        return found if found is not None and found.document.digest == document.digest else None

    def _receipts(self, unit: UnitCode, document: DocumentRecord, still_open: set[tuple[str, str]]) -> _Held:
        """What the unit holds about exactly these bytes. Another's receipt must be one the hub holds; its own that the
        hub has not is verified here and must be on its way."""
        held: _Held = {}
        for record in self._session.receipts_of(unit, document.key):
            receipt = self._receipt(unit, record, still_open)
            if receipt is not None and receipt.subject is not None:
                bound = receipt.subject.digest == document.digest
                self._notebook.expect(Check.RECEIPTS, bound, unit, record.id, "binds other bytes than", document.key)
                held[record.id] = (record.digest, receipt)
        return held

    def _receipt(self, unit: UnitCode, record: ReceiptRecord, still_open: set[tuple[str, str]]) -> Receipt | None:
        expect = self._notebook.expect
        self._seen.add((unit, record.id))
        expect(Check.DIGESTS, sha256_hex(record.document) == record.digest, unit, record.id)
        known = self._hub.receipts.get(record.id)
        if known is not None:
            expect(Check.RECEIPTS, known == record.digest, unit, record.id, "is not what the hub holds")
            of_hub = self._hub.recorded.get(record.envelope)
            if of_hub is not None and record.id in of_hub.receipts:
                return of_hub.receipts[record.id][1]
            return _decoded(record)
        if record.digest in self._hub.set_aside:  # the hub judged it, and told its author
            return _decoded(record)
        receipt = self._hub.verified(record.document, record.recorded, unit, record.id)
        if receipt is None:
            return None
        own = receipt.actor.unit == unit
        waiting = (record.id, record.digest) in still_open  # its own, or the hub's that it gives back
        expect(Check.RECEIPTS, own or waiting, unit, record.id, "is unknown to the hub")
        expect(Check.TIMERS, waiting or not own, unit, record.id, "is neither with the hub nor on its way")
        return receipt

    def _states(self, unit: UnitCode, envelope: str, deliveries: list[DeliveryRecord], receipts: _Held) -> None:
        for delivery in deliveries:
            recipient = delivery.key.recipient
            about = [r for _, r in receipts.values() if r.subject and r.subject.recipient in (None, recipient)]
            self._notebook.expect(Check.STATES, delivery.state == fold(about), unit, envelope, "at", recipient)


def _decoded(record: ReceiptRecord) -> Receipt | None:
    try:
        return read_receipt(record.document)
    except YidiError:
        return None
