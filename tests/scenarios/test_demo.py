"""`yidi demo` shows a county and judges itself honestly: 0 when every promise holds, 1 when one does not."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import pytest

from exchange.cli.demo.embedded import stores_of
from exchange.cli.demo.findings import examine
from exchange.model.envelope import EnvelopeId, EnvelopeKey
from exchange.model.unit import UnitCode
from exchange.testing.metrics import RecordingLog
from exchange.wiring.layout import Layout
from tests.scenarios.commands import yidi

pytestmark = pytest.mark.xdist_group("demo")  # it runs once, and all look at what it kept


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, object], int]:
    """What a run with 12 units kept, what it said, and how it ended."""
    kept = tmp_path_factory.mktemp("demo") / "kept"
    done = yidi("demo", "--units", "12", "--json", "--keep", kept)
    return kept, json.loads(done.stdout), done.returncode


def promises(findings: dict[str, object]) -> dict[str, bool]:
    listed = findings["promises"]
    assert isinstance(listed, list)
    return {promise["check"]: promise["ok"] for promise in listed}


def examined_again(kept: Path, shown: dict[str, object], evidence: Path) -> dict[str, object]:
    notes = shown["notes"]
    assert isinstance(notes, dict)
    sender, _, id_ = notes["notice"].partition("/")
    notice = EnvelopeKey(UnitCode(sender), EnvelopeId(id_))
    with stores_of(Layout(kept / "county")) as stores:
        return examine(stores, notice, [], evidence, RecordingLog())


def test_a_county_of_twelve_holds_every_promise(shown: tuple[Path, dict[str, object], int]) -> None:
    kept, findings, code = shown

    assert code == 0, findings
    assert findings["ok"] is True
    assert len(promises(findings)) > 10
    assert all(promises(findings).values())
    notice = findings["notice"]
    assert isinstance(notice, dict)
    assert (notice["recipients"], notice["delivered"], notice["signed"]) == (11, 11, 11)
    assert (kept / "evidence.zip").is_file()


def test_what_was_kept_holds_them_again(shown: tuple[Path, dict[str, object], int], tmp_path: Path) -> None:
    kept, findings, _ = shown

    again = examined_again(kept, findings, tmp_path / "evidence.zip")

    assert again["ok"] is True
    assert promises(again) == promises(findings)


def flip_in_a_receipt(county: Path, notice: str) -> None:
    """Somebody at the hub makes another one sign for a report."""
    with closing(sqlite3.connect(county / "hub" / "hub.sqlite")) as hub, hub:
        about_others = (
            "SELECT originals.rowid, originals.document FROM receipts JOIN originals"
            " ON originals.at = recorded AND originals.digest = receipts.digest"
            " WHERE event = 'SIGNED' AND envelope_id != ?"
        )
        id_, document = hub.execute(about_others, (notice,)).fetchone()
        person = document.index(b"<Person>") + len(b"<Person>") + 2
        spoilt = document[:person] + bytes([document[person] ^ 1]) + document[person + 1 :]
        hub.execute("UPDATE originals SET document = ? WHERE rowid = ?", (spoilt, id_))


def flip_in_a_file(county: Path, notice: str) -> None:
    """A node's disk goes bad."""
    blob = max((path for path in (county / "node" / "files").rglob("*") if path.is_file()), key=_size)
    data = bytearray(blob.read_bytes())
    data[len(data) // 2] ^= 1
    blob.chmod(0o600)
    blob.write_bytes(data)


def _size(path: Path) -> int:
    return path.stat().st_size


@pytest.mark.parametrize("flip", [flip_in_a_receipt, flip_in_a_file])
def test_one_flipped_bit_in_a_store_breaks_a_promise(
    shown: tuple[Path, dict[str, object], int], flip: Callable[[Path, str], None], tmp_path: Path
) -> None:
    kept, findings, _ = shown
    copy = Path(shutil.copytree(kept, tmp_path / "kept"))
    notes = findings["notes"]
    assert isinstance(notes, dict)
    flip(copy / "county", notes["notice"].partition("/")[2])

    again = examined_again(copy, findings, tmp_path / "evidence.zip")

    assert again["ok"] is False
    assert not all(promises(again).values())


def test_an_exchange_that_cannot_start_is_no_success(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YIDI_OFFICE", "no-such-office")

    done = yidi("demo", "--units", "5", "--json")

    assert done.returncode == 1
    assert json.loads(done.stdout)["ok"] is False


def test_a_demo_that_is_told_to_stop_leaves_nothing_behind(tmp_path: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-m", "exchange.cli", "demo", "--units", "5", "--json"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("yidi-demo-*/county")):
        assert time.monotonic() < deadline, "it did not begin"
        time.sleep(0.05)

    process.terminate()

    assert process.wait(60) == 1
    assert list(tmp_path.iterdir()) == []
    assert not running_with(str(tmp_path))


def running_with(word: str) -> list[str]:
    """Command lines of processes that name it."""
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has ended
            lines.append(path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"))
    return [line for line in lines if word in line]
