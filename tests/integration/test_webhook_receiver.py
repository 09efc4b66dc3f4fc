"""The receiver of the pages, as a process of its own, told by a running node: it dies, is told twice and out of order,
and has each event once. It checks signatures by a library that is not ours."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import httpx2

from exchange.trial.servers import free_port
from tests.integration.test_node_api import RECIPIENT, SENDER, at_work, document, eventually, found
from tests.integration.test_node_api_webhooks import token
from tests.unit.cli.commands import yidi

PROGRAM = Path(__file__).parents[2] / "docs/adapters/examples/webhook_receiver.py"


class Office:
    """The receiver's process, which may be killed and started again."""

    def __init__(self, folder: Path, port: int, secret: str) -> None:
        self._file, self._port, self._secret = folder / "inbox.sqlite", port, secret
        self.start()

    def start(self) -> None:
        command = [sys.executable, str(PROGRAM), str(self._file), str(self._port)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, text=True)
        assert self.process.stdin is not None
        self.process.stdin.write(f"{self._secret}\n")
        self.process.stdin.close()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def numbers(self) -> list[int]:
        """In the order in which they came."""
        with closing(sqlite3.connect(self._file)) as database:
            tables = database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            return [row[0] for row in database.execute("SELECT number FROM events ORDER BY rowid")] if tables else []

    def tell(self, body: bytes) -> int:
        fields = {"webhook-id": "x", "webhook-timestamp": "1", "webhook-signature": "v1,eA=="}
        try:
            request = Request(f"http://127.0.0.1:{self._port}/yidi", data=body, headers=fields)
            with build_opener(ProxyHandler({})).open(request, timeout=30) as answer:
                return int(answer.status)
        except HTTPError as error:
            with error:
                return error.code


def test_the_receiver_of_the_pages_has_each_event_once(tmp_path: Path) -> None:
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    data = found(tmp_path, f'webhook_targets = ["{origin}"]\n')
    with at_work(data) as machine:
        told(data, machine.api_url, f"{origin}/yidi", tmp_path, port)


def told(data: Path, url: str, address: str, folder: Path, port: int) -> None:
    with httpx2.Client(base_url=f"{url}/api/v1", trust_env=False) as http:
        fields = token(data, RECIPIENT, "webhooks") | {"Idempotency-Key": "w"}
        made = http.post("/webhooks", json={"url": address, "types": ["cn.yidi.document."]}, headers=fields).json()
        sender = token(data, SENDER, "submit")

        def send(key: str) -> None:
            sent = http.post("/documents", json=document(content=key), headers=sender | {"Idempotency-Key": key})
            assert sent.status_code == 201, sent.text

        office = Office(folder, port, made["secret"])
        try:
            send("first")
            eventually(lambda: len(office.numbers()) == 1)
            office.kill()
            send("while-it-was-dead")
            eventually(lambda: yidi("node", "webhooks", "list", "--json", data=data).json[0]["failing"])
            findings = yidi("doctor", "--json", data=data).json
            assert [one["level"] for one in findings if one["check"] == "webhooks"] == ["warning"]
            office.start()
            assert yidi("node", "webhooks", "replay", made["id"], data=data).code == 0  # at once, not after the backoff
            eventually(lambda: len(office.numbers()) == 2)
            seen = office.numbers()
            forget(folder, seen[0])
            assert yidi("node", "webhooks", "replay", made["id"], "--after", "0", data=data).code == 0
            eventually(lambda: office.numbers() == [seen[1], seen[0]])  # an older one came after a newer one
            eventually(lambda: yidi("node", "webhooks", "list", "--json", data=data).json[0]["after"] >= seen[1])
            assert sorted(office.numbers()) == seen  # what came twice is there once
            assert office.tell(b'{"id": "forged"}') == 400
        finally:
            office.kill()


def forget(folder: Path, number: int) -> None:
    """As an office restored from a backup has."""
    with closing(sqlite3.connect(folder / "inbox.sqlite")) as database:
        database.execute("UPDATE events SET rowid = rowid + 100 WHERE number != ?", (number,))
        database.execute("DELETE FROM events WHERE number = ?", (number,))
        database.commit()


def test_an_unknown_webhook_is_a_plain_error(tmp_path: Path) -> None:
    assert "NOT_FOUND" in yidi("node", "webhooks", "replay", "0" * 16, data=found(tmp_path)).err
