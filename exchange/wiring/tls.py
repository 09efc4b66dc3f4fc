"""A hub's certificates for servers, its own HTTP and the broker: issued by the county's authority, or brought from
another one.

    ca.pem          whom nodes must trust: what they are given
    clients.pem     whose certificates may log in at the broker: the county's authority, always
    hub.pem, .key   of the hub's HTTP        broker.pem, .key   of RabbitMQ
    rabbitmq.conf   RabbitMQ's settings for them

Not here: certificates of units (`exchange.services.hub.enroll`).
"""

import os
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from exchange.errors import InputError
from exchange.trust.authority import Authority
from exchange.trust.servers import certificate_pem, check_authority, check_server, issue_server
from exchange.wiring.places import HubPlace

__all__ = ["install_tls", "renew_tls", "servers_of", "write_tls"]


def write_tls(folder: Path, authority: Authority, web_host: str, broker: tuple[str, int], now: datetime) -> None:
    """For a new hub."""
    own = certificate_pem(authority.certificate)
    (folder / "ca.pem").write_bytes(own)
    (folder / "clients.pem").write_bytes(own)
    for server, host in (("hub", web_host), ("broker", broker[0])):
        _put(folder, server, *issue_server(authority, [host], now))
    (folder / "rabbitmq.conf").write_text(_rabbitmq_conf(folder.absolute(), broker[1]), encoding="utf-8")


def servers_of(place: HubPlace) -> dict[str, str]:
    """ "hub" and "broker" -> the host in their certificates."""
    http = place.settings.http
    return {"hub": urlsplit(http.url).hostname or "", "broker": http.broker.host}


def renew_tls(place: HubPlace, now: datetime) -> None:
    """New keys and certificates for both from the county's authority. Nodes need nothing: they trust the authority."""
    authority, folder = place.home().keys.authority(), place.layout.root / "tls"
    own = certificate_pem(authority.certificate)
    if own not in (folder / "ca.pem").read_bytes():
        raise InputError(
            "the certificates here come from another authority: ask it for new ones, then --certificate and --key",
            code="TLS_AUTHORITY",
        )
    for server, host in servers_of(place).items():
        _put(folder, server, *issue_server(authority, [host], now))


def install_tls(place: HubPlace, certificate: bytes, key: bytes, ca: bytes | None, now: datetime) -> None:
    """One certificate of another authority, good for both hosts. `ca`: that authority's; nodes that trust it, or the
    county's, trust both from then on. Raises InputError, CertificateError; then nothing was changed."""
    folder = place.layout.root / "tls"
    check_server(certificate, key, sorted(set(servers_of(place).values())), now)
    own = certificate_pem(place.home().keys.authority().certificate)
    if ca is not None:
        check_authority(ca)
        _write(folder / "ca.pem", ca.strip() + b"\n" + own)
    _write(folder / "clients.pem", own)
    for server in servers_of(place):
        _put(folder, server, certificate, key)
    (folder / "rabbitmq.conf").write_text(
        _rabbitmq_conf(folder.absolute(), place.settings.http.broker.port), encoding="utf-8"
    )


def _put(folder: Path, server: str, certificate: bytes, key: bytes) -> None:
    """The key first: a server that reads between the two finds a pair that does not fit, and says so."""
    _write(folder / f"{server}.key", key, mode=0o600)
    _write(folder / f"{server}.pem", certificate)


def _write(path: Path, content: bytes, *, mode: int = 0o644) -> None:
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def _rabbitmq_conf(folder: Path, port: int) -> str:
    """Units log in by their certificates, whose common name is the account."""
    return f"""listeners.ssl.default = {port}
ssl_options.cacertfile = {folder / "clients.pem"}
ssl_options.certfile = {folder / "broker.pem"}
ssl_options.keyfile = {folder / "broker.key"}
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = true
ssl_cert_login_from = common_name
auth_mechanisms.1 = EXTERNAL
auth_mechanisms.2 = PLAIN
"""
