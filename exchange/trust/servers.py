"""TLS certificates for a county's own servers, the hub's HTTP and the broker, from its authority.

Not here: certificates of units, which sign documents (`exchange.trust.authority`).
"""

import ipaddress
from collections.abc import Sequence
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from exchange.trust.authority import Authority
from exchange.trust.certificates import load_certificate
from exchange.trust.keys import generate

__all__ = ["certificate_pem", "issue_server"]


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


def _name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
