"""Told to stop under load, every process ends by itself and in its order, and nothing is lost or comes twice.

The order is that of docs/operations.md. How long it takes is told, not judged here: a loaded machine is no fault. What
would be killed by a service manager after minutes is a fault, and so is one that was killed.
"""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from exchange.trial.county import TrialCounty, TrialPlan
from exchange.trial.process import Program
from exchange.trial.proxy import TcpProxy
from exchange.trial.servers import free_port
from exchange.wiring.layout import Layout
from tests.servers.four import CODES, UNITS, A, B, C, D, send, until
from tests.servers.load import FolderLoad
from tests.unit.cli.commands import yidi

# What the manager of a machine gives a process at the least, several times over.
PATIENCE = 60.0
WEB = ["nodes", "loops", "store"]
WORKER = ["loops", "queues", "store"]
NODE = ["programs", "loops", "queues", "line to the hub", "offices", "changes", "store"]
MIB = 1 << 20


@pytest.fixture(scope="module")
def lines() -> dict[str, TcpProxy]:
    """Before the hub's HTTP, as nodes see it."""
    return {}


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory, lines: dict[str, TcpProxy]) -> Iterator[TrialCounty]:
    with ExitStack() as stack:

        def through(name: str, port: int) -> int:
            if name != "hub":
                return port
            if not lines:
                lines[name] = stack.enter_context(TcpProxy(port))
            return lines[name].port

        retry = {"BASE": "0.5", "CONFIRMED": "5", "FLOOR": "0.2", "CAP": "5"}
        hub, node = (
            {f"YIDI_{side}_TIMING__RETRY__{name}_SECONDS": seconds for name, seconds in retry.items()}
            for side in ("HUB", "NODE")
        )
        plan = TrialPlan(
            nodes=2, office="folder", through=through, hub_settings=hub, node_settings=node | {"YIDI_API__PORT": "0"}
        )
        made = stack.enter_context(TrialCounty(tmp_path_factory.mktemp("county"), UNITS, plan))
        made.found()
        made.start()
        yield made
        made.stop()


def stopped(program: Program) -> list[str]:
    """What it says that it stopped, in that order, having been told to; it must end by itself."""
    before = program.log.stat().st_size
    began = time.monotonic()
    program.ask_to_stop()
    status = program.wait(PATIENCE)
    assert status == 0, f"{program.name} ended with {status}: {program.log_tail()}"
    print(f"{program.name}: {time.monotonic() - began:.1f} s", file=sys.stderr)  # noqa: T201  # shown by -s
    said = program.log.read_bytes()[before:].decode()
    events = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    return [str(event["what"]) for event in events if event["event"] == "stopped"]


def office(county: TrialCounty, unit: str) -> Path:
    return next(node.root / "offices" / unit for node in county.nodes if unit in node.units)


def load(county: TrialCounty) -> FolderLoad:
    return FolderLoad(office(county, A), [office(county, unit) for unit in (B, C, D)])


@pytest.mark.timeout(900)  # a loaded machine
def test_each_process_told_to_stop_under_load_ends_in_order_and_all_arrives_once(county: TrialCounty) -> None:
    with load(county) as sent:
        sent.goes_on()
        for name, program in county.workers.items():
            assert stopped(program) == (WEB if name == "web-1" else WORKER)
            program.start()
            sent.goes_on()
        for node in county.nodes:
            assert stopped(node.program) == NODE
            assert not Layout(node.root).web_url.exists()
            node.program.start()
            sent.goes_on()
    until(county, "everything", sent.everything_arrived)
    until(county, "rest", county.at_rest)
    sent.check()
    assert county.audit().lines() == []


