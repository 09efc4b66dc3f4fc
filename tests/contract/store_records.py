"""Records for the tests of the stores: short to write, and different wherever a difference could be lost."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from exchange.ledger.entry import LedgerEntry
from exchange.model.envelope import EnvelopeId, EnvelopeKey
from exchange.model.events import BusinessState, Event, TransportState
from exchange.model.fold import DeliveryState, Moment
from exchange.model.receipt import Noted, ReceiptId
from exchange.model.unit import UnitCode
from exchange.ports.hub import Forward, HubSession, HubStore, Owed, SealedCheckpoint
from exchange.ports.records import (
    DeliveryKey,
    DeliveryRecord,
    DirectoryRecord,
    DocumentRecord,
    QuarantineRecord,
    ReceiptRecord,
)

Open = Callable[[], HubStore]  # one and the same database, as another process would

NOW = datetime(2026, 3, 1, 8, 30, 0, 123000, tzinfo=UTC)
HOUR = timedelta(hours=1)
A, B, C = (UnitCode(f"520304-00{number}") for number in (1, 2, 3))


def digest(seed: object) -> str:
    return uuid.uuid5(uuid.NAMESPACE_OID, str(seed)).hex * 2


def envelope(number: int, sender: UnitCode = A) -> EnvelopeKey:
    return EnvelopeKey(sender, EnvelopeId(f"00000000-0000-4000-8000-{number:012x}"))


def receipt_id(number: int) -> ReceiptId:
    return ReceiptId(f"ffffffff-0000-4000-8000-{number:012x}")


def document(
    key: EnvelopeKey, *, received: datetime = NOW, files: tuple[str, ...] = (), content: bytes = b"\x00<xml/>\xff"
) -> DocumentRecord:
    return DocumentRecord(
        key=key,
        digest=digest(content),
        document=content,
        received=received,
        title=f"关于{key.id[-3:]}号的通知 ’\N{GRINNING FACE}",
        urgent=True,
        files=files,
    )


def delivery(
    key: EnvelopeKey, recipient: UnitCode = B, *, due: datetime | None = NOW, remind: datetime | None = None
) -> DeliveryRecord:
    return DeliveryRecord(
        key=DeliveryKey(key, recipient),
        state=DeliveryState(transport=TransportState.ACCEPTED, accepted=Moment(NOW, receipt_id(900))),
        digest=digest(key),
        due=due,
        attempts=2,
        expires=NOW + 72 * HOUR,
        sign_by=NOW + 24 * HOUR,
        remind=remind,
    )


def full_state() -> DeliveryState:
    """A state in which no field is empty, and no two moments are alike."""
    moments = [
        Moment(NOW + number * HOUR, receipt_id(number), f"张三{number}", "OPERATOR", f'说明 "{number}"\n第二行')
        for number in range(9)
    ]
    return DeliveryState(
        transport=TransportState.DELIVERED,
        business=BusinessState.RETURNED,
        accepted=moments[0],
        delivered=moments[1],
        signed=moments[2],
        first_read=moments[3],
        imported=moments[4],
        failed=moments[5],
        closed=moments[6],
        recall_requested=moments[7],
        recall_denied=moments[8],
        reminders=3,
        printed=7,
    )


def receipt(
    number: int,
    key: EnvelopeKey,
    *,
    recipient: UnitCode | None = B,
    event: Event = Event.DELIVERED,
    recorded: datetime = NOW,
) -> ReceiptRecord:
    return ReceiptRecord(
        id=receipt_id(number),
        envelope=key,
        recipient=recipient,
        event=event,
        digest=digest(number),
        document=f"<receipt n='{number}'/>".encode(),
        at=NOW - HOUR,
        recorded=recorded,
    )


def noted(number: int, fault: str | None = None) -> Noted:
    return Noted(receipt=receipt_id(number), digest=digest(number), fault=fault)


def entry(number: int, key: EnvelopeKey) -> LedgerEntry:
    """Its time has microseconds: the Merkle tree binds them."""
    return LedgerEntry(
        kind="RECEIPT",
        sender=key.sender,
        envelope_id=key.id,
        id=receipt_id(number),
        digest=digest(number),
        recorded=NOW + timedelta(microseconds=number + 1),
    )


def directory(version: int) -> DirectoryRecord:
    return DirectoryRecord(version=version, digest=digest(version), document=b"<directory/>", stored=NOW)


def quarantined(number: int, *, detail: str = "bad") -> QuarantineRecord:
    return QuarantineRecord(
        digest=digest(number),
        document=None if number % 2 else b"\x00bytes",
        queue="work.normal",
        user=A,
        code="XML",
        detail=detail,
        at=NOW,
    )


def write_everything(session: HubSession) -> None:
    session.add_directory(directory(1))
    session.add_documents([document(envelope(1), files=(digest("file"),))])
    session.add_deliveries([delivery(envelope(1))])
    session.add_receipts([receipt(1, envelope(1))])
    session.add_forwards([Forward(unit=A, receipt=receipt_id(1), due=NOW)])
    session.owe([Owed(unit=B, noted=noted(1))])
    session.add_entries([entry(1, envelope(1))])
    session.add_claims(A, [digest("file")])
    session.quarantine([quarantined(1)])
    [(row, _)] = session.unsealed(10)
    session.seal([(row, 0)], {(0, 0): b"h" * 32}, SealedCheckpoint(size=1, root=b"r" * 32, note="n", at=NOW))
