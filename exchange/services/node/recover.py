"""Recover: a node that was restored asks its hub for what came after the backup, and takes it in as if it had never
lost it: documents sent and received, receipts, states.

Everything is verified as ever; nothing is signed anew. A receipt of the unit's own that the hub recorded is the
unit's word for good: what was delivered is not delivered twice, what was signed for waits for nobody, what the office
has is not handed over again. What the hub had not recorded when the disk was lost is lost with it.

Until it is done the node takes nothing from its inboxes and hands nothing over (`pending`). Not here: what was never
delivered, which the hub dispatches as it always does.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from exchange.codec.read import read_envelope, read_receipt
from exchange.errors import CorruptFileError, FileMissingError, NotAuthorisedError, YidiError
from exchange.model.envelope import Envelope, EnvelopeKey
from exchange.model.events import BusinessState, Event, Speaker
from exchange.model.fold import DeliveryState, fold
from exchange.model.receipt import Receipt
from exchange.model.unit import UnitCode
from exchange.ports.history import DocumentHistory, HistoryFeed
from exchange.ports.node import Box, HandoverRecord, NodeSession
from exchange.ports.records import DeliveryKey, DeliveryRecord, DocumentRecord
from exchange.services.node.fetch import fetch_files
from exchange.services.node.node import Node, receipt_record, receipt_row
from exchange.services.node.receive_receipts import ReceiptKeeper
from exchange.services.node.refresh import Refresher
from exchange.trust.digest import sha256_hex
from exchange.trust.verify import VerifiedEnvelope

__all__ = ["Recoverer"]

# The node's clock wrote down when the backup was made, the hub's when it recorded.
_MARGIN = timedelta(days=1)
_TAKEN = "(restored)"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    """A document of `unit`'s that was found good, as of `accepted`, and what was said of it, in order."""

    unit: UnitCode
    verified: VerifiedEnvelope
    accepted: datetime
    spoken: tuple[tuple[Receipt, bytes], ...]

    @property
    def envelope(self) -> Envelope:
        return self.verified.envelope

    @property
    def box(self) -> Box:
        return Box.SENT if self.envelope.sender == self.unit else Box.INBOX

    def says(self, event: Event) -> bool:
        return any(receipt.event is event and receipt.actor.unit == self.unit for receipt, _ in self.spoken)

    def state(self, recipient: UnitCode) -> DeliveryState:
        return fold(r for r, _ in self.spoken if r.subject and r.subject.recipient in (None, recipient))


