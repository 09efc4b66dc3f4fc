"""What a running exchange shows of itself, after one document has gone its whole way."""

import re
from collections.abc import Callable
from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from exchange.model.document import DocumentType, EmergencyDegree, Metadata
from exchange.model.unit import UnitCode
from exchange.ports.office import Address, Draft
from exchange.telemetry import configure_log, make_metrics
from exchange.telemetry.catalogue import CATALOGUE, Kind
from exchange.telemetry.catalogue import UNITS as OF_UNITS
from exchange.web.health import create_app
from exchange.wiring.layout import Layout
from tests.unit.cli.commands import yidi
from workers import attendant
from workers.gauges import gauge_steps
from workers.machine import Machine, open_machine

UNITS = "code,name,category,level\n520304-001,甲局,government,county\n520304-002,乙镇,township,township\n"
SENDER, RECIPIENT = UnitCode("520304-001"), UnitCode("520304-002")
DRAFT = Draft(
    sender=SENDER,
    to=(Address(to=RECIPIENT),),
    metadata=Metadata(
        document_identifier="2.16.156.1-520304-001-A-2026-08-1",
        document_type=DocumentType.NOTICE,
        title="关于防汛工作的通知",
        issuer_identification=("甲局",),
        issuer_signatures=("甲局",),
        issued_date=date(2026, 3, 2),
        emergency_degree=EmergencyDegree.URGENT,
    ),
    content="请各镇做好防汛工作。",
    operator="张三",
    declared_by="张三",
)
DAY = 86400.0

# What happens only when something is wrong, and has a label: nothing of it is counted before.
WRONG = {
    "yidi_telemetry_spans_total",  # nobody asked for traces
    "yidi_router_refusals_total",
    "yidi_router_aside_total",
    "yidi_acknowledger_invalid_total",
    "yidi_attendant_invalid_total",
    "yidi_node_quarantined_total",
    "yidi_node_directory_refused_total",
    "yidi_node_handover_failures_total",
    "yidi_transport_publish_failures_total",
    "yidi_worker_failures_total",
    "yidi_telemetry_alarms_total",
}
BROKER = {"yidi_broker_messages", "yidi_broker_consumers", "yidi_broker_nodes", "yidi_broker_alarms"}
# The sums of their series after one document that was accepted, delivered and signed for.
EXACT = {
    "yidi_router_envelopes_total": 1,
    "yidi_router_duplicates_total": 0,
    "yidi_router_accept_seconds_count": 1,
    "yidi_hub_waiting_age_seconds": 0,
    "yidi_hub_late_deliveries": 0,
    "yidi_hub_late_deliveries_here": 0,
    "yidi_hub_unsigned": 0,
    "yidi_hub_overdue": 0,
    "yidi_ledger_unsealed_age_seconds": 0,
    "yidi_acknowledger_deliver_seconds_count": 1,
    "yidi_acknowledger_sign_seconds_count": 1,
    "yidi_clock_dispatches_total": 0,
    "yidi_clock_forwards_total": 0,
    "yidi_clock_reminders_total": 0,
    "yidi_clock_expired_total": 0,
    "yidi_hub_unsigned_urgent_age_seconds": 0,
    "yidi_node_submitted_total": 1,
    "yidi_node_outbox_age_seconds": 0,
    "yidi_node_received_total": 1,
    "yidi_node_duplicates_total": 0,
    "yidi_node_decisions_total": 1,
    "yidi_telemetry_faults_total": 0,
    "yidi_files_orphans_total": 0,
    "yidi_files_deleted_total": 0,
    "yidi_hub_files": 0,
    "yidi_hub_files_bytes": 0,
}
SANE: dict[str, Callable[[float], bool]] = {
    "yidi_acknowledger_receipts_total": lambda receipts: receipts == 2,  # DELIVERED, SIGNED
    "yidi_attendant_presences_total": lambda units: units == 2,
    "yidi_hub_rows": lambda rows: rows >= 2,
    "yidi_node_rows": lambda rows: rows >= 2,
    "yidi_hub_units": lambda units: units == 2,  # here, silent, never
    "yidi_node_repeats_total": lambda repeats: repeats >= 0,
    "yidi_files_size_bytes": lambda size: size > 0,
    "yidi_store_size_bytes": lambda size: size > 2 * 4096,
    "yidi_gauges_seconds": lambda seconds: 0 <= seconds < 60,
    "yidi_files_free_bytes": lambda free: free > 0,
    "yidi_ledger_checkpoint_entries": lambda entries: entries == 4,  # the envelope, ACCEPTED, DELIVERED, SIGNED
    "yidi_ledger_checkpoint_age_seconds": lambda age: 0 <= age < DAY,
    "yidi_directory_version": lambda both: both == 2 * 3,  # the hub's own, units imported, units enrolled
    "yidi_directory_expiry_seconds": lambda both: 0 < both <= 2 * 30 * DAY,
    "yidi_trust_certificate_expiry_seconds": lambda both: 2 * 300 * DAY < both < 2 * 5000 * DAY,
    "yidi_node_published_total": lambda published: published >= 3,
    "yidi_node_receipts_total": lambda receipts: receipts >= 3,
    "yidi_worker_work_total": lambda done: done > 5,
    "yidi_worker_seen_timestamp_seconds": lambda three: three > 3 * 1.7e9,
}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    data, units = tmp_path / "data", tmp_path / "units.csv"
    units.write_text(UNITS, encoding="utf-8")
    for arguments in (("hub", "init"), ("hub", "units", "import", units), ("node", "enroll", "--all")):
        result = yidi(*arguments, data=data)
        assert result.code == 0, result.err
    with Layout(data).settings_file.open("a", encoding="utf-8") as settings:
        settings.write('office = "none"\n')
    return data


