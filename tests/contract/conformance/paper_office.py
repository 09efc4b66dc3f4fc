"""An office on paper, kept in memory: its adapter does everything right, so that each wrong one below it differs in one
thing.

Not here: what is wrong (`wrong_adapters`).
"""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from io import BytesIO
from typing import Any, Final, Self

from exchange.adapters.decision import event_of
from exchange.conformance.bench import Bench, Site, Written
from exchange.errors import AdapterError, NotAuthorisedError, YidiError
from exchange.model.document import DocumentType, Metadata
from exchange.model.envelope import EnvelopeKey, FileRole
from exchange.model.receipt import Receipt
from exchange.model.unit import UnitCode
from exchange.ports.office import (
    Address,
    Draft,
    DraftFile,
    HandOver,
    InOffice,
    Misfit,
    OfficeAdapter,
    OfficeCall,
    OfficeDecision,
)
from exchange.settings import AdapterSettings

__all__ = ["Deed", "Filed", "Office", "PaperAdapter", "PaperBench", "Sheet"]


@dataclass
class Filed:
    """A received document. `key` is None where an adapter keeps none."""

    number: str
    key: EnvelopeKey
    title: str
    files: dict[str, bytes]


@dataclass
class Sheet:
    """Put out to be sent."""

    number: str
    written: Written
    answer: str = ""


@dataclass
class Deed:
    number: str
    title: str
    decision: str
    person: str
    text: str
    answer: str = ""


@dataclass
class Office:
    """`step`: told before and after each change that the adapter makes. `up`: whether it answers."""

    filed: list[Filed] = field(default_factory=list)
    sheets: list[Sheet] = field(default_factory=list)
    deeds: list[Deed] = field(default_factory=list)
    shown: list[tuple[str, str, str]] = field(default_factory=list)  # receipt, envelope, event
    reach: Callable[[str], None] | None = None
    up: bool = True
    notes: dict[str, Any] = field(default_factory=dict)  # what a wrong adapter keeps
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @contextmanager
    def changed(self, what: str) -> Iterator[None]:
        if not self.up:
            raise AdapterError("the office is closed")
        if self.reach is not None:
            self.reach(f"before {what}")
        yield
        if self.reach is not None:
            self.reach(f"after {what}")


_OFFICES: Final[dict[str, Office]] = {}


class PaperSettings(AdapterSettings):
    office: str


class _Calls:
    largest = 4096

    def admits(self, address: str) -> bool:
        return address == "127.0.0.1"

    def take(self, call: OfficeCall) -> None:
        if call.token != "the secret of the office":
            raise NotAuthorisedError("no such token", code="TOKEN")


