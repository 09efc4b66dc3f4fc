"""The contract of every store of files on a server that speaks S3, and what a bucket brings beside it."""

import json
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest
from obstore.store import S3Store

from exchange.cli.doctor import hub as checks_hub
from exchange.cli.doctor.checks import Finding, Level
from exchange.errors import FileMissingError, InputError, StorageError
from exchange.files.hub import HubFileExchange
from exchange.files.local import LocalFiles
from exchange.files.s3 import Bucket, S3Files
from exchange.settings import FileKeeping
from exchange.testing.stores import memory_hub_store
from exchange.trial.servers import free_port
from exchange.trust.authority import Authority
from exchange.trust.servers import certificate_pem, issue_server
from exchange.wiring.files import open_bucket
from tests.contract import test_files
from tests.contract.store_records import A
from tests.contract.test_files import DATA, OWNER, SHA, entry, store

if TYPE_CHECKING:
    from exchange.cli.doctor.hub import HubPatient
    from exchange.wiring.homes import HubHome

_numbers = count()


@contextmanager
def serving(folder: Path, *options: str, trust: ssl.SSLContext | None = None) -> Iterator[str]:
    """A server on loopback with an empty bucket; its address."""
    url = f"{'https' if trust else 'http'}://127.0.0.1:{(port := free_port())}"
    program = Path(sys.executable).with_name("moto_server")
    log = (folder / "log").open("wb")
    server = subprocess.Popen([program, "-H", "127.0.0.1", "-p", str(port), *options], stdout=log, stderr=log)
    try:
        until = time.monotonic() + 60
        while True:
            try:
                request = urllib.request.Request(f"{url}/county", method="PUT")
                urllib.request.urlopen(request, timeout=30, context=trust).close()
                break
            except urllib.error.URLError:
                assert time.monotonic() < until, "the server never answered"
                time.sleep(0.1)
        yield url
    finally:
        server.terminate()
        server.wait(10)
        log.close()


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("s3")) as url:
        yield url


@pytest.fixture
def settings(endpoint: str, tmp_path: Path) -> Bucket:
    """A prefix of the test's own."""
    keys = tmp_path / "s3"
    keys.write_text(json.dumps({"access_key_id": "yidi", "secret_access_key": "secret"}))
    return Bucket(url=f"s3://county/test/{next(_numbers)}", endpoint=endpoint, credentials=keys)


@pytest.fixture
def bucket(settings: Bucket) -> S3Store:
    return settings.open()


@pytest.fixture
def files(bucket: S3Store, tmp_path: Path) -> S3Files:
    return S3Files(bucket, LocalFiles(tmp_path / "files"), "hub.520304")


@pytest.fixture
def damage(bucket: S3Store) -> Callable[[str], None]:
    def in_the_bucket(sha256: str) -> None:
        path = f"{sha256[:2]}/{sha256[2:4]}/{sha256}"
        data = bytearray(bytes(bucket.get(path).bytes()))
        data[7] ^= 1
        bucket.put(path, bytes(data))

    return in_the_bucket


# The same test functions, with the fixtures above.
globals().update({name: test for name, test in vars(test_files).items() if name.startswith("test_")})


def test_nothing_of_a_finished_upload_stays_on_this_machine(files: S3Files, tmp_path: Path) -> None:
    store(files)
    assert [path for path in (tmp_path / "files").rglob("*") if path.is_file()] == []


def test_a_unit_brings_a_file_in_pieces_and_reads_any_part_of_it(files: S3Files) -> None:
    hub, wanted = HubFileExchange(files, memory_hub_store()), entry()
    for offset in range(0, len(DATA), 10_000):
        assert hub.offset(A, wanted) == offset
        hub.upload(A, wanted, offset, DATA[offset : offset + 10_000])
    assert hub.offset(A, wanted) == len(DATA)
    assert hub.download(A, SHA, 9_999, 5) == DATA[9_999:10_004]
    with hub.open(A, SHA) as stream:
        assert (stream.seek(0, 2), stream.seek(-3, 1), stream.read()) == (len(DATA), len(DATA) - 3, DATA[-3:])


def test_files_of_another_hub_are_never_deleted(files: S3Files, bucket: S3Store, tmp_path: Path) -> None:
    store(files)
    files.check_owner()
    other = S3Files(bucket, LocalFiles(tmp_path / "other"), "hub.520305")
    acts: list[Callable[[], None]] = [lambda: other.discard(SHA), other.probe]
    for act in acts:
        with pytest.raises(StorageError) as refused:
            act()
        assert refused.value.code == "FILES_OWNER"
    assert files.has(SHA)
    files.discard(SHA)
    assert not files.has(SHA)


def test_what_the_doctor_does_leaves_nothing_behind(files: S3Files) -> None:
    store(files)
    files.probe()
    assert list(files.digests()) == [SHA]