class Recoverer:
    def __init__(
        self, node: Node, refresher: Refresher, feed: HistoryFeed, since: datetime | None, done: Callable[[], None]
    ) -> None:
        """`since`: when the backup was made that this node was restored from, or None; `done` forgets it."""
        self._node, self._refresher, self._feed, self._done = node, refresher, feed, done
        self._receipts = ReceiptKeeper(node)
        self._since = None if since is None else since - _MARGIN
        self._left: list[UnitCode] | None = None
        self._after: EnvelopeKey | None = None
        self._refused = False

    @property
    def pending(self) -> bool:
        return self._since is not None

    def recover(self) -> int:
        """One page of one unit; returns 0 when there is nothing more to ask. Raises TransportError, StorageError: the
        same page is asked for again."""
        if self._since is None:
            return 0
        if self._left is None:
            self._refresher.refresh()
            with self._node.store.begin() as session:
                self._left = session.units()
        if not self._left:
            self._end()
            return 1
        unit = self._left[0]
        try:
            page = self._feed.page(unit, self._since, self._after)
        except NotAuthorisedError as error:
            # Its key has ended, or is not known any more: the others must not wait until it is enrolled again.
            self._node.log.alarm("history_refused", unit=unit, code=error.code)
            self._refused, page = True, []
        if not page:
            self._left, self._after = self._left[1:], None
            return 1
        self._take(unit, page)
        self._after = read_envelope(page[-1].document).key
        return len(page)

    def _end(self) -> None:
        """A unit that was refused is asked for again at the next start."""
        if not self._refused:
            self._done()
        self._since = None
        self._node.log.info("node_recovered", complete=not self._refused)

    def _take(self, unit: UnitCode, page: list[DocumentHistory]) -> None:
        node, now = self._node, self._node.clock.now()
        items = [item for one in page if (item := self._judged(unit, one)) is not None]
        with node.store.begin() as session:
            held = {item.envelope.key for item in items if _held(session, item) is not None}
        fresh = [item for item in items if item.envelope.key not in held and self._has_files(item)]
        with node.store.begin() as session:
            for item in fresh:
                self._add(session, item, now)
            for item in items:
                if item.envelope.key in held:
                    self._complete(session, item, now)
        node.log.info("history_taken", unit=unit, documents=len(page), new=len(fresh))

    # judging

    def _judged(self, unit: UnitCode, one: DocumentHistory) -> _Item | None:
        """None for what is not for this unit or not whole, with an alarm, and for what the hub still has to deliver."""
        node, verifier = self._node, self._node.verifier()
        digest = sha256_hex(one.document)
        try:
            spoken = tuple(
                (verifier.receipt(data, read_receipt(data).at, may_have_left=True).receipt, data)
                for data in one.receipts
            )
            bound = tuple((r, data) for r, data in spoken if r.subject is not None and r.subject.digest == digest)
            accepted = [r.at for r, _ in bound if (r.event, r.actor.speaker) == (Event.ACCEPTED, Speaker.HUB)]
            if not accepted:
                raise YidiError("the hub never accepted it", code="HISTORY")
            verified = verifier.envelope(one.document, min(accepted), may_have_left=True)
            if unit not in {verified.envelope.sender, *(r.unit for r in verified.envelope.recipients)}:
                raise YidiError(f"{unit} neither sent it nor was sent it", code="WRONG_UNIT")
        except YidiError as error:
            node.log.alarm("history_suspicious", unit=unit, digest=digest, code=error.code, detail=error.detail)
            return None
        item = _Item(unit=unit, verified=verified, accepted=min(accepted), spoken=bound)
        return item if item.box is Box.SENT or item.says(Event.DELIVERED) else None

    def _has_files(self, item: _Item) -> bool:
        try:
            fetch_files(self._node, item.unit, item.envelope.files)
        except (CorruptFileError, FileMissingError) as error:
            key = str(item.envelope.key)
            self._node.log.alarm("file_corrupt_at_hub", envelope=key, unit=item.unit, detail=error.detail)
            return False
        return True

    # one transaction

    def _add(self, session: NodeSession, item: _Item, now: datetime) -> None:
        """A document that this node has nothing of."""
        envelope, unit = item.envelope, item.unit
        session.add_documents(item.box, [(unit, _document_record(item))])
        recipients = [r.unit for r in envelope.recipients] if item.box is Box.SENT else [unit]
        self._keep(session, item, now)
        session.add_deliveries(
            unit,
            [
                DeliveryRecord(
                    key=DeliveryKey(envelope.key, recipient),
                    state=item.state(recipient),
                    digest=item.verified.digest,
                    sign_by=envelope.sign_by,
                )
                for recipient in recipients
            ],
        )
        if item.box is Box.INBOX and item.says(Event.IMPORTED):
            session.add_handovers([HandoverRecord(unit=unit, envelope=envelope.key, due=None, external_id=_TAKEN)])
        elif item.box is Box.INBOX and item.state(unit).business < BusinessState.RECALLED:
            session.add_handovers([HandoverRecord(unit=unit, envelope=envelope.key, due=now)])
        self._answer_recall(session, item, [receipt for receipt, _ in item.spoken], now)

    def _complete(self, session: NodeSession, item: _Item, now: datetime) -> None:
        """A document that the backup had: what was said of it since."""
        unit, key = item.unit, item.envelope.key
        document = _held(session, item)
        if document is None or document.digest != item.verified.digest:
            self._node.log.alarm("history_suspicious", unit=unit, digest=item.verified.digest, code="CONFLICT")
            return
        new = self._keep(session, item, now)
        self._node.apply(session, unit, key, new)
        if item.box is Box.SENT:
            session.close_outbox(unit, [(key.id, document.digest)])  # the hub has accepted it
        handover = session.handover(unit, key) if item.box is Box.INBOX else None
        if handover is not None and handover.due is not None and item.says(Event.IMPORTED):
            session.save_handovers([replace(handover, due=None, external_id=_TAKEN)])
        self._answer_recall(session, item, new, now)

    def _answer_recall(self, session: NodeSession, item: _Item, new: list[Receipt], now: datetime) -> None:
        """The answer may have been lost with the disk, and the hub takes the question for heard."""
        document = _held(session, item)
        asked = any(receipt.event is Event.RECALL_REQUESTED for receipt in new)
        if item.box is Box.INBOX and asked and document is not None:
            self._receipts.give_back(session, item.unit, document, now)

    def _keep(self, session: NodeSession, item: _Item, now: datetime) -> list[Receipt]:
        """Keep the receipts that are not here yet; the unit's own are closed: the hub has them."""
        unit = item.unit
        known = session.receipts((unit, receipt.id) for receipt, _ in item.spoken)
        new = [(receipt, data) for receipt, data in item.spoken if (unit, receipt.id) not in known]
        records = [receipt_record(receipt, data, now) for receipt, data in new]
        session.add_receipts(unit, records)
        own = {receipt.id for receipt, _ in item.spoken if receipt.actor.unit == unit}
        session.add_outbox([receipt_row(unit, record, now) for record in records if record.id in own])
        session.close_outbox(
            unit, [(receipt.id, sha256_hex(data)) for receipt, data in item.spoken if receipt.id in own]
        )
        return [receipt for receipt, _ in new]


def _held(session: NodeSession, item: _Item) -> DocumentRecord | None:
    asked = (item.unit, item.envelope.key)
    return session.documents(item.box, [asked]).get(asked)


def _document_record(item: _Item) -> DocumentRecord:
    envelope = item.envelope
    return DocumentRecord(
        key=envelope.key,
        digest=item.verified.digest,
        document=item.verified.document,
        received=item.accepted,
        title=envelope.metadata.title,
        urgent=envelope.urgent,
        files=tuple(file.sha256 for file in envelope.files),
    )
