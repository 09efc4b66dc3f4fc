"""What a certificate may be used for, and when."""

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from exchange.directory.snapshot import KeyEntry
from exchange.errors import CertificateError, SignatureError, YidiError
from exchange.testing.keys import ISSUED
from exchange.trust.certificates import check_dates, key_entry, signing_key
from exchange.trust.digest import sha256_hex
from exchange.trust.keys import insecure_key_from_seed

KEY = insecure_key_from_seed("unit")
YEAR = timedelta(days=365)
SECOND = timedelta(seconds=1)


def self_made(
    *extensions: tuple[x509.ExtensionType, bool],
    key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey = KEY,
) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "520304-001")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 7, ISSUED, ISSUED + YEAR)
    for value, critical in extensions:
        builder = builder.add_extension(value, critical)
    hash_ = SHA256() if isinstance(key, ec.EllipticCurvePrivateKey) else None
    return builder.sign(key, hash_).public_bytes(Encoding.DER)


def usage(*, signature: bool, commitment: bool) -> x509.KeyUsage:
    return x509.KeyUsage(signature, commitment, True, False, False, False, False, False, False)


def test_a_certificate_without_extensions_limits_nothing() -> None:
    assert signing_key(self_made()) == KEY.public_key()


@pytest.mark.parametrize(
    "extension",
    [
        usage(signature=True, commitment=False),
        usage(signature=False, commitment=True),
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]),
        x509.ExtendedKeyUsage([ObjectIdentifier("1.3.6.1.5.5.7.3.36")]),
        x509.BasicConstraints(ca=False, path_length=None),
    ],
    ids=["digitalSignature", "contentCommitment", "clientAuth", "documentSigning", "no-authority"],
)
def test_certificates_for_signatures_are_usable(extension: x509.ExtensionType) -> None:
    signing_key(self_made((extension, True)))


@pytest.mark.parametrize(
    ("extension", "critical"),
    [
        pytest.param(usage(signature=False, commitment=False), True, id="encipherment-only"),
        pytest.param(usage(signature=False, commitment=False), False, id="encipherment-only-not-critical"),
        pytest.param(x509.BasicConstraints(ca=True, path_length=0), True, id="authority"),
        pytest.param(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False, id="web-server"),
        pytest.param(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), True, id="time-stamps"),
        pytest.param(x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True, id="critical-unknown"),
    ],
)
def test_certificates_for_other_uses_are_refused(extension: x509.ExtensionType, critical: bool) -> None:
    with pytest.raises(CertificateError) as caught:
        signing_key(self_made((extension, critical)))
    assert (caught.value.code, caught.value.reason) == ("CERT_USAGE", "SIGNATURE")


@pytest.mark.parametrize(
    "key",
    [ec.generate_private_key(ec.SECP384R1()), ed25519.Ed25519PrivateKey.generate()],
    ids=["p384", "ed25519"],
)
def test_keys_of_another_kind_are_refused(
    key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey,
) -> None:
    with pytest.raises(SignatureError, match="SIG_ALG"):
        signing_key(self_made(key=key))


@pytest.mark.parametrize("der", [b"", b"text", self_made()[:-1], self_made() + b"\0"])
def test_what_is_no_certificate_is_refused(der: bytes) -> None:
    with pytest.raises(CertificateError, match="CERT_FORMAT"):
        signing_key(der)


def test_a_key_entry_is_dated_as_its_certificate() -> None:
    certificate = self_made()
    entry = key_entry(certificate)
    assert entry.fingerprint == sha256_hex(certificate)
    assert (entry.valid_from, entry.valid_to) == (ISSUED, ISSUED + YEAR)


def test_a_key_entry_is_made_only_of_a_key_that_may_sign() -> None:
    with pytest.raises(YidiError):
        key_entry(self_made((x509.BasicConstraints(ca=True, path_length=0), True)))


@pytest.mark.parametrize(
    ("after", "revoked_after", "code", "reason"),
    [
        (-SECOND, None, "CERT_NOT_YET", "CERT_EXPIRED"),
        (YEAR + SECOND, None, "CERT_EXPIRED", "CERT_EXPIRED"),
        (YEAR / 2, YEAR / 2, "CERT_REVOKED", "CERT_REVOKED"),
        (YEAR * 2, YEAR / 2, "CERT_REVOKED", "CERT_REVOKED"),
    ],
)
def test_outside_its_time_a_key_says_nothing(
    after: timedelta, revoked_after: timedelta | None, code: str, reason: str
) -> None:
    revoked = ISSUED + revoked_after if revoked_after else None
    entry = KeyEntry(fingerprint="", certificate=b"", valid_from=ISSUED, valid_to=ISSUED + YEAR, revoked=revoked)
    with pytest.raises(CertificateError) as caught:
        check_dates(entry, ISSUED + after)
    assert (caught.value.code, caught.value.reason) == (code, reason)


def test_what_was_received_before_the_revocation_stays_good() -> None:
    entry = KeyEntry(
        fingerprint="", certificate=b"", valid_from=ISSUED, valid_to=ISSUED + YEAR, revoked=ISSUED + YEAR / 2
    )
    check_dates(entry, ISSUED)
    check_dates(entry, ISSUED + YEAR / 2 - SECOND)
