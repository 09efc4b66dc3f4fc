"""`yidi doctor` at a real hub and a real node: well, and sick on purpose in each way that it claims to see."""

import json
import os
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest

from exchange.cli.doctor import hub as checks_hub
from exchange.cli.doctor import node as checks_node
from exchange.cli.doctor.checks import Finding, Level, examine
from exchange.cli.doctor.hub import HubPatient
from exchange.cli.doctor.node import NodePatient
from exchange.model.unit import Level as UnitLevel
from exchange.model.unit import Unit, UnitCode, UnitKind
from exchange.topology import inbox_queue
from exchange.transport.rabbit_management import Management
from exchange.trial.county import TrialCounty, TrialPlan
from exchange.trust.authority import Authority
from exchange.trust.servers import certificate_pem
from exchange.wiring.layout import Layout

UNITS = [
    Unit(code=UnitCode(f"520304-00{n}"), name=name, kind=UnitKind.GOVERNMENT, level=UnitLevel.COUNTY)
    for n, name in ((1, "甲局"), (2, "乙局"))
]
TOWN = UNITS[0].code
SECONDS = 180.0  # nodes and workers come back within a minute, on a loaded machine later
pytestmark = pytest.mark.timeout(500)


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrialCounty]:
    """Running and well. Each test heals what it broke."""
    with TrialCounty(tmp_path_factory.mktemp("county"), UNITS, TrialPlan(nodes=1, office="folder")) as made:
        made.found()
        made.start()
        until_well(lambda: hub(made), lambda: node(made))
        yield made


def hub(county: TrialCounty, *, later: timedelta = timedelta(0)) -> list[Finding]:
    patient = HubPatient(Layout(county.hub_root), now=datetime.now(UTC) + later, free_bytes=1 << 40)
    with closing(patient):
        return list(examine(patient, checks_hub.CHECKS))


def node(county: TrialCounty, *, later: timedelta = timedelta(0)) -> list[Finding]:
    patient = NodePatient(Layout(county.nodes[0].root), now=datetime.now(UTC) + later, free_bytes=1 << 40)
    with closing(patient):
        return list(examine(patient, checks_node.CHECKS))


def failures(findings: list[Finding]) -> dict[str, Finding]:
    """By check; several of one check as one, the first one's cure."""
    assert all(one.cure for one in findings if one.level is not Level.OK)
    found: dict[str, Finding] = {}
    for one in findings:
        if one.level is Level.FAILURE:
            before = found.get(one.check, replace(one, found=""))
            found[one.check] = replace(before, found=f"{before.found} {one.found}")
    return found


def until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not happened():
        assert time.monotonic() < deadline, f"did not happen in {SECONDS} s"
        time.sleep(0.5)


def until_well(*examinations: Callable[[], list[Finding]]) -> None:
    deadline = time.monotonic() + SECONDS
    while sick := {check: one.found for ask in examinations for check, one in failures(ask()).items()}:
        assert time.monotonic() < deadline, f"not well in {SECONDS} s: {sick}"
        time.sleep(3)


@pytest.fixture
def management(county: TrialCounty) -> Management:
    return Management(f"http://127.0.0.1:{county.broker.management_port}", "guest", "guest")


# ------------------------------------------------------------------------------------------------- well


@pytest.mark.parametrize("which", ["hub", "node-1"])
def test_whoever_is_well_passes_every_check(county: TrialCounty, which: str) -> None:
    # A node that was ended by another test may still be counted at the broker, which lets a unit connect so often.
    until_well(lambda: hub(county), lambda: node(county))
    command = [sys.executable, "-m", "exchange.cli", "doctor", "--data", str(county.root / which), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, env=dict(os.environ))
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert {one["level"] for one in told} <= {"ok", "warning"}
    claimed = {
        "hub": {"settings", "modes", "disk", "keys", "database", "clock", "broker", "account", "topology", "queues",
                "certificates", "http", "workers", "directory", "deliveries", "ledger", "quarantine",
                "files", "names", "ports", "heard"},
        "node-1": {"settings", "modes", "disk", "keys", "database", "hub", "clock", "broker", "certificates",
                   "directory", "outbox", "offices", "programs", "quarantine", "process", "files",
                   "names", "ports"},
    }  # fmt: skip
    assert {one["check"] for one in told} == claimed[which]


