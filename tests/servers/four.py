"""The county of four units on two nodes that tests on real servers share, and what its people do.

Not here: what is done to it.
"""

import io
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import date

from exchange.model.document import DocumentType, Metadata
from exchange.model.envelope import EnvelopeKey, FileRole
from exchange.model.unit import Level, Unit, UnitCode, UnitKind
from exchange.ports.office import Address, Draft, DraftFile
from exchange.trial.county import TrialCounty

__all__ = ["CODES", "NOTICE", "UNITS", "A", "B", "C", "D", "a_file", "send", "sign", "until"]

# Of two nodes the first has A and C, the second B and D.
A, B, C, D = CODES = tuple(UnitCode(f"520304-00{number}") for number in range(1, 5))
UNITS = [
    Unit(code=code, name=f"第{number}局", kind=UnitKind.GOVERNMENT, level=Level.COUNTY)
    for number, code in enumerate(CODES, 1)
]
NOTICE = Metadata(
    document_identifier="1.2.156.3005.2.520304001-001-2026-08-000012-X",
    document_type=DocumentType.NOTICE,
    title="关于加强值班的通知",
    issuer_identification=("测试县",),
    issuer_signatures=("测试县",),
    issued_date=date(2026, 11, 1),
)
_SECONDS = 240.0  # a receipt that overtook its document is repeated after a minute, perhaps twice


def a_file(name: str, data: bytes) -> DraftFile:
    return DraftFile(role=FileRole.BODY, name=name, media_type="text/plain", open=lambda: io.BytesIO(data))


def send(
    county: TrialCounty, sender: UnitCode, to: Iterable[UnitCode], bodies: Sequence[bytes] = (b"",)
) -> list[EnvelopeKey]:
    """A document with each of `bodies` as its file, to all of `to`."""
    with county.node_of(sender).desk() as desk:
        return [
            desk.node.submitter.submit(
                Draft(
                    sender=sender,
                    to=tuple(Address(to=code) for code in to),
                    metadata=NOTICE,
                    operator="李四",
                    declared_by="张三",
                    files=(a_file(f"附件{number}.txt", body),),
                )
            ).key
            for number, body in enumerate(bodies)
        ]


def sign(county: TrialCounty, unit: UnitCode, keys: Iterable[EnvelopeKey]) -> None:
    with county.node_of(unit).desk() as desk:
        for key in keys:
            desk.node.decider.sign(unit, key, "赵六")


def until(county: TrialCounty, what: str, happened: Callable[[], object], seconds: float = _SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            logs = "\n".join(f"{one.name}: {one.log_tail(10)[-2000:]}" for one in county.programs())
            raise AssertionError(f"{what} did not happen in {seconds} s: {county.open_rows()}\n{logs}")
        time.sleep(0.5)
