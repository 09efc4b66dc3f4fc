"""A running node tells a program on a real socket, which fails first, moves elsewhere, and checks what it gets."""

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest

from exchange.errors import InputError, TransportError
from exchange.remote.webhooks import HttpPoster
from exchange.trust.webhook import signature
from tests.integration.certificates import CountyAuthority
from tests.integration.test_node_api import RECIPIENT, SENDER, at_work, document, eventually, found
from tests.unit.cli.commands import yidi


class Receiver(HTTPServer):
    """Answers `answers` in turn, then 204."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: list[int] = []
        self.seen: list[tuple[str, dict[str, str], bytes]] = []


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server = self.server
        assert isinstance(server, Receiver)
        body = self.rfile.read(int(self.headers["content-length"]))
        server.seen.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(server.answers.pop(0) if server.answers else 204)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library's name
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_program_is_told_on_a_real_socket(tmp_path_factory: pytest.TempPathFactory, receiver: Receiver) -> None:
    origin = f"http://127.0.0.1:{receiver.server_port}"
    data = found(tmp_path_factory.mktemp("told"), f'webhook_targets = ["{origin}"]\n')
    with at_work(data) as machine:
        told(machine.api_url, origin, receiver, token(data, RECIPIENT, "webhooks"), token(data, SENDER, "submit"))


def test_a_program_whose_certificate_is_the_countys_own_is_told_if_its_authority_is_named(
    receiver: Receiver, tmp_path: Path
) -> None:
    files = CountyAuthority.create(tmp_path).broker()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(files.certificate, files.key)
    receiver.socket = context.wrap_socket(receiver.socket, server_side=True)
    url = f"https://127.0.0.1:{receiver.server_port}/yidi"
    (tmp_path / "empty.pem").touch()
    with closing(HttpPoster(files.authority)) as poster:
        assert poster.post(url, {}, b"{}") == 204
    with closing(HttpPoster()) as stranger, pytest.raises(TransportError):
        stranger.post(url, {}, b"{}")
    with pytest.raises(InputError, match=r"api\.webhook_ca_file"):
        HttpPoster(tmp_path / "empty.pem")
    assert len(receiver.seen) == 1


def token(data: Any, unit: str, scope: str) -> dict[str, str]:
    made = yidi("node", "tokens", "new", "OA", "--unit", unit, "--scope", scope, "--json", data=data)
    return {"Authorization": f"Bearer {made.json['token']}"}


def told(url: str, origin: str, receiver: Receiver, recipient: dict[str, str], sender: dict[str, str]) -> None:
    receiver.answers = [307, 500]  # neither is a taking, and a redirect leads nowhere
    with httpx2.Client(base_url=f"{url}/api/v1", trust_env=False) as http:
        body = {"url": f"{origin}/yidi"}
        made = http.post("/webhooks", json=body, headers=recipient | {"Idempotency-Key": "w"})
        assert made.status_code == 201, made.text
        sent = http.post(
            "/documents", json=document(content="请知悉"), headers=sender | {"Idempotency-Key": "d"}
        ).json()
        eventually(lambda: len(receiver.seen) == 3)
    assert {path for path, _, _ in receiver.seen} == {"/yidi"}
    assert len({headers["webhook-id"] for _, headers, _ in receiver.seen}) == 1
    _, headers, last = receiver.seen[-1]
    event = json.loads(last)
    assert (event["type"], event["subject"]) == ("cn.yidi.document.received", f"{SENDER}/{sent['id']}")
    at = int(headers["webhook-timestamp"])
    assert headers["webhook-signature"] == signature(made.json()["secret"], headers["webhook-id"], at, last)
