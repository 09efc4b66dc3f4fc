"""Rows of a node's own, and one of each, beside `tests.contract.store_records`."""

from dataclasses import replace

from exchange.model.envelope import EnvelopeKey
from exchange.model.unit import UnitCode
from exchange.ports.node import (
    Box,
    HandoverRecord,
    HeldCheckpoint,
    NodeSession,
    OutboxKind,
    OutboxRow,
)
from exchange.topology import Lane
from tests.contract.store_records import (
    HOUR,
    NOW,
    A,
    B,
    delivery,
    digest,
    directory,
    document,
    envelope,
    noted,
    quarantined,
    receipt,
    receipt_id,
)

__all__ = ["handover", "receipt_row", "row", "write_everything"]


def row(number: int, *, unit: UnitCode = A, hours: int = 0, lane: Lane = Lane.NORMAL) -> OutboxRow:
    key = envelope(number, unit)
    return OutboxRow(
        unit=unit,
        kind=OutboxKind.ENVELOPE,
        id=key.id,
        digest=digest(number),
        lane=lane,
        due=NOW + hours * HOUR,
        envelope=key,
        document=f"<envelope n='{number}'/>".encode(),
    )


def receipt_row(number: int, key: EnvelopeKey, *, unit: UnitCode = A) -> OutboxRow:
    lane = Lane.RECEIPT
    return replace(row(number, unit=unit, lane=lane), kind=OutboxKind.RECEIPT, id=receipt_id(number), envelope=key)


def handover(number: int, unit: UnitCode = B, hours: int = 0) -> HandoverRecord:
    return HandoverRecord(unit=unit, envelope=envelope(number), due=NOW + hours * HOUR)


def write_everything(session: NodeSession) -> None:
    session.add_unit(A, NOW)
    session.save_directory(directory(1))
    session.add_documents(Box.SENT, [(A, document(envelope(1)))])
    session.add_deliveries(A, [delivery(envelope(1))])
    session.add_receipts(A, [receipt(1, envelope(1))])
    session.add_outbox([row(1)])
    session.add_handovers([handover(1)])
    session.add_reference(A, "ref", envelope(1))
    session.owe(A, [noted(1)])
    session.quarantine(A, [quarantined(1)])
    session.add_checkpoint(HeldCheckpoint(size=1, root=b"r" * 32, note="n", seen=NOW))