def test_a_document_goes_from_one_unit_to_another_and_back(county: TrialCounty) -> None:
    until_well(lambda: hub(county), lambda: node(county))
    command = [sys.executable, "-m", "exchange.cli", "doctor", "--data", str(county.nodes[0].root), "--json"]
    command += ["--round-trip", UNITS[1].name, "--person", "张三", "--patience", str(int(SECONDS))]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=480, env=dict(os.environ))
    told = {one["check"]: one for one in json.loads(done.stdout)}
    assert told["round-trip"]["level"] == "ok", done.stdout + done.stderr
    assert told["round-trip"]["found"].startswith("甲局 → 乙局：")


# -------------------------------------------------------------------------------------------- a sick hub


def test_a_password_that_others_may_read(county: TrialCounty) -> None:
    secret = county.hub_root / "secrets" / "broker"
    secret.chmod(0o644)
    assert failures(hub(county))["modes"].cure == f"chmod 600 {secret}"
    secret.chmod(0o600)


def test_what_somebody_changed_at_the_broker_by_hand(county: TrialCounty, management: Management) -> None:
    management.put("permissions", "/", TOWN, body={"configure": ".*", "write": ".*", "read": ".*"})
    management.put("users", "520304-777", body={"password": "x", "tags": ""})
    found = failures(hub(county))["topology"]
    assert f"permission / {TOWN}" in found.found
    assert "user 520304-777" in found.found
    subprocess.run(
        [sys.executable, "-m", "exchange.cli", *found.cure.removeprefix("yidi ").split()], check=True, timeout=60
    )
    assert "topology" not in failures(hub(county))


def test_an_account_of_the_hub_that_does_not_get_in(county: TrialCounty) -> None:
    secret = county.hub_root / "secrets" / "broker"
    before = secret.read_text()
    secret.write_text("another\n")
    found = failures(hub(county))
    assert found["account"].cure.startswith("yidi hub provision")
    secret.write_text(before)


def test_an_alarm_of_the_broker(county: TrialCounty) -> None:
    county.broker.rabbitmqctl("set_disk_free_limit", "100000GB")
    try:
        assert "disk" in failures(hub(county))["broker"].found
    finally:
        county.broker.rabbitmqctl("set_disk_free_limit", "50MB")


def test_a_queue_without_leader(county: TrialCounty) -> None:
    for worker in county.workers.values():
        worker.stop()  # else the hub heals it while we look
    queue = inbox_queue(UNITS[1].code)
    county.broker.rabbitmqctl("eval", f"ra:force_delete_server(quorum_queues, {{'%2F_{queue}', node()}}).")
    county.broker.kill()
    county.broker.start()
    # Others wait unread meanwhile, for no worker runs.
    until(lambda: any(one.check == "queues" and queue in one.found and queue in one.cure for one in hub(county)))
    county.broker.rabbitmqctl("delete_queue", queue)
    for worker in county.workers.values():
        worker.start()
    until_well(lambda: hub(county), lambda: node(county))


def test_certificates_that_end(county: TrialCounty) -> None:
    certificates = [one for one in hub(county, later=timedelta(days=810)) if one.check == "certificates"]
    assert {one.level for one in certificates[:2]} == {Level.WARNING}
    assert "yidi hub tls" in failures(hub(county, later=timedelta(days=900)))["certificates"].cure
    assert failures(hub(county, later=timedelta(days=900)))["directory"].cure


