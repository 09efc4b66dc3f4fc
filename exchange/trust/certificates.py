"""What a certificate says: whose key, from when to when, for what use. Parsed once and kept.

Not here: whether to believe it. The signed directory decides that (`exchange.trust.verify`), and at enrolment
an authority (`exchange.trust.authority`).
"""

from datetime import datetime
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from exchange.directory.snapshot import KeyEntry
from exchange.errors import CertificateError, KeyNotYetValidError, SignatureError
from exchange.trust.algorithms import PublicKey, accepted_key
from exchange.trust.digest import sha256_hex

__all__ = ["check_dates", "check_usage", "key_entry", "load_certificate", "signing_key"]

# A certificate that is limited to other purposes (a web server's, say) signs no documents. RFC 5280 4.2.1.12,
# RFC 9336.
_PURPOSES = frozenset(
    {
        ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
        ExtendedKeyUsageOID.CLIENT_AUTH,
        ExtendedKeyUsageOID.EMAIL_PROTECTION,
        ObjectIdentifier("1.3.6.1.5.5.7.3.36"),
    }
)


def load_certificate(der: bytes) -> x509.Certificate:
    try:
        return x509.load_der_x509_certificate(der)
    except ValueError as error:
        raise CertificateError("not an X.509 certificate", code="CERT_FORMAT", detail=str(error)) from error


def key_entry(certificate: bytes) -> KeyEntry:
    """The directory's entry for a key, as its certificate (DER) dates it."""
    signing_key(certificate)
    loaded = load_certificate(certificate)
    return KeyEntry(
        fingerprint=sha256_hex(certificate),
        certificate=certificate,
        valid_from=loaded.not_valid_before_utc,
        valid_to=loaded.not_valid_after_utc,
    )


@lru_cache(maxsize=4096)
def signing_key(certificate: bytes) -> PublicKey:
    """The key of a certificate (DER) that may sign documents. Raises CertificateError (CERT_USAGE),
    SignatureError (SIG_ALG)."""
    loaded = load_certificate(certificate)
    try:
        check_usage(loaded)
        key = accepted_key(loaded.public_key())
    except (ValueError, UnsupportedAlgorithm) as error:
        message = "the certificate cannot be read"
        raise CertificateError(message, code="CERT_FORMAT", detail=str(error)) from error
    if key is None:
        raise SignatureError("the key is neither P-256 nor RSA of 2048 bits or more", code="SIG_ALG")
    return key


def check_usage(certificate: x509.Certificate) -> None:
    """RFC 5280 4.2.1.3, 4.2.1.9, 4.2.1.12: an extension that is absent limits nothing. Raises
    CertificateError (CERT_USAGE)."""
    extensions = certificate.extensions
    fault = None
    for extension in extensions:
        value = extension.value
        if isinstance(value, x509.KeyUsage) and not (value.digital_signature or value.content_commitment):
            fault = "is not for signatures"
        elif isinstance(value, x509.BasicConstraints) and value.ca:
            fault = "is an authority's"
        elif isinstance(value, x509.ExtendedKeyUsage) and _PURPOSES.isdisjoint(value):
            fault = "is for another purpose"
        elif isinstance(value, x509.UnrecognizedExtension) and extension.critical:
            fault = "has a critical extension unknown here"
    if fault:
        raise CertificateError(f"the certificate {fault}", code="CERT_USAGE")


def check_dates(key: KeyEntry, at: datetime) -> None:
    """Raise CertificateError unless `key` was in force at `at`: CERT_NOT_YET, CERT_REVOKED, CERT_EXPIRED."""
    if at < key.valid_from:
        raise KeyNotYetValidError(f"the key is not valid until {key.valid_from}")
    if key.revoked is not None and at >= key.revoked:
        raise CertificateError(f"the key was revoked at {key.revoked}", code="CERT_REVOKED")
    if at > key.valid_to:
        raise CertificateError(f"the key expired at {key.valid_to}", code="CERT_EXPIRED")
