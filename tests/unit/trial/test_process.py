"""A program as a process: what the trial county does to it, and what it can tell of it."""

import signal
import sys
import time
from pathlib import Path

import pytest

from exchange.trial.process import Program, cpu_seconds

_WAITS = "import signal, sys; print('ready', flush=True); signal.sigwait([signal.SIGTERM]); sys.exit(3)"
_BLOCKED = "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM]); " + _WAITS


def _program(folder: Path, script: str = _BLOCKED) -> Program:
    return Program("one", [sys.executable, "-c", script], folder / "one.log")


def _ready(program: Program) -> None:
    deadline = time.monotonic() + 30
    while "ready" not in program.log_tail():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_it_is_asked_to_stop_and_says_how_it_ended(tmp_path: Path) -> None:
    program = _program(tmp_path)
    assert (program.pid, program.status) == (None, None)
    program.start()
    _ready(program)
    first = program.pid
    program.start()  # it runs already
    assert (program.pid, program.starts) == (first, 1)
    assert program.stop() == 3
    assert (program.pid, program.status) == (None, 3)


def test_a_halted_one_can_be_killed(tmp_path: Path) -> None:
    program = _program(tmp_path)
    program.start()
    _ready(program)
    program.halt()
    program.kill()
    assert program.status == -signal.SIGKILL


def test_a_halted_one_goes_on_when_resumed(tmp_path: Path) -> None:
    program = _program(tmp_path)
    program.start()
    _ready(program)
    program.halt()
    program.ask_to_stop()
    assert program.wait(0.2) is None
    program.resume()
    assert program.wait(30) == 3


def test_it_gets_the_environment_of_this_start(tmp_path: Path) -> None:
    program = _program(tmp_path, "import os, sys; sys.exit(int(os.environ.get('YIDI_EXIT', '0')))")
    program.start({"YIDI_EXIT": "7"})
    assert program.wait(30) == 7
    program.start()
    assert program.wait(30) == 0


def test_its_time_on_the_processor_grows_and_ends_with_it(tmp_path: Path) -> None:
    program = _program(tmp_path, "print('ready', flush=True)\nwhile True: pass")
    program.start()
    _ready(program)
    deadline = time.monotonic() + 30
    while program.cpu_seconds() < 0.1:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    program.kill()
    assert program.cpu_seconds() == 0.0


@pytest.mark.parametrize("pid", [-1, 2**22 + 1])
def test_a_process_that_is_not_there_has_used_nothing(pid: int) -> None:
    assert cpu_seconds(pid) == 0.0