def test_renewed_certificates_are_taken_up_and_nodes_need_nothing(county: TrialCounty) -> None:
    command = [sys.executable, "-m", "exchange.cli", "hub", "tls", "--renew", "--data", str(county.hub_root)]
    told = subprocess.run(command, check=True, timeout=60, capture_output=True, text=True).stdout
    county.broker.rabbitmqctl("eval", told.rpartition("rabbitmqctl eval ")[2].strip().strip("'"))
    web = county.workers["web-1"]
    web.stop()
    web.start()
    until_well(lambda: hub(county), lambda: node(county))
    port = urlsplit(county.hub_place().settings.http.url).port
    for name, served in (("hub", port), ("broker", county.broker.tls_port)):
        file = (county.hub_root / "tls" / f"{name}.pem").read_text()
        assert ssl.get_server_certificate(("127.0.0.1", served or 0)).strip() == file.strip()


def test_workers_that_do_not_run(county: TrialCounty) -> None:
    county.workers["router-1"].kill()  # leaves its address behind
    county.workers["web-1"].stop()
    found = failures(hub(county))
    assert set(found) >= {"workers", "http"}
    assert "web" in found["workers"].found
    assert "router-1" in found["workers"].found
    assert county.hub_place().settings.http.url in found["http"].found
    county.workers["router-1"].start()
    county.workers["web-1"].start()
    until_well(lambda: hub(county))


def test_servers_that_are_off(county: TrialCounty) -> None:
    county.database.stop()
    county.broker.stop()
    try:
        found = failures(hub(county))
        assert {"database", "broker", "account"} <= set(found)
        assert "systemctl start postgresql" in found["database"].cure
        assert "systemctl start rabbitmq-server" in found["broker"].cure
    finally:
        county.database.start()
        county.broker.start()
    until_well(lambda: hub(county), lambda: node(county))


# ------------------------------------------------------------------------------------------- a sick node


def test_a_unit_that_the_broker_does_not_let_in(county: TrialCounty, management: Management) -> None:
    management.put("permissions", "/", TOWN, body={"configure": "^$", "write": "^$", "read": "^$"})
    management.delete("permissions", "/", TOWN)
    found = failures(node(county))["broker"]
    assert TOWN in found.found
    assert "yidi hub provision" in found.cure
    subprocess.run(
        [sys.executable, "-m", "exchange.cli", "hub", "provision", "--data", str(county.hub_root)],
        check=True,
        timeout=60,
    )
    until_well(lambda: node(county))


def test_a_key_that_others_may_read_and_one_that_ended(county: TrialCounty) -> None:
    key = county.nodes[0].root / "node" / "keys" / f"{TOWN}.pem"
    key.chmod(0o644)
    assert set(failures(node(county))) >= {"modes", "keys"}
    key.chmod(0o600)
    assert "yidi hub enroll" in failures(node(county, later=timedelta(days=1200)))["keys"].cure


def test_a_hub_that_is_silent_and_one_of_another_authority(county: TrialCounty) -> None:
    ca_file = county.nodes[0].root / "ca.pem"
    before = ca_file.read_bytes()
    ca_file.write_bytes(certificate_pem(Authority.create("别县", datetime.now(UTC)).certificate))
    found = failures(node(county))
    assert "tls/ca.pem" in found["hub"].cure
    assert "broker" in found
    ca_file.write_bytes(before)
    county.workers["web-1"].stop()
    assert county.hub_place().settings.http.url in failures(node(county))["hub"].found
    county.workers["web-1"].start()
    until_well(lambda: node(county))


def test_a_document_that_waits_and_a_node_that_does_not_run(county: TrialCounty) -> None:
    one = county.nodes[0]
    one.program.stop()
    send = [
        "send",
        "--data",
        str(one.root),
        "--from",
        TOWN,
        "--to",
        UNITS[1].code,
        "--title",
        "通知",
        "--declared-by",
        "张三",
    ]
    subprocess.run([sys.executable, "-m", "exchange.cli", *send], check=True, timeout=60, stdout=subprocess.DEVNULL)
    found = failures(node(county, later=timedelta(minutes=20)))
    assert set(found) >= {"process", "outbox"}
    assert found["process"].cure == f"yidi node run --data {one.root}"
    one.program.start()
    until_well(lambda: node(county, later=timedelta(minutes=20)))
