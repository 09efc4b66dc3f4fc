"""What a service manager hears, over the socket that it gave."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from exchange.cli.manager import tell_alive, tell_ready, tell_stopping


@pytest.fixture(params=["in the file system", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    name = str(tmp_path / "notify") if request.param == "in the file system" else f"@yidi-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(name.replace("@", "\0", 1))
        heard.settimeout(60)
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        yield heard


def test_it_hears_each_word(manager: socket.socket) -> None:
    tell_ready()
    tell_alive()
    tell_stopping()
    assert [manager.recv(100) for _ in range(3)] == [b"READY=1", b"WATCHDOG=1", b"STOPPING=1"]


@pytest.mark.parametrize("address", ["", "/nowhere/at/all", "@nobody-listens-here", "vsock:1:2"])
def test_a_manager_that_is_not_there_is_no_trouble(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    tell_ready()


def test_a_running_exchange_says_that_it_is_ready_and_alive_and_then_that_it_stops(
    data: Path, manager: socket.socket
) -> None:
    up = subprocess.Popen(
        [sys.executable, "-m", "exchange.cli", "up", "--data", str(data)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert [manager.recv(100) for _ in range(3)] == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"]
        up.send_signal(signal.SIGTERM)
        heard = {manager.recv(100)}
        while b"STOPPING=1" not in heard:
            heard.add(manager.recv(100))
        assert up.wait(60) == 0
    finally:
        up.kill()
        up.wait()
