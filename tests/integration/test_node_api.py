"""A node's interface as its programs meet it: a running one-machine exchange, a real socket, tuspy and curl."""

import base64
import hashlib
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tusclient.client import TusClient

from exchange.model.program import Scope
from exchange.ports.telemetry import UnitSample
from exchange.wiring.layout import Layout
from tests.unit.cli.commands import Silent, yidi
from workers.machine import Machine, open_machine

UNITS = "code,name,category,level\n520304-001,甲局,government,county\n520304-002,乙镇,township,township\n"
SENDER, RECIPIENT = "520304-001", "520304-002"
DATA = hashlib.shake_128(b"by tuspy").digest(900_000)
SHA256 = hashlib.sha256(DATA).hexdigest()
SECONDS = 60.0


class NoMetrics:
    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        pass

    def gauge(self, name: str, value: float | None, **labels: str) -> None:
        pass

    def units(self, samples: Iterable[UnitSample]) -> None:
        pass

    def observe(self, name: str, value: float, **labels: str) -> None:
        pass


def found(folder: Path, settings: str = "", more_units: str = "") -> Path:
    """A one-machine exchange of two units that serves programs on a free port."""
    data, units = folder / "data", folder / "units.csv"
    units.write_text(UNITS + more_units, encoding="utf-8")
    for arguments in (("hub", "init"), ("hub", "units", "import", units), ("node", "enroll", "--all")):
        result = yidi(*arguments, data=data)
        assert result.code == 0, result.err
    with Layout(data).settings_file.open("a", encoding="utf-8") as file:
        file.write(f'office = "none"\n\n[api]\nport = 0\n{settings}')
    return data


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return found(tmp_path_factory.mktemp("node-api"))


@contextmanager
def at_work(data: Path, *alarms: str) -> Iterator[Machine]:
    """The exchange of that folder, its loops in a thread. `alarms`: that may be raised."""
    machine = open_machine(Layout(data), NoMetrics(), Silent(alarms))
    thread = threading.Thread(target=machine.run)
    thread.start()
    try:
        yield machine
    finally:
        machine.stop()
        thread.join()


@pytest.fixture(scope="module")
def machine(data: Path) -> Iterator[Machine]:
    with at_work(data) as machine:
        yield machine


@pytest.fixture(scope="module")
def http(machine: Machine, data: Path) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=f"{machine.api_url}/api/v1", headers=bearer(data), trust_env=False) as client:
        yield client


def bearer(data: Path, *units: str) -> dict[str, str]:
    scopes = [part for scope in Scope for part in ("--scope", scope)]
    named = [part for unit in units for part in ("--unit", unit)]
    made = yidi("node", "tokens", "new", "测试OA", *scopes, *named, "--json", data=data)
    assert made.code == 0, made.err
    return {"Authorization": f"Bearer {made.json['token']}"}


def eventually(look: Callable[[], Any]) -> Any:
    end = time.monotonic() + SECONDS
    while not (seen := look()):
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)
    return seen


def document(**more: object) -> dict[str, object]:
    return {"to": [{"to": "乙镇"}], "metadata": {"title": "防汛通知"}, "declared_by": "张三"} | more


def test_a_large_file_is_uploaded_ahead_by_a_foreign_client_and_fetched_in_parts_by_another(
    machine: Machine, http: httpx2.Client, tmp_path: Path
) -> None:
    fields = {"Authorization": http.headers["Authorization"]}
    client = TusClient(f"{machine.api_url}/api/v1/uploads?unit={SENDER}", headers=fields)
    first = client.uploader(file_stream=BytesIO(DATA), chunk_size=300_000, metadata={"sha256": SHA256})
    first.upload_chunk()  # type: ignore[no-untyped-call]  # tuspy has half its types
    second = client.uploader(file_stream=BytesIO(DATA), chunk_size=300_000, url=first.url)
    assert second.offset == 300_000
    second.upload()
    asked = document(files=[{"name": "大附件.pdf", "sha256": SHA256}])
    sent = http.post("/documents", json=asked, params={"unit": SENDER}, headers={"Idempotency-Key": "large"})
    assert sent.status_code == 201, sent.text
    path = f"/inbox/{sent.json()['id']}"
    eventually(lambda: http.get(path, params={"unit": RECIPIENT}).status_code == 200)
    copy, url = tmp_path / "copy", f"{machine.api_url}/api/v1{path}/files/{SHA256}?unit={RECIPIENT}"
    curl = ["curl", "-sSf", "--noproxy", "*", "-H", f"Authorization: {fields['Authorization']}", "-o", str(copy), url]
    subprocess.run([*curl, "-r", "0-399999"], check=True, timeout=SECONDS)
    assert copy.read_bytes() == DATA[:400_000]
    subprocess.run([*curl, "-C", "-"], check=True, timeout=SECONDS)
    assert copy.read_bytes() == DATA


def test_another_unit_does_not_get_a_file_by_knowing_its_digest(http: httpx2.Client) -> None:
    secret = b"%PDF of the recipient alone"
    sha256 = hashlib.sha256(secret).hexdigest()
    body = {"Tus-Resumable": "1.0.0", "Upload-Length": str(len(secret))}
    body["Upload-Metadata"] = "sha256 " + base64.b64encode(sha256.encode()).decode()
    begun = http.post("/uploads", params={"unit": RECIPIENT}, headers=body)
    where = begun.headers["location"].removeprefix("/api/v1")
    piece = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    assert http.patch(where, content=secret, headers=piece).headers["upload-offset"] == str(len(secret))
    asked = document(to=[{"to": RECIPIENT}], files=[{"name": "x.pdf", "sha256": sha256}])
    refused = http.post("/documents", json=asked, params={"unit": SENDER}, headers={"Idempotency-Key": "thief"})
    assert (refused.status_code, refused.json()["code"]) == (404, "FILE_MISSING")
    again = http.post("/uploads", params={"unit": SENDER}, headers=body)
    assert again.headers["upload-offset"] == "0"


def test_a_document_goes_its_whole_way_by_program_alone(http: httpx2.Client) -> None:
    sent = http.post(
        "/documents", json=document(content="请知悉"), params={"unit": SENDER}, headers={"Idempotency-Key": "way"}
    ).json()
    path, as_recipient = f"/inbox/{sent['id']}", {"unit": RECIPIENT}
    eventually(lambda: http.get(path, params=as_recipient).status_code == 200)
    for act, body in (("confirm", {"external_id": "SW-1"}), ("sign", {"person": "李四"})):
        done = http.post(f"{path}/{act}", json=body, params=as_recipient, headers={"Idempotency-Key": f"way-{act}"})
        assert done.status_code == 200, done.text

    def signed() -> bool:
        (delivery,) = http.get(f"/documents/{sent['id']}", params={"unit": SENDER}).json()["deliveries"]
        return bool(delivery["business"] == "SIGNED" and delivery["imported"])

    eventually(signed)


def test_a_revoked_token_opens_nothing_while_the_node_runs(http: httpx2.Client, data: Path) -> None:
    fields = bearer(data)
    assert http.get("/directory/groups", headers=fields).status_code == 200
    last = yidi("node", "tokens", "list", "--json", data=data).json[-1]
    assert yidi("node", "tokens", "revoke", last["id"], data=data).code == 0
    assert http.get("/directory/groups", headers=fields).json()["code"] == "TOKEN_REVOKED"