class PaperAdapter(OfficeAdapter):
    Settings = PaperSettings
    calls: Any = _Calls

    @classmethod
    def open(cls, settings: PaperSettings, place: object) -> Self:
        return cls(_OFFICES[settings.office])

    def __init__(self, office: Office) -> None:
        self.office = office
        self.office_calls = self.calls()

    def hand_over(self, item: HandOver) -> str:
        if (found := self.find(item)) is not None:
            return found.number
        files = {entry.name: self.read(item, entry.sha256) for entry in item.envelope.files}
        with self.office.changed("file"):
            number = f"SW-{next(self.office.numbers)}"
            self.office.filed.append(Filed(number, item.key, item.envelope.metadata.title, files))
        return number

    def find(self, item: HandOver) -> Filed | None:
        return next((one for one in self.office.filed if one.key == item.key), None)

    def read(self, item: HandOver, digest: str) -> bytes:
        with item.open_file(digest) as file:
            return file.read()

    def tell(self, unit: UnitCode, receipt: Receipt, document: bytes) -> None:
        if receipt.subject is None or any(receipt.id == known for known, _, _ in self.office.shown):
            return
        with self.office.changed("show"):
            self.office.shown.append((receipt.id, str(receipt.subject.envelope), receipt.event.value))

    def collect(self, unit: UnitCode) -> Iterator[Draft]:
        for sheet in self.office.sheets:
            if not sheet.answer:
                yield self.draft(unit, sheet)

    def draft(self, unit: UnitCode, sheet: Sheet) -> Draft:
        written = sheet.written
        metadata = Metadata(
            document_identifier=sheet.number,
            document_type=DocumentType.NOTICE,
            title=written.title,
            issuer_identification=("测试县",),
            issuer_signatures=("测试县",),
            issued_date=date(2026, 3, 1),
        )
        return Draft(
            sender=unit,
            to=(Address(to=written.to),),
            metadata=metadata,
            files=tuple(self.draft_file(name, data) for name, data in written.files.items()),
            operator=written.operator,
            declared_by=written.operator,
            reference=sheet.number,
        )

    def draft_file(self, name: str, data: bytes) -> DraftFile:
        return DraftFile(
            role=FileRole.ATTACHMENT, name=name, media_type="application/octet-stream", open=lambda: BytesIO(data)
        )

    def sent(self, unit: UnitCode, reference: str, key: EnvelopeKey) -> None:
        self.answer_sheet(reference, f"已发送 {key.id}")

    def refused(self, unit: UnitCode, reference: str, code: str, message: str) -> None:
        self.answer_sheet(reference, f"未发送 {code} {message}")

    def answer_sheet(self, reference: str, answer: str) -> None:
        for sheet in self.office.sheets:
            if sheet.number == reference:
                with self.office.changed("answer"):
                    sheet.answer = answer

    def decisions(self, unit: UnitCode, held: Callable[[], Sequence[InOffice]]) -> Iterator[OfficeDecision]:
        for deed in self.office.deeds:
            key = next((one.key for one in self.office.filed if one.title == deed.title), None)
            if key is not None and not deed.answer:
                yield self.decision(deed, key)

    def decision(self, deed: Deed, key: EnvelopeKey) -> OfficeDecision:
        return OfficeDecision(
            key=key, event=event_of(deed.decision), person=deed.person, text=deed.text or None, reference=deed.number
        )

    def decided(self, unit: UnitCode, reference: str, fault: YidiError | None) -> None:
        for deed in self.office.deeds:
            if deed.number == reference:
                with self.office.changed("conclude"):
                    deed.answer = "已办理" if fault is None else f"未办理 {fault.code}"

    def check(self, units: Sequence[UnitCode]) -> Iterator[Misfit]:
        return iter(())


class PaperBench(Bench):
    simulated = True

    def __init__(self) -> None:
        self.office, self.name = Office(), f"office-{id(self)}"
        _OFFICES[self.name] = self.office

    @classmethod
    def open(cls, site: Site) -> Self:
        return cls()

    def close(self) -> None:
        del _OFFICES[self.name]

    def settings(self) -> Mapping[str, Any]:
        return {"office": self.name}

    def put_out(self, written: Written) -> None:
        self.office.sheets.append(Sheet(f"FW-{next(self.office.numbers)}", written))

    def decide(self, title: str, decision: str, person: str, text: str) -> None:
        self.office.deeds.append(Deed(f"D-{next(self.office.numbers)}", title, decision, person, text))

    def received(self, title: str) -> Sequence[Mapping[str, bytes]]:
        return [one.files for one in self.office.filed if one.title == title]

    def shown(self, key: EnvelopeKey, title: str) -> Sequence[str]:
        return [event for _, envelope, event in self.office.shown if envelope == str(key)]

    def waiting(self, title: str) -> int:
        return sum(not answer for answer in self._answers(title))

    def refused(self, title: str) -> Sequence[str]:
        return [answer for answer in self._answers(title) if answer.startswith("未")]

    def _answers(self, title: str) -> list[str]:
        sheets = [one.answer for one in self.office.sheets if one.written.title == title]
        return sheets + [one.answer for one in self.office.deeds if one.title == title]

    @contextmanager
    def outage(self) -> Iterator[None]:
        self.office.up = False
        yield
        self.office.up = True

    @contextmanager
    def watch(self, reach: Callable[[str], None]) -> Iterator[None]:
        self.office.reach = reach
        try:
            yield
        finally:
            self.office.reach = None
