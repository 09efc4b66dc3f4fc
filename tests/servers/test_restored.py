"""A county on real servers whose hub, and then a node of it, is restored from an older backup: it heals by itself.

The commands are those of a person; the hub comes back into an empty directory and an empty database, over a broker that
has lost everything. Nodes go on running all the while.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from exchange.model.envelope import EnvelopeKey
from exchange.model.unit import UnitCode
from exchange.ports.node import Box
from exchange.services.audit.report import Check
from exchange.trial.county import TrialCounty, TrialPlan
from tests.servers.four import CODES, UNITS, A, B, C, D, send, sign, until


def yidi(*arguments: str | Path) -> str:
    command = [sys.executable, "-m", "exchange.cli", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, f"{arguments}: {done.stderr}{done.stdout}"
    return done.stdout


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrialCounty]:
    """Two nodes with two units each: A and C, B and D."""
    with TrialCounty(tmp_path_factory.mktemp("county"), UNITS, TrialPlan(nodes=2, office="folder")) as county:
        county.found()
        county.start()
        yield county
        county.stop()


def exchange_some(county: TrialCounty, signed_by: Sequence[UnitCode]) -> list[EnvelopeKey]:
    """Documents with files from A and B to the others, delivered and imported, and signed for by `signed_by`."""
    keys: list[EnvelopeKey] = []
    for sender in (A, B):
        others = [code for code in CODES if code != sender]
        keys += send(county, sender, others, [b"%d" % number * 1000 for number in range(3)])
    until(county, "delivery", county.at_rest)
    for unit in signed_by:
        sign(county, unit, [key for key in keys if key.sender != unit])
    until(county, "signing", county.at_rest)
    return keys


def held(county: TrialCounty) -> dict[str, str]:
    """Digest of every document and receipt at the hub, by id."""
    with county.hub_store() as store, store.begin() as session:
        found = {str(record.key): record.digest for record in session.documents_after(None, 1000)}
        return found | {record.id: record.digest for record in session.receipts_after(None, 10_000)}


def offices(county: TrialCounty) -> list[str]:
    """Every document that lies in an office's folder."""
    return sorted(str(path.relative_to(county.root)) for path in county.root.glob("node-*/offices/*/inbox/*"))


def inbox(county: TrialCounty, unit: UnitCode) -> list[str]:
    with county.node_of(unit).store() as store, store.begin() as session:
        return sorted(str(document.key) for document, _ in session.listing(unit, Box.INBOX, 1000))


def states(county: TrialCounty, unit: UnitCode) -> dict[str, list[tuple[str, str]]]:
    """How everything stands that `unit` sent and received, by its own books."""
    with county.node_of(unit).store() as store, store.begin() as session:
        return {
            str(document.key): [(one.state.transport.name, one.state.business.name) for one in deliveries]
            for box in Box
            for document, deliveries in session.listing(unit, box, 1000)
        }


def psql(county: TrialCounty, statement: str) -> None:
    command = ["psql", county.database.url(), "-qc", statement]
    subprocess.run(command, check=True, capture_output=True, text=True)


@pytest.mark.timeout(1200)  # a loaded machine, and a broker that starts twice
def test_a_hub_restored_into_nothing_has_everything_again(county: TrialCounty, tmp_path: Path) -> None:
    before = exchange_some(county, [B])
    yidi("hub", "backup", "--data", county.hub_root, "--out", tmp_path / "backup", "--secrets", tmp_path / "secrets")
    since = exchange_some(county, [C, D])
    sign(county, D, before[:1])
    until(county, "signing", county.at_rest)
    lost, imported, received = held(county), offices(county), {code: inbox(county, code) for code in CODES}

    for worker in county.workers.values():
        worker.kill()
    shutil.move(county.hub_root, tmp_path / "broken")
    psql(county, "DROP DATABASE yidi WITH (FORCE)")
    county.database.create_database("yidi")
    told = yidi(
        *("hub", "restore", tmp_path / "backup", "--secrets", tmp_path / "secrets", "--data", county.hub_root),
        *("--reason", "磁盘损坏"),
    )
    assert "声明" in told
    assert not set(map(str, since)) & held(county).keys()
    county.broker.wipe()
    county.start()

    until(county, "return of every document", lambda: lost.keys() <= held(county).keys())
    until(county, "rest", county.at_rest)
    assert held(county) == lost
    assert (offices(county), {code: inbox(county, code) for code in CODES}) == (imported, received)
    assert county.audit().lines() == []
    verified = yidi("ledger", "verify", "--data", county.hub_root, "--files")
    assert f"{Check.CHECKPOINTS.chinese}" in verified


@pytest.mark.timeout(1200)
def test_a_node_restored_into_nothing_has_everything_again(county: TrialCounty, tmp_path: Path) -> None:
    node = county.node_of(B)
    before = exchange_some(county, [D])
    yidi("node", "backup", "--data", node.root, "--out", tmp_path / "backup", "--secrets", tmp_path / "secrets")
    exchange_some(county, [B, D])
    sign(county, B, [key for key in before if key.sender != B][:1])
    sign(county, C, [key for key in before if key.sender == B][:1])
    until(county, "signing", county.at_rest)
    recorded, received = held(county), inbox(county, B)
    known = {unit: states(county, unit) for unit in (B, D)}

    node.program.kill()
    shutil.move(node.root, tmp_path / "broken")
    yidi("node", "restore", tmp_path / "backup", "--secrets", tmp_path / "secrets", "--data", node.root)
    assert len(inbox(county, B)) == len(received) - 3
    node.program.start()

    until(county, "recovery", lambda: not (node.root / "node" / "restored").exists())
    until(county, "rest", county.at_rest)
    assert held(county) == recorded
    assert inbox(county, B) == received
    assert {unit: states(county, unit) for unit in (B, D)} == known
    assert county.audit().lines() == []
