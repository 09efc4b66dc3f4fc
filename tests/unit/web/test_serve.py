"""The server on a real socket of this machine."""

import socket
import threading
import urllib.request

import pytest

from exchange.errors import InputError
from exchange.web.health import create_app
from exchange.web.serve import Server, at_once


def server(port: int = 0) -> Server:
    return Server(create_app(lambda: b"yidi_up 1\n", lambda: True, dict), port=port)


def test_it_answers_on_loopback_and_stops_cleanly() -> None:
    with server() as running:
        assert running.url.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(f"{running.url}/metrics", timeout=5) as answer:
            assert answer.read() == b"yidi_up 1\n"
            assert "server" not in answer.headers
        port = int(running.url.rpartition(":")[2])
    running.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=1)
    assert "web" not in {thread.name for thread in threading.enumerate()}


def test_a_port_in_use_is_told_at_once() -> None:
    with server() as first, pytest.raises(InputError, match="choose another port"):
        server(int(first.url.rpartition(":")[2])).start()


def test_stopping_what_never_started_is_nothing() -> None:
    server().stop()


def test_an_answers_body_does_not_wait_for_its_heads_acknowledgement() -> None:
    """What is accepted inherits it from what listens, on Linux."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        at_once(listening)
        with socket.create_connection(listening.getsockname()), listening.accept()[0] as line:
            assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
