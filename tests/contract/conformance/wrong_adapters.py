"""Adapters that do one thing wrong each, and the cases that must find it.

Not here: the adapter that does it right (`paper_office`, and those that ship).
"""

import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from html import escape
from typing import Any, Final, NamedTuple

from exchange.adapters.folder import FolderAdapter
from exchange.adapters.mail.adapter import MailAdapter
from exchange.adapters.seeyon.adapter import SeeyonAdapter
from exchange.errors import AdapterError, YidiError
from exchange.model.envelope import EnvelopeKey
from exchange.model.events import Event
from exchange.model.receipt import Receipt
from exchange.model.unit import UnitCode
from exchange.ports.office import Draft, DraftFile, HandOver, InOffice, Misfit, OfficeCall, OfficeDecision
from tests.contract.conformance.paper_office import Deed, Filed, PaperAdapter, Sheet

__all__ = ["WRONG", "Wrong"]


class ConfirmsBeforeItStores(PaperAdapter):
    def hand_over(self, item: HandOver) -> str:
        later = self.office.notes.setdefault("later", [])
        later.append(item)
        if len(later) > 1:  # the one before is stored when the next one comes
            super().hand_over(later.pop(0))
        return f"SW-{item.key.id}"


class DoublesAfterACrash(PaperAdapter):
    def find(self, item: HandOver) -> Filed | None:
        return None


class ForgetsItsOwnId(PaperAdapter):
    def hand_over(self, item: HandOver) -> str:
        super().hand_over(item)
        return f"SW-{next(self.office.numbers)}"


class TellsDuplicatesByTitle(PaperAdapter):
    def find(self, item: HandOver) -> Filed | None:
        return next((one for one in self.office.filed if one.title == item.envelope.metadata.title), None)


class TruncatesFiles(PaperAdapter):
    def read(self, item: HandOver, digest: str) -> bytes:
        with item.open_file(digest) as file:
            return file.read(1 << 20)

    def draft_file(self, name: str, data: bytes) -> DraftFile:
        return super().draft_file(name, data[: 1 << 20])


class LosesAFile(PaperAdapter):
    def hand_over(self, item: HandOver) -> str:
        return super().hand_over(
            replace(item, envelope=replace(item.envelope, files=item.envelope.files[:1]))  # the body alone
        )

    def draft(self, unit: UnitCode, sheet: Sheet) -> Draft:
        draft = super().draft(unit, sheet)
        return replace(draft, files=draft.files[:1])


class SpoilsNames(PaperAdapter):
    def hand_over(self, item: HandOver) -> str:
        files = tuple(replace(entry, name=entry.name.replace("&", "_")) for entry in item.envelope.files)
        return super().hand_over(replace(item, envelope=replace(item.envelope, files=files)))

    def draft(self, unit: UnitCode, sheet: Sheet) -> Draft:
        draft = super().draft(unit, sheet)
        return replace(draft, metadata=replace(draft.metadata, title=escape(draft.metadata.title)))


class EscapesTitles(PaperAdapter):
    def hand_over(self, item: HandOver) -> str:
        metadata = replace(item.envelope.metadata, title=escape(item.envelope.metadata.title))
        return super().hand_over(replace(item, envelope=replace(item.envelope, metadata=metadata)))


class SwallowsErrors(PaperAdapter):
    def hand_over(self, item: HandOver) -> str:
        try:
            return super().hand_over(item)
        except Exception:  # noqa: BLE001  # that is what is wrong
            return "SW-0"


class ShowsHalfADocument(PaperAdapter):
    def hand_over(self, item: HandOver) -> str:
        if (found := self.find(item)) is not None:
            self.office.filed.remove(found)
        files: dict[str, bytes] = {}
        filed = Filed(f"SW-{next(self.office.numbers)}", item.key, item.envelope.metadata.title, files)
        self.office.filed.append(filed)
        for entry in item.envelope.files:
            files[entry.name] = self.read(item, entry.sha256)
        return filed.number


class MarksAsSentWhenTaken(PaperAdapter):
    def collect(self, unit: UnitCode) -> Iterator[Draft]:
        for sheet in self.office.sheets:
            if not sheet.answer:
                sheet.answer = "已发送"
                yield self.draft(unit, sheet)


class NewReferenceEachTime(PaperAdapter):
    def draft(self, unit: UnitCode, sheet: Sheet) -> Draft:
        reference = f"{sheet.number}/{next(self.office.numbers)}"
        return replace(super().draft(unit, sheet), reference=reference)

    def answer_sheet(self, reference: str, answer: str) -> None:
        super().answer_sheet(reference.partition("/")[0], answer)


class RefusesInSilence(PaperAdapter):
    def refused(self, unit: UnitCode, reference: str, code: str, message: str) -> None:
        self.answer_sheet(reference, "已发送")


