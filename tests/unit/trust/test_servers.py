"""A server's certificate, as a TLS client with the authority's alone sees it."""

import contextlib
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from exchange.errors import CertificateError
from exchange.trust.authority import Authority
from exchange.trust.servers import certificate_pem, check_authority, check_server, issue_server, server_end

NOW = datetime.now(UTC) - timedelta(minutes=1)  # TLS goes by the real time


def greet(folder: Path, authority: Authority, hosts: list[str], called: str) -> str | None:
    """Shake hands as `called` on a pair of sockets; returns the version."""
    certificate, key = issue_server(authority, hosts, NOW)
    (folder / "server.pem").write_bytes(certificate + key)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "server.pem")
    client = ssl.create_default_context(cadata=certificate_pem(authority.certificate).decode())
    client.verify_flags |= ssl.VERIFY_X509_STRICT  # the default of newer Pythons
    near, far = socket.socketpair()
    with near, far:
        near.settimeout(5)
        far.settimeout(5)
        answering = threading.Thread(target=_answer, args=(server, far))
        answering.start()
        try:
            with client.wrap_socket(near, server_hostname=called) as wrapped:
                return wrapped.version()
        finally:
            near.close()
            answering.join()


def _answer(server: ssl.SSLContext, far: socket.socket) -> None:
    with contextlib.suppress(OSError):  # a client that does not like it, which is what a test asks
        server.wrap_socket(far, server_side=True).close()


@pytest.mark.parametrize("called", ["127.0.0.1", "hub.example"])
def test_a_client_that_trusts_the_authority_accepts_every_name_it_was_issued_for(tmp_path: Path, called: str) -> None:
    authority = Authority.create("测试县", NOW)
    assert greet(tmp_path, authority, ["hub.example", "127.0.0.1"], called) == "TLSv1.3"


def test_another_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        greet(tmp_path, Authority.create("测试县", NOW), ["hub.example"], "other.example")


HOSTS = ["hub.example", "127.0.0.1"]


def test_a_pair_for_all_hosts_is_accepted_and_tells_its_end() -> None:
    certificate, key = issue_server(Authority.create("测试县", NOW), HOSTS, NOW)
    check_server(certificate, key, HOSTS, NOW + timedelta(days=1))
    assert server_end(certificate) == (NOW + timedelta(days=825)).replace(microsecond=0)


def test_what_a_server_could_not_use_is_refused_with_the_reason() -> None:
    authority = Authority.create("测试县", NOW)
    certificate, key = issue_server(authority, HOSTS, NOW)
    _, another = issue_server(authority, HOSTS, NOW)
    for given, private, hosts, at, told in (
        (certificate, another, HOSTS, NOW, "not the certificate's"),
        (certificate, key, ["broker.example"], NOW, "not for broker.example"),
        (certificate, key, ["127.0.0.2"], NOW, "not for 127.0.0.2"),
        (certificate, key, HOSTS, NOW + timedelta(days=826), "good from"),
        (certificate, b"", HOSTS, NOW, "PEM"),
        (b"", key, HOSTS, NOW, "PEM"),
    ):
        with pytest.raises(CertificateError, match=told):
            check_server(given, private, hosts, at)


def test_a_wildcard_covers_one_label() -> None:
    certificate, key = issue_server(Authority.create("测试县", NOW), ["*.example.cn"], NOW)
    check_server(certificate, key, ["hub.example.cn"], NOW)
    for host in ("example.cn", "a.hub.example.cn"):
        with pytest.raises(CertificateError):
            check_server(certificate, key, [host], NOW)


def test_only_authorities_are_taken_for_authorities() -> None:
    authority = Authority.create("测试县", NOW)
    check_authority(certificate_pem(authority.certificate) * 2)
    for wrong in (b"", issue_server(authority, HOSTS, NOW)[0]):
        with pytest.raises(CertificateError):
            check_authority(wrong)
