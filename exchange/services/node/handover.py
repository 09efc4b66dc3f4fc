"""Hand over: received documents go into the office system, receipts about sent ones too, and its own documents are
collected.

An outbox of its own: at least once towards the office, which must take the same key twice without effect. The
office's id is stored before IMPORTED says so. An office that is down, or an adapter with a bug, delays its own unit
and nothing else: whatever an adapter raises stops here.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from exchange.codec.read import read_envelope, read_receipt
from exchange.errors import YidiError, loggable
from exchange.model.events import BusinessState, Event, Speaker
from exchange.model.receipt import Reason, Subject
from exchange.model.unit import UnitCode
from exchange.ports.node import UNKNOWN, Box, HandoverRecord, NodeSession
from exchange.ports.notices import NoticeRecord
from exchange.ports.office import Draft, HandOver, OfficeAdapter
from exchange.ports.pulse import Stopping, pulsed
from exchange.ports.records import DocumentRecord, ReceiptRecord
from exchange.services.backoff import next_try
from exchange.services.node.deaf import Deaf
from exchange.services.node.fetch import fetch_files
from exchange.services.node.node import Node, may_pass
from exchange.services.node.office_health import OfficeHealth
from exchange.services.node.submit import Submitter

__all__ = ["Officer", "Offices"]

# What no waiting heals, and what the sender is then told: the reason, and words for people.
_LASTING: Final = {
    "FILES_DIR": (Reason.SIZE, "已到收文单位的节点；文件过大，其办公系统尚收不下，对方管理员处理后自动入库"),
    "OA_REJECTED": (Reason.OA_REJECTED, "已到收文单位的节点；其办公系统不收，请与收文单位联系"),
}

Offices = Callable[[UnitCode], OfficeAdapter | None]


@dataclass(frozen=True, slots=True)
class _Rest:
    """An office that failed `failures` times in a row is told nothing until the monotonic clock says `until`."""

    failures: int
    until: float


class Officer:
    def __init__(self, node: Node, offices: Offices, submitter: Submitter, health: OfficeHealth | None = None) -> None:
        """`offices`: a unit's adapter, or None for a unit that reads its inbox here."""
        self._health = health or OfficeHealth()
        self._node, self._offices, self._submitter = node, offices, submitter
        self._rests: dict[UnitCode, _Rest] = {}

    def hand_over(self, limit: int = 50) -> int:
        """Hand over what is due; returns how many documents the office took."""
        node = self._node
        now = node.clock.now()
        with node.store.look() as session:
            if not session.due_handovers(now, 1):
                return 0
        with node.store.begin() as session:
            session.settle_without_office(self._without_office(session), now)
            due = session.due_handovers(now, limit)
            documents = session.documents(Box.INBOX, [(h.unit, h.envelope) for h in due])
            # What an earlier life of this process may have handed over is handed over again, also after a recall: the
            # office takes it once, and only its id tells that it has it.
            gone = [h for h in due if h.external_id is None and _taken_back(session, h)]
            tried = [replace(h, external_id=UNKNOWN) for h in due if h not in gone]
            session.save_handovers(tried)
        if not due:
            return 0
        again = {(h.unit, h.envelope) for h in due if h.attempts or h.external_id == UNKNOWN}
        done: list[HandoverRecord] = []
        stopping: Stopping | None = None
        try:
            for one in tried:
                key = one.unit, one.envelope
                done.append(self._try(one, documents[key], again=key in again))
        except Stopping as told:  # what the office has taken by now is stored
            stopping = told
        with node.store.begin() as session:
            for record in done:
                document = documents[(record.unit, record.envelope)]
                if record.external_id:
                    self._say(session, record, document, Speaker.ADAPTER, Event.IMPORTED)
                elif record.fault in _LASTING:
                    self._say_kept_out(session, record, document)
            session.save_handovers([*done, *(replace(h, due=None) for h in gone)])
        if stopping is not None:
            raise stopping
        return sum(bool(record.external_id) for record in done)

    def tell(self, limit: int = 500) -> int:
        """Give offices the receipts they have not seen about what they sent, and notices; returns how many. One that
        fails is left alone for a while, and what waits for it stands in nobody's way."""
        node = self._node
        start = node.clock.monotonic()
        resting = {unit for unit, rest in self._rests.items() if rest.until > start}
        with node.store.look() as session:
            if not session.untold(1, resting) and not session.untold_notices(node.clock.now(), resting):
                return 0
        with node.store.begin() as session:
            session.settle_without_office(self._without_office(session), node.clock.now())
            notices = session.untold_notices(node.clock.now(), resting)
            receipts = session.untold(limit, resting)
        told = []
        waiting: list[tuple[UnitCode, ReceiptRecord | NoticeRecord]] = [*receipts, *notices]
        for unit, record in waiting:
            if unit in resting:
                continue
            try:
                self._tell(unit, record)
            except Exception as error:  # noqa: BLE001  # an adapter is anybody's code
                node.log.warning("office_not_told", unit=unit, receipt=record.id, code=_code(error))
                self._health.failed(unit, "tell", _code(error))
                self._let_rest(unit)
                resting.add(unit)
                continue
            self._rests.pop(unit, None)
            self._health.answered(unit, "tell")
            told.append((unit, record.id))
        if told:
            with node.store.begin() as session:
                session.told(told)
                session.told_notices(told)
        return len(told)

    def collect(self) -> int:
        """Submit what offices have put out; returns how many documents were accepted for sending."""
        node = self._node
        with node.store.look() as session:
            units = session.units()
        accepted = 0
        for unit in units:
            if (office := self._offices(unit)) is None:
                continue
            try:
                accepted += self._send_all(office, unit)
            except Exception as error:  # noqa: BLE001  # this unit's office is down or its adapter has a bug
                node.log.warning("office_unreachable", unit=unit, code=_code(error))
                self._health.failed(unit, "collect", _code(error))
            else:
                if self._health.answered(unit, "collect"):
                    self._come_back(unit)
        return accepted

    def _come_back(self, unit: UnitCode) -> None:
        """It is asked far oftener than anything is repeated: what waits for it goes now."""
        self._rests.pop(unit, None)
        with self._node.store.begin() as session:
            session.hasten_handovers(unit, self._node.clock.now())

    def _without_office(self, session: NodeSession) -> list[UnitCode]:
        """Their people read the inbox here. Settled all at once: looking at each document would cost as much as
        handing it over."""
        return [unit for unit in session.units() if self._offices(unit) is None]

    def _send_all(self, office: OfficeAdapter, unit: UnitCode) -> int:
        """What waits here, and why, is said where an office's faults are. An office that does not take the result of
        one document, and may do so the next time, keeps no other waiting; one that takes several of none may be
        away."""
        accepted, waits, deaf = 0, None, Deaf()
        for draft in office.collect(unit):
            with deaf.passed_over():
                fault = self._send(office, unit, draft)
                accepted, waits = accepted + (fault is None), waits or fault or None
        deaf.tell()
        if waits is None:
            self._health.answered(unit, "send")
        else:
            self._health.failed(unit, "send", waits)
        return accepted

    def _send(self, office: OfficeAdapter, unit: UnitCode, draft: Draft) -> str | None:
        """None when the draft was accepted for sending; else the code of what it waits for, "" when it is refused."""
        reference = draft.reference or ""
        try:
            submitted = self._submitter.submit(draft)
        except YidiError as error:
            if may_pass(error):
                self._node.log.warning("office_draft_waits", unit=unit, code=error.code, detail=loggable(error))
                return error.code
            self._node.log.warning("office_draft_refused", unit=unit, code=error.code)
            office.refused(unit, reference, error.code, error.message)
            return ""
        except OSError as error:  # a file of the draft's cannot be read
            self._node.log.warning("office_draft_waits", unit=unit, code="IO", detail=loggable(error))
            return "IO"
        office.sent(unit, reference, submitted.key)
        return None

    def _try(self, record: HandoverRecord, document: DocumentRecord, *, again: bool) -> HandoverRecord:
        node = self._node
        office = self._offices(record.unit)
        if office is None:
            return replace(record, due=None, external_id=None)
        try:
            node.keys(record.unit)  # IMPORTED must be signed
            envelope = read_envelope(document.document)
            fetch_files(node, record.unit, envelope.files)  # all here, unless one has gone bad since
            item = HandOver(
                unit=record.unit,
                key=record.envelope,
                envelope=envelope,
                document=document.document,
                open_file=lambda sha256: pulsed(node.files.open(sha256)),
                sender_name=node.name_of(record.envelope.sender),
                again=again,
            )
            external_id = office.hand_over(item)
        except Exception as error:  # noqa: BLE001  # an adapter is anybody's code
            code = _code(error)
            node.metrics.count("yidi_node_handover_failures_total", code=code)
            if code == "OA_REJECTED":  # an answer, of an office that is well
                self._health.answered(record.unit, "hand_over")
                node.log.alarm("office_refused", unit=record.unit, envelope=str(record.envelope))
                return replace(record, attempts=record.attempts + 1, due=None, external_id=None, fault=code)
            node.log.warning("hand_over_failed", unit=record.unit, envelope=str(record.envelope), code=code)
            self._health.failed(record.unit, "hand_over", code)
            wait = next_try(node.timing.retry, node.chance, node.clock.now(), record.attempts, confirmed=False)
            return replace(record, attempts=record.attempts + 1, due=wait, external_id=None, fault=code)
        self._health.answered(record.unit, "hand_over")
        return replace(record, attempts=record.attempts + 1, due=None, external_id=external_id, fault=None)

    def _tell(self, unit: UnitCode, record: ReceiptRecord | NoticeRecord) -> None:
        if (office := self._offices(unit)) is not None:
            receipt = read_receipt(record.document)
            office.tell(unit, receipt, record.document)

    def _let_rest(self, unit: UnitCode) -> None:
        node, known = self._node, self._rests.get(unit)
        failures, now = known.failures if known else 0, node.clock.now()
        wait = next_try(node.timing.retry, node.chance, now, failures, confirmed=False) - now
        self._rests[unit] = _Rest(failures + 1, node.clock.monotonic() + wait.total_seconds())

    def _say_kept_out(self, session: NodeSession, record: HandoverRecord, document: DocumentRecord) -> None:
        """UNDELIVERED, once for each reason: the sender would take it for in the office."""
        reason, text = _LASTING[record.fault or ""]
        said = session.receipts_of(record.unit, record.envelope)
        if all(read_receipt(one.document).reason is not reason for one in said if one.event is Event.UNDELIVERED):
            self._say(session, record, document, Speaker.NODE, Event.UNDELIVERED, reason, text)

    def _say(
        self,
        session: NodeSession,
        record: HandoverRecord,
        document: DocumentRecord,
        speaker: Speaker,
        event: Event,
        reason: Reason | None = None,
        text: str | None = None,
    ) -> None:
        node = self._node
        now = node.clock.now()
        subject = Subject(envelope=record.envelope, digest=document.digest, recipient=record.unit)
        receipt, signed = node.receipt(record.unit, speaker, event, now, subject=subject, reason=reason, text=text)
        node.emit(session, record.unit, [(receipt, signed)], now)
        node.apply(session, record.unit, record.envelope, [receipt])
        if event is Event.IMPORTED:
            node.log.info("handed_over", receipt=receipt.id, envelope=str(record.envelope), unit=record.unit)


def _code(error: Exception) -> str:
    return error.code if isinstance(error, YidiError) else "BUG"


def _taken_back(session: NodeSession, record: HandoverRecord) -> bool:
    """Whether the sender has it back already: then the office must not get it."""
    return any(d.state.business >= BusinessState.RECALLED for d in session.deliveries(record.unit, record.envelope))
