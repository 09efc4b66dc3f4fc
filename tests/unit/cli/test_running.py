"""What a process says of itself, and that it says where it is, be it late."""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from exchange.cli import process
from exchange.cli.process import shown_at
from exchange.cli.running import Running
from exchange.testing.metrics import RecordingLog
from exchange.trial.process import Program


def test_only_what_fails_is_told() -> None:
    said = '{"ready":false,"checks":{"loops":"ok","router.route":"failed 9 times in a row"}}'
    assert Running(url="", ready=False, answer=said).faults == "router.route: 连续失败 9 次"
    assert Running(url="", ready=False, answer="<html>").faults == "<html>"


_WAITS = """
from exchange.cli.process import block_signals, told_to_stop
block_signals()
print("ready", flush=True)
while not told_to_stop(0.01):
    print("goes on", flush=True)
"""


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    made = Program("one", [sys.executable, "-c", _WAITS], tmp_path / "one.log")
    made.start()
    yield made
    made.kill()


def test_one_that_was_halted_goes_on_and_stops_only_when_it_is_told_to(program: Program) -> None:
    until(lambda: "goes on" in program.log_tail())
    for _ in range(3):
        program.halt()
        time.sleep(0.1)  # longer than it waits
        program.resume()
        before = program.log.stat().st_size
        until(lambda: program.log.stat().st_size > before)  # noqa: B023  # called within this round
    assert program.pid is not None
    assert program.stop() == 0


def until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_an_address_that_found_no_room_is_written_once_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_SHOW_SECONDS", 0.01)
    place = tmp_path / "run"
    place.write_text("in the way, as a full disk is")
    with shown_at(place / "router-1.url", "http://127.0.0.1:1", RecordingLog()):
        place.unlink()
        deadline = time.monotonic() + 30
        while not (place / "router-1.url").exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)
    assert list(place.iterdir()) == []
