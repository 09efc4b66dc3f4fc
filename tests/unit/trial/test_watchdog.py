"""What a program started ends with it, and only then."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from exchange.trial.watchdog import Watchdog

# A program that starts another, puts a watchdog over it, says so and waits.
STARTER = """
import subprocess, sys, time
from pathlib import Path
from exchange.trial.watchdog import Watchdog
child = subprocess.Popen(["sleep", "600"], start_new_session=True)
Watchdog(child.pid, Path(sys.argv[1]))
print(child.pid, flush=True)
time.sleep(600)
"""


def until(found: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 30
    while not found() and time.monotonic() < deadline:
        time.sleep(0.02)
    return found()


def runs(pid: int) -> bool:
    """Whether it is there and not only waiting to be asked how it ended."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except FileNotFoundError:
        return False


def test_what_a_killed_program_had_started_is_ended_and_its_folder_removed(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    starter = subprocess.Popen([sys.executable, "-c", STARTER, str(folder)], stdout=subprocess.PIPE, text=True)
    assert starter.stdout is not None
    with starter.stdout:
        child = int(starter.stdout.readline())
    assert runs(child)

    starter.kill()
    starter.wait()

    assert until(lambda: not runs(child))
    assert until(lambda: not folder.exists())


def test_a_watchdog_that_was_dismissed_leaves_everything_alone(tmp_path: Path) -> None:
    child = subprocess.Popen(["sleep", "600"], start_new_session=True)
    try:
        Watchdog(child.pid, tmp_path).dismiss()

        assert child.poll() is None
        assert tmp_path.exists()
    finally:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
