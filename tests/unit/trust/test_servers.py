"""A server's certificate, as a TLS client with the authority's alone sees it."""

import contextlib
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from exchange.trust.authority import Authority
from exchange.trust.servers import certificate_pem, issue_server

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
