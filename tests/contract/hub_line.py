"""A hub's HTTP on a real socket with TLS, behind a line that a test can cut, and nodes that ask it.

Everything but time is real: store and files on disk, uvicorn, TLS of an authority made here.
"""

import hashlib
import ipaddress
import ssl
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import httpx2
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from exchange.files.hub import HubFileExchange
from exchange.files.local import LocalFiles
from exchange.model.envelope import FileEntry, FileRole
from exchange.model.unit import UnitCode
from exchange.ports.hub import HubStore
from exchange.ports.records import DirectoryRecord
from exchange.remote.client import HubClient
from exchange.remote.files import HttpFileExchange
from exchange.services.hub.administer import Administrator
from exchange.services.hub.enroll import Enroller
from exchange.services.hub.history import Historian
from exchange.services.hub.upload_quota import UploadQuota
from exchange.settings import BrokerAddress, HubHttp
from exchange.testing.clock import FakeClock
from exchange.testing.ids import SeededIds
from exchange.testing.keys import County, county
from exchange.testing.metrics import RecordingLog
from exchange.testing.stores import file_hub_store
from exchange.trial.proxy import TcpProxy
from exchange.trial.servers import free_port
from exchange.trust.digest import measure, sha256_hex
from exchange.trust.http import HttpRequest, content_digest, sign_request
from exchange.trust.sign import sign_directory
from exchange.web.hub_api import HubFace, hub_server
from exchange.wiring.node import StoreFeed

__all__ = ["HubLine", "claim", "entry_of", "hub_line", "make_tls"]


@dataclass(frozen=True, kw_only=True)
class HubLine:
    """`proxy` is the line, `client` asks through it, `exchange` is the hub's own view of the files."""

    county: County
    clock: FakeClock
    log: RecordingLog
    store: HubStore
    files: LocalFiles
    exchange: HubFileExchange
    administrator: Administrator
    enroller: Enroller
    face: HubFace
    proxy: TcpProxy
    url: str
    ca_file: Path
    client: HubClient

    @property
    def remote(self) -> HttpFileExchange:
        return HttpFileExchange(self.client)

    def signed(
        self, unit: UnitCode, method: str, path: str, fields: dict[str, str] | None = None, body: bytes = b""
    ) -> dict[str, str]:
        """All fields of a request as `unit` would send it, for tests that then send something else."""
        fields = dict(fields or {})
        if body:
            fields["Content-Digest"] = content_digest(hashlib.sha256(body).digest())
        asked = HttpRequest(method=method, url=self.url + path, headers=tuple(fields.items()))
        return fields | sign_request(asked, self.county.signers[unit], self.clock.now(), str(uuid.uuid4()))

    def raw(self, method: str, path: str, fields: dict[str, str], body: object = None) -> httpx2.Response:
        """Any request at all, and its answer as it comes."""
        context = ssl.create_default_context(cafile=self.ca_file)
        with httpx2.Client(verify=context, trust_env=False, timeout=20) as client:
            return client.request(method, self.url + path, headers=fields, content=body)  # type: ignore[arg-type]  # whatever a test wants

    def answered(self, code: str | None) -> list[dict[str, object]]:
        """The log's lines of requests that ended with this code."""
        lines = [line.fields for line in list(self.log.lines) if line.event == "http_answered"]
        return [fields for fields in lines if fields["code"] == code]


def entry_of(data: bytes, *, sm3: str | None = None, sha256: str | None = None) -> FileEntry:
    found = measure(BytesIO(data))
    return FileEntry(
        role=FileRole.BODY,
        name="通知.pdf",
        media_type="application/pdf",
        size=found.size,
        sha256=sha256 or found.sha256,
        sm3=sm3 or found.sm3,
    )


@contextmanager
def hub_line(place: Path, **limits: float) -> Iterator[HubLine]:
    """`limits`: fields of `HubHttp`."""
    people, clock, log = county(4), FakeClock(), RecordingLog()
    store, files = file_hub_store(place / "hub.sqlite"), LocalFiles(place / "files")
    administrator = Administrator(store, people.directory_signer, clock, log)
    document = sign_directory(people.directory, people.directory_signer)
    with store.begin() as session:
        session.add_directory(
            DirectoryRecord(version=1, digest=sha256_hex(document), document=document, stored=clock.now())
        )
    exchange = HubFileExchange(files, store)
    enroller = Enroller(store, administrator, people.keys.authority, clock)
    certificate, key, authority = make_tls(place)
    port = free_port()
    with TcpProxy(port) as proxy:
        url = f"https://127.0.0.1:{proxy.port}"
        settings = {"url": url, "port": port, "broker": BrokerAddress(host="mq.example")}
        settings |= {"certificate_file": str(certificate), "key_file": str(key)}
        http = HubHttp.model_validate(settings | limits)
        face = HubFace(
            enroller=enroller,
            directory=administrator.current,
            feed=StoreFeed(store),
            history=Historian(store, clock, log),
            files=exchange,
            quota=UploadQuota(store, clock, http.upload_bytes_per_day),
            anchor=people.anchor,
            authority=people.keys.authority.certificate,
            clock=clock,
            log=log,
            settings=http,
        )
        client = HubClient(
            url, keys=people.signers.__getitem__, clock=clock, ids=SeededIds(1), ca_file=authority, answer_seconds=20
        )
        with hub_server(face), client:
            yield HubLine(
                county=people,
                clock=clock,
                log=log,
                store=store,
                files=files,
                exchange=exchange,
                administrator=administrator,
                enroller=enroller,
                face=face,
                proxy=proxy,
                url=url,
                ca_file=authority,
                client=client,
            )
    store.close()


def make_tls(place: Path) -> tuple[Path, Path, Path]:
    """Certificate and key of a server on loopback, and the authority's certificate, as files."""
    authority_key, server_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = _certificate("authority", authority_key, "authority", authority_key, ca=True)
    server = _certificate("server", server_key, "authority", authority_key, ca=False)
    files = place / "tls.pem", place / "tls.key", place / "ca.pem"
    files[0].write_bytes(server.public_bytes(Encoding.PEM))
    files[1].write_bytes(server_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    files[2].write_bytes(authority.public_bytes(Encoding.PEM))
    return files


def _certificate(
    name: str, key: ec.EllipticCurvePrivateKey, issuer: str, by: ec.EllipticCurvePrivateKey, *, ca: bool
) -> x509.Certificate:
    now = datetime.now(UTC)  # TLS goes by the real time
    subject, issued_by = (
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{common} {key.key_size}")]) for common in (name, issuer)
    )
    loopback = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    usage = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only"), False
    )
    usage |= {"decipher_only": False, "digital_signature": not ca, "key_cert_sign": ca, "crl_sign": ca}
    return (
        x509.CertificateBuilder(subject_name=subject, issuer_name=issued_by, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**usage), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False)
        .add_extension(loopback, critical=False)
        .sign(by, SHA256())
    )


def claim(line: HubLine, unit: UnitCode, sha256: str) -> None:
    """As a document that was delivered to `unit` does."""
    with line.store.begin() as session:
        session.add_claims(unit, [sha256])