@pytest.mark.timeout(900)
def test_a_hub_ends_its_workers_in_order(county: TrialCounty) -> None:
    for program in reversed(county.workers.values()):
        program.stop()
    web = county.workers["web-1"]
    command = [sys.executable, "-m", "exchange.cli", "hub", "run", "--data", str(county.hub_root)]
    hub = Program("hub", command, county.root / "hub.log", web.environment)
    try:
        hub.start()
        sent = FolderLoad(office(county, B), [office(county, unit) for unit in (A, C, D)])
        with sent:
            sent.goes_on()
            stopped(hub)
            said = [json.loads(line) for line in hub.log.read_text().splitlines() if line.startswith("{")]
            workers = [(one["worker"], one["status"]) for one in said if one["event"] == "worker_stopped"]
            assert workers == [(f"{name}-1", 0) for name in ("web", "router", "acknowledger", "clock", "sealer")]
            assert not [one for one in said if one["event"] in {"worker_killed", "worker_stuck"}]
            hub.start()
            sent.goes_on()
        until(county, "everything", sent.everything_arrived)
        until(county, "rest", county.at_rest)
        sent.check()
        assert county.audit().lines() == []
    finally:
        stopped(hub)
        for program in county.workers.values():
            program.start()


@pytest.mark.timeout(900)
def test_a_large_file_goes_on_where_it_was_when_hub_and_nodes_were_told_to_stop(
    county: TrialCounty, lines: dict[str, TcpProxy]
) -> None:
    line, size = lines["hub"], 24 * MIB
    hub, there = Layout(county.hub_root).hub / "files", Layout(county.node_of(B).root).node / "files"
    line.bytes_per_second, passed = 2 * MIB, line.passed
    (key,) = send(county, A, [B], [b"%07d\n" % 8 * (size // 8)])

    def part_of(files: Path, at_least: int) -> bool:
        return any(path.stat().st_size > at_least for path in files.glob("partial/*/*") if path.is_file())

    until(county, "upload", lambda: part_of(hub, 3 * MIB))
    assert stopped(county.workers["web-1"]) == WEB
    county.workers["web-1"].start()
    until(county, "more of it", lambda: part_of(hub, 8 * MIB))
    assert stopped(county.node_of(A).program) == NODE
    county.node_of(A).program.start()
    until(county, "download", lambda: part_of(there, 3 * MIB))
    assert stopped(county.node_of(B).program) == NODE
    county.node_of(B).program.start()
    line.bytes_per_second = 0.0
    until(county, "delivery", lambda: list(office(county, B).glob(f"inbox/*{key.id}*/files/*")))
    until(county, "rest", county.at_rest)
    assert county.audit().lines() == []
    assert line.passed - passed < 3 * size, "it began anew"


@pytest.mark.timeout(600)
def test_a_machine_told_to_stop_under_load_ends_in_order_and_all_arrives_once(tmp_path: Path) -> None:
    data, units = tmp_path / "data", tmp_path / "units.csv"
    rows = "".join(f"{unit.code},{unit.name},government,county\n" for unit in UNITS)
    units.write_text(f"code,name,category,level\n{rows}", encoding="utf-8")
    for arguments in (("hub", "init"), ("hub", "units", "import", units), ("node", "enroll", "--all")):
        done = yidi(*arguments, data=data)
        assert done.code == 0, done.err
    command = [sys.executable, "-m", "exchange.cli", "up", "--data", str(data)]
    machine = Program("up", command, tmp_path / "up.log", {"YIDI_API__PORT": str(free_port())})
    offices = [data / "offices" / unit for unit in CODES]
    try:
        machine.start()
        with FolderLoad(offices[0], offices[1:]) as sent:
            for _ in range(2):
                sent.goes_on()
                queues = ["programs", "loops", "queues", "offices", "hub's store", "node's store"]
                assert stopped(machine) == queues
                machine.start()
            sent.goes_on()
        deadline = time.monotonic() + 240
        while not sent.everything_arrived():
            assert time.monotonic() < deadline, machine.log_tail()
            time.sleep(0.5)
        stopped(machine)
    finally:
        machine.kill()
    sent.check()
    verified = yidi("ledger", "verify", "--files", data=data)
    assert verified.code == 0, verified.out + verified.err