def go_round(machine: Machine) -> None:
    while sum(runner.round() for runner in machine.runners):
        pass
    assert machine.faults() == {}


@pytest.fixture
def shown(data: Path) -> dict[str, float]:
    """The sum of all series of each sample of /metrics, after one document's whole way."""
    metrics = make_metrics(strict=True)
    machine = open_machine(Layout(data), metrics, configure_log(StringIO(), metrics))
    try:
        document = machine.node.submitter.submit(DRAFT).key
        go_round(machine)
        machine.node.decider.sign(RECIPIENT, document, "李四")
        go_round(machine)
        # What has its second or its quarter of a minute, now:
        machine.hub.forwarder.note()
        for step in attendant.steps(machine.hub.attendant, machine.transport):
            step.run()
        go_round(machine)
        machine.hub.sealer.seal()
        for step in gauge_steps(machine.hub.hub, machine.node.node, {"hub": data / "hub", "node": data / "node"}):
            step.run()
    finally:
        machine.close()
    face = TestClient(create_app(metrics.render, lambda: True, dict))
    sums: dict[str, float] = {}
    for family in text_string_to_metric_families(face.get("/metrics").text):
        for sample in family.samples:
            sums[sample.name] = sums.get(sample.name, 0) + sample.value
    return sums


def test_every_metric_that_a_good_day_knows_is_shown_with_the_right_value(shown: dict[str, float]) -> None:
    assert {name: shown.get(name) for name in EXACT} == EXACT
    assert {name: shown.get(name) for name, sane in SANE.items() if not (name in shown and sane(shown[name]))} == {}
    assert {name: shown[name] for name in WRONG if shown.get(name)} == {}
    histograms = {f"{name}_count" for name, spec in CATALOGUE.items() if spec.kind is Kind.HISTOGRAM}
    others = {name for name, spec in CATALOGUE.items() if spec.kind is not Kind.HISTOGRAM}
    assert EXACT.keys() | SANE.keys() | WRONG == (histograms | others) - BROKER
    assert BROKER & shown.keys() == set(), "a broker within the process has no management"


def test_every_metric_of_the_catalogue_is_emitted_somewhere(repository: Path) -> None:
    emitted = set()
    for room in ("exchange", "workers"):
        for path in (repository / room).rglob("*.py"):
            if path.name != "catalogue.py":
                emitted |= set(re.findall(r"\"(yidi_[a-z_]+)\"", path.read_text(encoding="utf-8")))
    assert (CATALOGUE.keys() | OF_UNITS.keys()) - emitted == set()
