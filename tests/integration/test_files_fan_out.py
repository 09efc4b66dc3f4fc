"""One large file to a whole county lies once at the hub, and curl fetches it over a line that is cut.

curl signs nothing, so at the hub's own face it is given the fields that a unit signed; a program at its node needs its
token alone.
"""

import hashlib
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from exchange.errors import FileMissingError
from exchange.files.hub import HubFileExchange
from exchange.files.local import LocalFiles
from exchange.model.program import Scope
from exchange.ports.records import DirectoryRecord
from exchange.ports.transport import Delivered
from exchange.services.hub.hub import Hub
from exchange.services.hub.route import Router
from exchange.services.secrecy.plain_text import PlainText
from exchange.settings import NodeApi
from exchange.testing.clock import FakeClock
from exchange.testing.ids import SeededIds
from exchange.testing.keys import HUB, county, unit_code
from exchange.testing.metrics import RecordingLog, RecordingMetrics
from exchange.testing.stores import memory_hub_store
from exchange.trial.proxy import TcpProxy
from exchange.trust.digest import sha256_hex
from exchange.trust.sign import sign_directory, sign_envelope
from exchange.web.node_api.app import create_node_app
from exchange.web.serve import Server
from tests.contract.hub_line import entry_of, hub_line
from tests.contract.test_hub_files_at_once import Nobody
from tests.unit.services.hub_and_node import A, B, Shortest, World, a_file, an_entry, an_envelope
from tests.unit.web.node_api.programs import face_of

SIZE = 50_000_000
DATA = hashlib.shake_128(b"a large file").digest(3 << 20)
ENTRY = entry_of(DATA)


def test_one_file_to_128_units_lies_once_at_the_hub(tmp_path: Path) -> None:
    people, clock, store, files = county(130), FakeClock(), memory_hub_store(), LocalFiles(tmp_path / "files")
    sender, other, stranger = (unit_code(number) for number in (1, 2, 130))
    recipients = [unit_code(number) for number in range(2, 130)]
    directory = sign_directory(people.directory, people.directory_signer)
    with store.begin() as session:
        session.add_directory(
            DirectoryRecord(version=1, digest=sha256_hex(directory), document=directory, stored=clock.now())
        )
    hub = Hub(
        id=HUB,
        store=store,
        files=files,
        publisher=Nobody(),
        signer=people.hub,
        clock=clock,
        ids=SeededIds(1),
        chance=Shortest(),
        metrics=RecordingMetrics(),
        log=RecordingLog(),
    )
    data = bytes(range(250)) * (SIZE // 250)
    entry, exchange = an_entry(data), HubFileExchange(files, store)
    for unit in (sender, other):  # another has the very same file
        for offset in range(0, SIZE, 4 << 20):
            exchange.upload(unit, entry, offset, data[offset : offset + (4 << 20)])
    envelope = an_envelope(*recipients, sender=sender, files=(entry,))
    message = Delivered(tag=1, queue="work.normal", body=sign_envelope(envelope, people.signers[sender]), user=sender)
    assert Router(hub, PlainText()).route([message], Nobody()) == 1

    with store.begin() as session:
        assert len(session.deliveries_of(envelope.key)) == 128
    assert [(blob.sha256, blob.size) for blob in files.stored()] == [(entry.sha256, SIZE)]
    assert sum(path.stat().st_size for path in (tmp_path / "files").rglob("*") if path.is_file()) == SIZE
    assert {exchange.download(unit, entry.sha256, SIZE - 9, 100) for unit in recipients} == {data[-9:]}
    with pytest.raises(FileMissingError):
        exchange.download(stranger, entry.sha256, 0, 9)


@dataclass(frozen=True)
class Source:
    """`fields`: what a request needs, new each time."""

    url: str
    proxy: TcpProxy
    fields: Callable[[], dict[str, str]]
    options: Sequence[str] = ()


@pytest.fixture
def at_the_hub(tmp_path: Path) -> Iterator[Source]:
    with hub_line(tmp_path) as line:
        line.exchange.upload(A, ENTRY, 0, DATA)
        path = f"/v1/files/{ENTRY.sha256}"
        trust = ("--cacert", str(line.ca_file))
        yield Source(line.url + path, line.proxy, lambda: line.signed(A, "GET", path), trust)


@pytest.fixture
def at_the_node() -> Iterator[Source]:
    world = World()
    key = world.delivered(B, files=[a_file(data=DATA)])
    face = face_of(world.receiving, NodeApi(port=0))
    token = face.tokens.issue("OA", Scope).text
    server = Server(create_node_app(face))
    server.start()
    try:
        with TcpProxy(int(server.url.rpartition(":")[2])) as proxy:
            url = f"http://127.0.0.1:{proxy.port}/api/v1/inbox/{key.id}/files/{ENTRY.sha256}?unit={B}"
            yield Source(url, proxy, lambda: {"Authorization": f"Bearer {token}"})
    finally:
        server.stop()


@pytest.mark.parametrize("face", ["at_the_hub", "at_the_node"])
def test_curl_goes_on_where_its_download_was_cut(request: pytest.FixtureRequest, face: str, tmp_path: Path) -> None:
    source: Source = request.getfixturevalue(face)
    copy = tmp_path / "copy"

    def curl() -> "subprocess.Popen[bytes]":
        fields = [part for name, value in source.fields().items() for part in ("-H", f"{name}: {value}")]
        options = ["--silent", "--show-error", "--fail", "--max-time", "50", *source.options]
        return subprocess.Popen(["curl", "-q", *options, *fields, "-C", "-", "-o", str(copy), source.url])

    def held() -> int:
        return copy.stat().st_size if copy.exists() else 0

    source.proxy.bytes_per_second = 2_000_000
    for _ in range(3):
        before, running = held(), curl()
        while held() < before + 100_000:
            assert running.poll() is None, "it ended before it was cut"
            time.sleep(0.01)
        source.proxy.reset()
        assert running.wait(50) != 0
    assert 300_000 <= held() < len(DATA)
    source.proxy.bytes_per_second = 0
    assert curl().wait(50) == 0
    assert hashlib.sha256(copy.read_bytes()).hexdigest() == ENTRY.sha256
