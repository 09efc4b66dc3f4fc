"""Findings: who has what, how fast, and whether every promise held, read from the stores alone after the exchange
has stopped."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from exchange.cli.demo.stage import Stores
from exchange.files.local import LocalFiles
from exchange.model.envelope import EnvelopeKey
from exchange.model.events import BusinessState, TransportState
from exchange.model.fold import Moment
from exchange.model.unit import UnitCode
from exchange.ports.node import Box, NodeStore
from exchange.ports.records import DeliveryRecord
from exchange.ports.telemetry import Log
from exchange.services.audit.promises import audit
from exchange.services.evidence.gather import EvidenceExporter
from exchange.services.evidence.verify import verify
from exchange.wiring.hub import open_administration
from exchange.wiring.system import SystemClock

__all__ = ["examine"]


def examine(
    stores: Stores, notice: EnvelopeKey, dispatches: Sequence[EnvelopeKey], evidence: Path, log: Log
) -> dict[str, object]:
    """Audit everything, export the notice's evidence and verify it with nothing but the file and the anchor."""
    directory = open_administration(stores.home, stores.hub, log).administrator.current()
    names = {code: entry.unit for code, entry in directory.by_code.items()}
    sent, deliveries = _deliveries(stores, notice)
    reports = _received(stores.node_of(notice.sender), notice.sender)
    hub_files = LocalFiles(stores.home.files)
    report = audit(stores.hub, stores.anchor, hub_files=hub_files, nodes=stores.nodes, settled=True)
    sign_note = stores.home.keys.ledger(stores.home.id).note
    EvidenceExporter(stores.hub, hub_files, SystemClock(), sign_note, stores.anchor).export(notice, evidence)
    verdict = verify(evidence, stores.anchor)
    return {
        "who": [
            {
                "unit": record.key.recipient,
                "name": names[record.key.recipient].name,
                "kind": names[record.key.recipient].kind.value,
                "transport": record.state.transport.name,
                "business": record.state.business.name,
                "delivered": _time(record.state.delivered),
                "signed": _time(record.state.signed),
                "person": record.state.signed.person if record.state.signed else "",
            }
            for record in deliveries
        ],
        "sent": _iso(sent),
        "notice": _progress(deliveries, sent),
        "dispatch": _dispatches(stores, dispatches),
        "reports_received": reports,
        "promises": [
            {
                "promise": result.check.promise,
                "check": result.check.name,
                "zh": result.check.chinese,
                "en": result.check.english,
                "examined": result.examined,
                "ok": not result.findings,
                "findings": list(result.findings[:10]),
            }
            for result in report.results
        ],
        "evidence": {
            "path": str(evidence),
            "bytes": evidence.stat().st_size,
            "ok": verdict.ok,
            "checks": [{"zh": c.name_zh, "en": c.name_en, "ok": c.ok, "detail": c.detail} for c in verdict.checks],
        },
        "ok": report.ok and verdict.ok,
    }


def _deliveries(stores: Stores, key: EnvelopeKey) -> tuple[datetime, list[DeliveryRecord]]:
    with stores.node_of(key.sender).begin() as session:
        document = session.documents(Box.SENT, [(key.sender, key)])[(key.sender, key)]
        return document.received, session.deliveries(key.sender, key)


def _received(store: NodeStore, unit: UnitCode) -> int:
    with store.begin() as session:
        return len(session.listing(unit, Box.INBOX, 10_000))


def _dispatches(stores: Stores, keys: Sequence[EnvelopeKey]) -> dict[str, object]:
    records = [record for key in keys for record in _deliveries(stores, key)[1]]
    return {
        "documents": len(keys),
        "deliveries": len(records),
        "delivered": sum(r.state.transport is TransportState.DELIVERED for r in records),
    }


def _progress(deliveries: Sequence[DeliveryRecord], sent: datetime) -> dict[str, object]:
    arrived = sorted(r.state.delivered.at for r in deliveries if r.state.delivered)
    signed = sorted(r.state.signed.at for r in deliveries if r.state.signed)
    span = (arrived[-1] - sent).total_seconds() if arrived else 0.0
    return {
        "recipients": len(deliveries),
        "delivered": sum(r.state.transport is TransportState.DELIVERED for r in deliveries),
        "signed": sum(r.state.business is BusinessState.SIGNED for r in deliveries),
        "deliver_ms": _percentiles((at - sent).total_seconds() for at in arrived),
        "sign_ms": _percentiles((at - sent).total_seconds() for at in signed),
        "deliveries_per_second": round(len(arrived) / span, 1) if span else 0.0,
    }


def _percentiles(seconds: Iterable[float]) -> dict[str, int]:
    ordered = sorted(seconds)
    if not ordered:
        return {}
    return {
        f"p{percent}": round(ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] * 1000)
        for percent in (50, 95, 99)
    }


def _time(moment: Moment | None) -> str | None:
    return _iso(moment.at) if moment else None


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds")
