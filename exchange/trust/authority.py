"""Certificates for units' keys: the request a node makes, and a small authority for counties that have none
of their own.

A certificate is how a key travels; that it is a unit's is what the signed directory says. Certificates of an
outside authority are taken into the directory after `check_chain`.

Not here: one-time codes and who may enrol (`exchange.services.hub.enroll`); revocation, which is a change of the
directory.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from exchange.errors import CertificateError, EnrolmentError
from exchange.model.unit import UnitCode
from exchange.trust.algorithms import PrivateKey, PublicKey, accepted_key
from exchange.trust.certificates import check_usage, load_certificate
from exchange.trust.keys import generate

__all__ = ["Authority", "Request", "check_chain", "check_request", "request"]

_LONGEST_NAME = 64  # RFC 5280 appendix A.1: ub-organization-name
_LARGEST_REQUEST = 16 * 1024


def request(owner: str, name: str, key: PrivateKey) -> str:
    """A certificate request (PKCS#10, PEM) for `key`, made where the key lives."""
    builder = x509.CertificateSigningRequestBuilder(_subject(owner, name))
    return builder.sign(key, SHA256()).public_bytes(Encoding.PEM).decode("ascii")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request whose author has shown to hold the key. Only `check_request` makes one worth having."""

    owner: str
    name: str
    public_key: PublicKey = field(repr=False)


def check_request(pem: str, owner: str) -> Request:
    """What `owner` asks for, or EnrolmentError: CSR_FORMAT, CSR_PROOF, CSR_KEY, CSR_OWNER."""
    # (1) a request at all, and of a sane size
    try:
        if len(pem) > _LARGEST_REQUEST:
            raise ValueError("too large")
        loaded = x509.load_pem_x509_csr(pem.encode())
        proven, key = loaded.is_signature_valid, accepted_key(loaded.public_key())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise EnrolmentError("not a certificate request", code="CSR_FORMAT", detail=str(error)) from error
    # (2) made by whoever holds the key
    if not proven:
        raise EnrolmentError("the request is not signed by its own key", code="CSR_PROOF")
    # (3) for a key that we accept signatures from
    if key is None:
        raise EnrolmentError("the key is neither P-256 nor RSA of 2048 bits or more", code="CSR_KEY")
    # (4) and in the name of the one who asks
    names = {oid: _text(loaded.subject, oid) for oid in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME)}
    if names[NameOID.COMMON_NAME] != owner:
        raise EnrolmentError(f"the request is not made for {owner}", code="CSR_OWNER")
    return Request(owner=owner, name=names[NameOID.ORGANIZATION_NAME], public_key=key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """A county's own authority: one key, one self-signed certificate (DER), no intermediate ones."""

    key: PrivateKey = field(repr=False)
    certificate: bytes = field(repr=False)

    @classmethod
    def create(
        cls,
        name: str,
        at: datetime,
        *,
        days: int = 7300,
        key: PrivateKey | None = None,
        serial: int | None = None,
    ) -> "Authority":
        key = key or generate()
        subject = _subject("authority", name)
        builder = _builder(subject, subject, key.public_key(), at, at + timedelta(days=days), serial)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(_usage(ca=True), critical=True)
        return cls(key=key, certificate=_sign(builder, key))

    def issue(self, asked: Request, at: datetime, *, days: int = 1095, serial: int | None = None) -> bytes:
        """The certificate (DER) that `asked` asks for, valid from `at`, at longest as long as the authority's
        own."""
        own = load_certificate(self.certificate)
        end = min(at + timedelta(days=days), own.not_valid_after_utc)
        if end <= at:
            raise CertificateError("the authority's own certificate has expired", code="CERT_EXPIRED")
        subject = _subject(asked.owner, asked.name)
        builder = _builder(subject, own.subject, asked.public_key, at, end, serial)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_usage(ca=False), critical=True)
        return _sign(builder, self.key)


def check_chain(certificate: bytes, authorities: Sequence[bytes], at: datetime) -> None:
    """Raise CertificateError (CERT_CHAIN, CERT_NOT_YET, CERT_EXPIRED, CERT_USAGE) unless one of `authorities`
    (DER) issued it.

    Limits: the authority that issued it must itself be listed; no path is built and no revocation list is
    fetched.
    """
    loaded = load_certificate(certificate)
    # (1) issued by a listed certificate that may issue: name and signature both
    issuer = next((one for one in map(load_certificate, authorities) if _issued(loaded, one)), None)
    if issuer is None:
        raise CertificateError("no trusted authority issued the certificate", code="CERT_CHAIN")
    # (2) both in force
    for one in (loaded, issuer):
        if at < one.not_valid_before_utc:
            raise CertificateError("the certificate is not valid yet", code="CERT_NOT_YET")
        if at > one.not_valid_after_utc:
            raise CertificateError("the certificate has expired", code="CERT_EXPIRED")
    # (3) for signatures
    check_usage(loaded)


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        constraints = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
        usage = issuer.extensions.get_extension_for_class(x509.KeyUsage).value
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm, x509.ExtensionNotFound):
        return False
    return constraints.ca and usage.key_cert_sign


def _subject(owner: UnitCode | str, name: str) -> x509.Name:
    # The broker takes the common name of a client certificate as the user: it is the code, never the printed
    # name.
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, name[:_LONGEST_NAME]),
            x509.NameAttribute(NameOID.COMMON_NAME, owner),
        ]
    )


def _text(name: x509.Name, oid: x509.ObjectIdentifier) -> str:
    values = [str(attribute.value) for attribute in name.get_attributes_for_oid(oid)]
    return values[0] if len(values) == 1 else ""


def _builder(
    subject: x509.Name, issuer: x509.Name, key: PublicKey, start: datetime, end: datetime, serial: int | None
) -> x509.CertificateBuilder:
    return x509.CertificateBuilder(
        subject_name=subject,
        issuer_name=issuer,
        public_key=key,
        serial_number=x509.random_serial_number() if serial is None else serial,
        not_valid_before=start.replace(microsecond=0),
        not_valid_after=end.replace(microsecond=0),
    ).add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)


def _usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )


def _sign(builder: x509.CertificateBuilder, key: PrivateKey) -> bytes:
    deterministic = isinstance(key, ec.EllipticCurvePrivateKey) or None
    return builder.sign(key, SHA256(), ecdsa_deterministic=deterministic).public_bytes(Encoding.DER)