class OneAtATime(PaperAdapter):
    """What is refused stays at the head of its queue."""

    def collect(self, unit: UnitCode) -> Iterator[Draft]:
        waiting = [one for one in self.office.sheets if not one.answer]
        return iter([self.draft(unit, one) for one in waiting[:1]])

    def refused(self, unit: UnitCode, reference: str, code: str, message: str) -> None:
        pass


class TakesTitlesForReferences(PaperAdapter):
    def draft(self, unit: UnitCode, sheet: Sheet) -> Draft:
        return replace(super().draft(unit, sheet), reference=sheet.written.title)

    def answer_sheet(self, reference: str, answer: str) -> None:
        for sheet in self.office.sheets:
            if sheet.written.title == reference:
                sheet.answer = answer


class SendsInItsOwnName(PaperAdapter):
    def draft(self, unit: UnitCode, sheet: Sheet) -> Draft:
        return replace(super().draft(unit, sheet), operator="系统管理员")


class ShowsNoReceipts(PaperAdapter):
    def tell(self, unit: UnitCode, receipt: Receipt, document: bytes) -> None:
        pass


class ShowsReceiptsAgain(PaperAdapter):
    def tell(self, unit: UnitCode, receipt: Receipt, document: bytes) -> None:
        if receipt.subject is not None:
            self.office.shown.append((receipt.id, str(receipt.subject.envelope), receipt.event.value))


class BelievesInOrder(PaperAdapter):
    """What comes after something later is dropped."""

    def tell(self, unit: UnitCode, receipt: Receipt, document: bytes) -> None:
        order = [Event.ACCEPTED, Event.DELIVERED, Event.SIGNED, Event.FEEDBACK]
        assert receipt.subject is not None
        seen = self.office.notes.setdefault(str(receipt.subject.envelope), [-1])
        rank = order.index(receipt.event) if receipt.event in order else 99
        if rank > max(seen):
            seen.append(rank)
            super().tell(unit, receipt, document)


class FailsAtStrangers(PaperAdapter):
    def tell(self, unit: UnitCode, receipt: Receipt, document: bytes) -> None:
        assert receipt.subject is not None
        key = receipt.subject.envelope
        if key.sender == unit and not any(key.id in sheet.answer for sheet in self.office.sheets):
            raise AdapterError("no such document")
        super().tell(unit, receipt, document)


class TicksDecisionsOff(PaperAdapter):
    def decisions(self, unit: UnitCode, held: Callable[[], Sequence[InOffice]]) -> Iterator[OfficeDecision]:
        found = list(super().decisions(unit, held))
        for deed in self.office.deeds:
            if any(one.reference == deed.number for one in found):
                deed.answer = "已办理"
        return iter(found)


class NewDecisionEachTime(PaperAdapter):
    def decision(self, deed: Deed, key: EnvelopeKey) -> OfficeDecision:
        return replace(super().decision(deed, key), reference=f"{deed.number}/{next(self.office.numbers)}")

    def decided(self, unit: UnitCode, reference: str, fault: YidiError | None) -> None:
        super().decided(unit, reference.partition("/")[0], fault)


class KeepsFaultsToItself(PaperAdapter):
    def decided(self, unit: UnitCode, reference: str, fault: YidiError | None) -> None:
        super().decided(unit, reference, None)


class SignsAsTheSystem(PaperAdapter):
    def decision(self, deed: Deed, key: EnvelopeKey) -> OfficeDecision:
        return replace(super().decision(deed, key), person="系统")


class LosesTheReason(PaperAdapter):
    def decision(self, deed: Deed, key: EnvelopeKey) -> OfficeDecision:
        return replace(super().decision(deed, key), text="见办公系统")


class TakesAReturnForARefusal(PaperAdapter):
    def decision(self, deed: Deed, key: EnvelopeKey) -> OfficeDecision:
        decision = super().decision(deed, key)
        return replace(decision, event=Event.REJECTED) if decision.event is Event.RETURNED else decision


class IgnoresRecalls(PaperAdapter):
    def tell(self, unit: UnitCode, receipt: Receipt, document: bytes) -> None:
        if not receipt.event.for_recipients_office:
            super().tell(unit, receipt, document)


class DeletesWhatIsRecalled(PaperAdapter):
    def tell(self, unit: UnitCode, receipt: Receipt, document: bytes) -> None:
        assert receipt.subject is not None
        if receipt.event is Event.RECALL_REQUESTED:
            self.office.filed = [one for one in self.office.filed if one.key != receipt.subject.envelope]
        super().tell(unit, receipt, document)


class FailsAtRecallsOfStrangers(PaperAdapter):
    def tell(self, unit: UnitCode, receipt: Receipt, document: bytes) -> None:
        assert receipt.subject is not None
        key = receipt.subject.envelope
        if receipt.event.for_recipients_office and all(one.key != key for one in self.office.filed):
            raise AdapterError("no such document")
        super().tell(unit, receipt, document)


