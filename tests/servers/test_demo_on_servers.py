"""`yidi demo --rabbitmq`: real servers, real kills, and nothing stays behind however it ends."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

# Whoever started the tests may have told them to ignore Ctrl-C, as nohup does, and children take that over.
COMMAND = (
    *("env", "--default-signal=INT", sys.executable),
    *("-m", "exchange.cli", "demo", "--rabbitmq", "--units", "12", "--json"),
)


def started(folder: Path) -> "subprocess.Popen[str]":
    """All that it makes for the time being is made below `folder`."""
    folder.chmod(0o755)  # PostgreSQL runs as a user of its own
    return subprocess.Popen(
        COMMAND,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(folder)},
    )


def mentions(folder: Path) -> list[str]:
    """Processes whose command line or environment names the folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            text = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        except OSError:
            continue
        if str(folder).encode() in text and int(process.name) != os.getpid():
            found.append(process.name)
    return found


@pytest.fixture
def folder() -> Iterator[Path]:
    """Short, and open to other users on the whole way: pytest's own are neither."""
    with tempfile.TemporaryDirectory(prefix="yidi-test-") as made:
        yield Path(made)


@pytest.mark.long
@pytest.mark.timeout(600)  # a loaded machine; under a minute on an idle one
def test_every_promise_holds_though_router_node_and_broker_are_killed_and_the_broker_is_wiped(folder: Path) -> None:
    output, errors = (process := started(folder)).communicate(timeout=580)

    assert process.returncode == 0, output + errors
    findings = json.loads(output)
    assert findings["ok"] is True
    assert len(findings["promises"]) == 16
    assert all(promise["ok"] and promise["examined"] for promise in findings["promises"])
    notice, dispatch = findings["notice"], findings["dispatch"]
    assert (notice["recipients"], notice["delivered"], notice["signed"]) == (11, 11, 11)
    assert dispatch["delivered"] == dispatch["deliveries"] == findings["killed"]["of"]
    assert 0 < findings["killed"]["delivered"] < findings["killed"]["of"]
    assert findings["killed"]["delivered"] <= findings["wiped"]["delivered"]
    assert findings["evidence"]["ok"] is True
    assert list(folder.iterdir()) == []
    assert mentions(folder) == []


@pytest.mark.timeout(180)
def test_an_interrupted_one_leaves_nothing_behind(folder: Path) -> None:
    process = started(folder)
    deadline = time.monotonic() + 100
    while len(mentions(folder)) < 8:  # servers and workers
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.1)

    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)

    assert process.returncode not in {0, None}
    assert "Traceback" not in errors
    assert list(folder.iterdir()) == []
    assert mentions(folder) == []