def test_a_server_that_is_away_is_trouble_that_passes(tmp_path: Path) -> None:
    nobody = Bucket(url="s3://county/x", endpoint=f"http://127.0.0.1:{free_port()}").open()
    files = S3Files(nobody, LocalFiles(tmp_path / "files"), "hub.520304")
    files.append(OWNER, SHA, 0, DATA)
    calls: list[Callable[[], object]] = [
        lambda: files.has(SHA),
        lambda: files.open(SHA),
        lambda: files.complete(OWNER, SHA, len(DATA)),
        lambda: list(files.stored()),
        files.probe,
    ]
    for call in calls:
        with pytest.raises(StorageError) as refused:
            call()
        assert refused.value.code == "FILES_S3"
    assert files.received(OWNER, SHA) == len(DATA)  # and goes on with what came


def test_a_county_s_own_authority_is_trusted_and_a_strangers_is_not(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    county, stranger = (Authority.create(name, now) for name in ("本县", "外县"))
    for name, one in (("county.pem", county), ("stranger.pem", stranger)):
        (tmp_path / name).write_bytes(certificate_pem(one.certificate))
    for name, pem in zip(("server.pem", "server.key"), issue_server(county, ["127.0.0.1"], now), strict=True):
        (tmp_path / name).write_bytes(pem)
    (tmp_path / "s3").write_text(json.dumps({"access_key_id": "yidi", "secret_access_key": "secret"}))
    options = "-c", str(tmp_path / "server.pem"), "-k", str(tmp_path / "server.key")
    trust = ssl.create_default_context(cafile=tmp_path / "county.pem")

    with serving(tmp_path, *options, trust=trust) as url:

        def files(ca_file: str) -> S3Files:
            keeping = FileKeeping(store="s3://county/x", endpoint=url, credentials_file="s3", ca_file=ca_file)
            home = SimpleNamespace(keeping=keeping, root=tmp_path, files=tmp_path / "files", id="hub.520304")
            return open_bucket(cast("HubHome", home))

        files("county.pem").probe()
        for ca_file in ("stranger.pem", ""):
            with pytest.raises(StorageError, match="certificate is not trusted"):
                files(ca_file).probe()
        for ca_file in ("s3", "server.pem", "missing.pem"):
            with pytest.raises(InputError, match="ca_file"):
                files(ca_file)


def test_credentials_that_are_none_are_told_and_not_shown(tmp_path: Path) -> None:
    keys = tmp_path / "s3"
    for content in ("hidden", '{"access_key_id": "hidden"}', "[1]"):
        keys.write_text(content)
        with pytest.raises(InputError) as refused:
            Bucket(url="s3://county/x", credentials=keys).open()
        assert "hidden" not in refused.value.message + refused.value.detail
    with pytest.raises(InputError):
        Bucket(url="s3://county/x", credentials=tmp_path / "missing").open()


_LARGE = """
import hashlib, resource, sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast
from exchange.files.local import LocalFiles
from exchange.files.s3 import Bucket, S3Files
from exchange.model.envelope import FileEntry, FileRole
from exchange.trust.digest import measure

url, endpoint, keys, root = sys.argv[1:]
files = S3Files(Bucket(url=url, endpoint=endpoint, credentials=Path(keys)).open(), LocalFiles(Path(root)), "hub.1")
piece, pieces = bytes(range(256)) * 4096, 64
digest = hashlib.sha256()
for _ in range(pieces):
    digest.update(piece)
files.has(digest.hexdigest())
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for number in range(pieces):
    files.append("A", digest.hexdigest(), number * len(piece), piece)
files.complete("A", digest.hexdigest(), pieces * len(piece))
with files.open(digest.hexdigest()) as stream:
    assert measure(stream).sha256 == digest.hexdigest()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.timeout(120)
def test_a_large_file_goes_there_and_back_in_little_memory(settings: Bucket, tmp_path: Path) -> None:
    arguments = [settings.url, settings.endpoint, str(settings.credentials), str(tmp_path / "files")]
    ran = subprocess.run([sys.executable, "-c", _LARGE, *arguments], capture_output=True, text=True, check=True)
    assert int(ran.stdout) < 48 * 1024  # KiB, for a file of 64 MiB


def test_settings_lead_to_the_bucket_and_the_doctor_tries_it(settings: Bucket, tmp_path: Path) -> None:
    def found(endpoint: str, store: str = settings.url) -> list[Finding]:
        keeping = FileKeeping(store=store, endpoint=endpoint, credentials_file="s3")
        home = SimpleNamespace(keeping=keeping, root=tmp_path, files=tmp_path / "files", id="hub.520304")
        (tmp_path / "files").mkdir(exist_ok=True)
        patient = SimpleNamespace(
            settings=SimpleNamespace(files=keeping),
            place=SimpleNamespace(home=lambda: cast("HubHome", home)),
            layout=SimpleNamespace(hub=tmp_path),
        )
        on_disk, *in_bucket = checks_hub.files(cast("HubPatient", patient))
        assert on_disk.level is Level.OK
        return in_bucket

    [well] = found(settings.endpoint)
    assert (well.check, well.level) == ("files", Level.OK)
    [away] = found(f"http://127.0.0.1:{free_port()}")
    assert (away.level, "FILES_S3" in away.found, bool(away.cure)) == (Level.FAILURE, True, True)
    assert found("", "") == []


def test_a_missing_file_is_missing(files: S3Files) -> None:
    with pytest.raises(FileMissingError):
        files.open(SHA)
    files.discard(SHA)