class _Anybody:
    largest = 0

    def admits(self, address: str) -> bool:
        return True

    def take(self, call: OfficeCall) -> None:
        pass


class AcceptsBadSignatures(PaperAdapter):
    calls = _Anybody


class KnowsNoField(PaperAdapter):
    def check(self, units: Sequence[UnitCode]) -> Iterator[Misfit]:
        yield Misfit(where="send.fields", found="no such field", cure="make it")


class ConsumesWhileItChecks(PaperAdapter):
    def check(self, units: Sequence[UnitCode]) -> Iterator[Misfit]:
        for sheet in self.office.sheets:
            sheet.answer = "已核对"
        return iter(())


class FailsAsABug(PaperAdapter):
    def hand_over(self, item: HandOver) -> str:
        if not self.office.up:
            raise KeyError("token")
        return super().hand_over(item)


class SwallowsAFullDisk(FolderAdapter):
    def hand_over(self, item: HandOver) -> str:
        try:
            return super().hand_over(item)
        except AdapterError:
            return "0"


class SwallowsABrokenLine(SeeyonAdapter):
    def hand_over(self, item: HandOver) -> str:
        try:
            return super().hand_over(item)
        except AdapterError:
            return "0"


class NeverLooks(SeeyonAdapter):
    def hand_over(self, item: HandOver) -> str:
        return super().hand_over(replace(item, again=False))


class WaitsForEver(SeeyonAdapter):
    def hand_over(self, item: HandOver) -> str:
        port = int(self._settings.url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as line:
            line.settimeout(None)
            line.sendall(b"GET / HTTP/1.0\r\n\r\n")
            line.recv(100)
        return super().hand_over(item)


class SendsAgain(MailAdapter):
    def hand_over(self, item: HandOver) -> str:
        return super().hand_over(replace(item, again=False))


class Wrong(NamedTuple):
    """`bench`: of which adapter that ships, or the paper office's. `caught_by`: cases that must fail."""

    adapter: Any
    caught_by: tuple[str, ...]
    bench: str = ""


WRONG: Final = (
    Wrong(ConfirmsBeforeItStores, ("IN-01",)),
    Wrong(DoublesAfterACrash, ("IN-02", "CRS-01")),
    Wrong(ForgetsItsOwnId, ("IN-02",)),
    Wrong(TellsDuplicatesByTitle, ("IN-03",)),
    Wrong(TruncatesFiles, ("IN-06", "OUT-08")),
    Wrong(LosesAFile, ("IN-01", "OUT-01")),
    Wrong(SpoilsNames, ("IN-04", "OUT-07")),
    Wrong(EscapesTitles, ("IN-05",)),
    Wrong(SwallowsErrors, ("IN-07", "NET-03")),
    Wrong(ShowsHalfADocument, ("IN-07",)),
    Wrong(MarksAsSentWhenTaken, ("OUT-02", "OUT-03")),
    Wrong(NewReferenceEachTime, ("OUT-02", "OUT-03")),
    Wrong(RefusesInSilence, ("OUT-04",)),
    Wrong(OneAtATime, ("OUT-05",)),
    Wrong(TakesTitlesForReferences, ("OUT-06",)),
    Wrong(SendsInItsOwnName, ("OUT-09",)),
    Wrong(ShowsNoReceipts, ("RCP-01", "REC-01")),
    Wrong(ShowsReceiptsAgain, ("RCP-02", "REC-02")),
    Wrong(BelievesInOrder, ("RCP-03",)),
    Wrong(FailsAtStrangers, ("RCP-04",)),
    Wrong(TicksDecisionsOff, ("DEC-02", "DEC-03")),
    Wrong(NewDecisionEachTime, ("DEC-02", "DEC-03")),
    Wrong(KeepsFaultsToItself, ("DEC-04", "REC-03")),
    Wrong(SignsAsTheSystem, ("DEC-01",)),
    Wrong(LosesTheReason, ("DEC-05", "DEC-06")),
    Wrong(TakesAReturnForARefusal, ("DEC-06",)),
    Wrong(IgnoresRecalls, ("REC-01",)),
    Wrong(DeletesWhatIsRecalled, ("REC-04",)),
    Wrong(FailsAtRecallsOfStrangers, ("REC-05",)),
    Wrong(AcceptsBadSignatures, ("CAL-01", "CAL-02", "CAL-03", "CAL-04", "CAL-05")),
    Wrong(KnowsNoField, ("CHK-01",)),
    Wrong(ConsumesWhileItChecks, ("CHK-01",)),
    Wrong(FailsAsABug, ("NET-03",)),
    Wrong(SwallowsAFullDisk, ("DSK-01",), "folder"),
    Wrong(SwallowsABrokenLine, ("NET-01", "NET-03"), "seeyon"),
    Wrong(NeverLooks, ("NET-02",), "seeyon"),
    Wrong(WaitsForEver, ("NET-04",), "seeyon"),
    Wrong(SendsAgain, ("IN-02",), "mail"),
)
