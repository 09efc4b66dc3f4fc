"""An office system: it takes a document twice without effect, is down at times, and has documents to send."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from exchange.errors import AdapterError
from exchange.model.envelope import EnvelopeKey
from exchange.model.receipt import Receipt
from exchange.model.unit import UnitCode
from exchange.ports.office import Draft, HandOver, OfficeAdapter

__all__ = ["SimulatedOffice"]


@dataclass(slots=True)
class SimulatedOffice(OfficeAdapter):
    """`is_down` is asked before each call; `reach` is where the calling process may die."""

    is_down: Callable[[], bool]
    reach: Callable[[str], None]
    taken: dict[tuple[UnitCode, EnvelopeKey], str] = field(default_factory=dict)
    told: set[tuple[UnitCode, str]] = field(default_factory=set)
    drafts: dict[UnitCode, list[Draft]] = field(default_factory=dict)
    sent_keys: dict[tuple[UnitCode, str], EnvelopeKey] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def hand_over(self, item: HandOver) -> str:
        self._check("office.hand_over.before")
        for entry in item.envelope.files:
            with item.open_file(entry.sha256) as stream:
                if len(stream.read()) != entry.size:
                    self.faults.append(f"{item.unit} was handed a file of another size: {entry.sha256}")
        external = self.taken.setdefault((item.unit, item.key), f"OA-{len(self.taken) + 1}")
        self.reach("office.hand_over.after")
        return external

    def tell(self, unit: UnitCode, receipt: Receipt, document: bytes) -> None:
        self._check("office.tell.before")
        self.told.add((unit, receipt.id))
        self.reach("office.tell.after")

    def collect(self, unit: UnitCode) -> Iterable[Draft]:
        return tuple(self.drafts.get(unit, ()))

    def sent(self, unit: UnitCode, reference: str, key: EnvelopeKey) -> None:
        self.reach("office.sent.before")
        before = self.sent_keys.setdefault((unit, reference), key)
        if before != key:
            self.faults.append(f"{unit}: draft {reference} was sent as {before} and again as {key}")
        self._drop(unit, reference)
        self.reach("office.sent.after")

    def refused(self, unit: UnitCode, reference: str, code: str, message: str) -> None:
        self._drop(unit, reference)

    def _drop(self, unit: UnitCode, reference: str) -> None:
        self.drafts[unit] = [draft for draft in self.drafts[unit] if draft.reference != reference]

    def _check(self, point: str) -> None:
        self.reach(point)
        if self.is_down():
            raise AdapterError("the office system does not answer")
