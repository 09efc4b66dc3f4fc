"""TLS certificates for a county's own servers, the hub's HTTP and the broker, from its authority.

Not here: certificates of units, which sign documents (`exchange.trust.authority`).
"""

import ipaddress
from collections.abc import Sequence
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from exchange.errors import CertificateError
from exchange.trust.authority import Authority
from exchange.trust.certificates import load_certificate
from exchange.trust.keys import generate

__all__ = ["certificate_pem", "check_authority", "check_server", "issue_server", "server_end"]


def issue_server(authority: Authority, hosts: Sequence[str], at: datetime, *, days: int = 825) -> tuple[bytes, bytes]:
    """Certificate and key, both PEM and the key in the clear: servers read it without a person. `hosts`: names and
    addresses that clients call it by."""
    own, key = load_certificate(authority.certificate), generate()
    builder = (
        x509.CertificateBuilder(
            issuer_name=own.subject,
            subject_name=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0])]),
            public_key=key.public_key(),
            serial_number=x509.random_serial_number(),
            not_valid_before=at.replace(microsecond=0),
            not_valid_after=min(at + timedelta(days=days), own.not_valid_after_utc).replace(microsecond=0),
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_name(host) for host in hosts]), critical=False)
    )
    certificate = builder.sign(authority.key, SHA256()).public_bytes(Encoding.PEM)
    return certificate, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def certificate_pem(certificate: bytes) -> bytes:
    return load_certificate(certificate).public_bytes(Encoding.PEM)


def server_end(pem: bytes) -> datetime:
    """Until when a server's certificate (PEM, the first of a chain) is good. Raises CertificateError."""
    try:
        return x509.load_pem_x509_certificate(pem).not_valid_after_utc
    except ValueError as error:
        raise CertificateError("not a certificate (PEM)", code="CERT_FORMAT", detail=str(error)) from error


def check_server(certificate: bytes, key: bytes, hosts: Sequence[str], at: datetime) -> None:
    """Whether a server may use them, both PEM: they fit together, the certificate is good now and for every one of
    `hosts`. Raises CertificateError. Limits: whether clients trust who issued it, only they can say."""
    try:
        loaded = x509.load_pem_x509_certificate(certificate)
        private = load_pem_private_key(key, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        text = "certificate and key must be PEM, the key without a passphrase"
        raise CertificateError(text, code="CERT_FORMAT", detail=str(error)) from error
    if _spki(private.public_key()) != _spki(loaded.public_key()):
        raise CertificateError("the key is not the certificate's", code="CERT")
    if not loaded.not_valid_before_utc <= at < loaded.not_valid_after_utc:
        text = f"the certificate is good from {loaded.not_valid_before_utc} to {loaded.not_valid_after_utc}"
        raise CertificateError(text, code="CERT_EXPIRED")
    try:
        named = loaded.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        named = x509.SubjectAlternativeName([])
    for host in hosts:
        if not _covers(named, host):
            raise CertificateError(f"the certificate is not for {host}", code="CERT")


def check_authority(pem: bytes) -> None:
    """Whether there are certificates (PEM) in it, all of them authorities'. Raises CertificateError."""
    try:
        found = [
            one.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
            for one in x509.load_pem_x509_certificates(pem)
        ]
    except (ValueError, x509.ExtensionNotFound) as error:
        raise CertificateError(
            "not certificates of authorities (PEM)", code="CERT_FORMAT", detail=str(error)
        ) from error
    if not all(found):
        raise CertificateError("not certificates of authorities (PEM)", code="CERT_FORMAT")


def _covers(named: x509.SubjectAlternativeName, host: str) -> bool:
    try:
        return ipaddress.ip_address(host) in named.get_values_for_type(x509.IPAddress)
    except ValueError:
        names = {name.lower() for name in named.get_values_for_type(x509.DNSName)}
        return bool({host.lower(), f"*.{host.lower().partition('.')[2]}"} & names)


def _spki(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
