"""Certificate requests and the small authority: who may have a certificate, and what it says."""

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from exchange.errors import CertificateError, EnrolmentError
from exchange.testing.keys import ISSUED
from exchange.trust.authority import Authority, check_chain, check_request, request
from exchange.trust.keys import KeyAlgorithm, generate, insecure_key_from_seed

UNIT = "520304-001"
KEY = insecure_key_from_seed("unit")
AUTHORITY = Authority.create("测试县", ISSUED, key=insecure_key_from_seed("authority"))
DAY = timedelta(days=1)


def issue(days: int = 30) -> x509.Certificate:
    asked = check_request(request(UNIT, "县政府办", KEY), UNIT)
    return x509.load_der_x509_certificate(AUTHORITY.issue(asked, ISSUED, days=days))


def code_of_request(pem: str, owner: str = UNIT) -> str:
    with pytest.raises(EnrolmentError) as caught:
        check_request(pem, owner)
    return caught.value.code


def test_a_certificate_names_the_unit_and_is_for_signatures_alone() -> None:
    certificate = issue()
    assert [str(name.value) for name in certificate.subject] == ["县政府办", UNIT]
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert usage.value.digital_signature
    assert not usage.value.key_cert_sign
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    with pytest.raises(x509.ExtensionNotFound):
        certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert certificate.not_valid_before_utc == ISSUED
    assert certificate.not_valid_after_utc == ISSUED + 30 * DAY


def test_serial_numbers_are_random() -> None:
    assert len({issue().serial_number for _ in range(5)}) == 5


def test_the_authority_issues_no_authorities() -> None:
    own = x509.load_der_x509_certificate(AUTHORITY.certificate)
    constraints = own.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert (constraints.ca, constraints.path_length) == (True, 0)


def test_a_certificate_never_outlives_its_authority() -> None:
    own = x509.load_der_x509_certificate(AUTHORITY.certificate)
    assert issue(days=20_000).not_valid_after_utc == own.not_valid_after_utc
    asked = check_request(request(UNIT, "县政府办", KEY), UNIT)
    with pytest.raises(CertificateError, match="CERT_EXPIRED"):
        AUTHORITY.issue(asked, own.not_valid_after_utc)


@pytest.mark.parametrize("algorithm", list(KeyAlgorithm))
def test_requests_for_every_kind_of_key_are_taken(algorithm: KeyAlgorithm) -> None:
    key = generate(algorithm, 2048)
    asked = check_request(request(UNIT, "一" * 100, key), UNIT)
    assert asked.public_key == key.public_key()
    assert asked.name == "一" * 64


def test_a_request_that_another_key_signed_is_refused() -> None:
    good = x509.load_pem_x509_csr(request(UNIT, "县政府办", KEY).encode())
    der = bytearray(good.public_bytes(Encoding.DER))
    der[-1] ^= 1
    forged = x509.load_der_x509_csr(bytes(der)).public_bytes(Encoding.PEM).decode()
    assert code_of_request(forged) == "CSR_PROOF"


def test_a_request_for_a_kind_of_key_unused_here_is_refused() -> None:
    key = ec.generate_private_key(ec.SECP384R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, UNIT)])
    pem = x509.CertificateSigningRequestBuilder(name).sign(key, SHA256()).public_bytes(Encoding.PEM)
    assert code_of_request(pem.decode()) == "CSR_KEY"


def test_a_request_in_anothers_name_is_refused() -> None:
    assert code_of_request(request("520304-002", "财政局", KEY)) == "CSR_OWNER"


@pytest.mark.parametrize("pem", ["", "text", "公文", request(UNIT, "县", KEY) + "x" * 20_000])
def test_what_is_not_a_request_is_refused(pem: str) -> None:
    assert code_of_request(pem) == "CSR_FORMAT"


def code_of_chain(certificate: x509.Certificate, authorities: list[bytes], days: int = 1) -> str:
    with pytest.raises(CertificateError) as caught:
        check_chain(certificate.public_bytes(Encoding.DER), authorities, ISSUED + days * DAY)
    return caught.value.code


def test_a_chain_leads_to_a_listed_authority() -> None:
    other = Authority.create("测试县", ISSUED, key=insecure_key_from_seed("same name, other key"))
    check_chain(issue().public_bytes(Encoding.DER), [other.certificate, AUTHORITY.certificate], ISSUED)
    assert code_of_chain(issue(), [other.certificate]) == "CERT_CHAIN"
    assert code_of_chain(issue(), []) == "CERT_CHAIN"


def test_a_units_certificate_is_no_authority() -> None:
    unit = Authority(key=KEY, certificate=issue().public_bytes(Encoding.DER))
    asked = check_request(request("520304-002", "财政局", insecure_key_from_seed("2")), "520304-002")
    child = x509.load_der_x509_certificate(unit.issue(asked, ISSUED))
    assert code_of_chain(child, [unit.certificate]) == "CERT_CHAIN"


def test_a_chain_is_judged_at_its_time_and_use() -> None:
    assert code_of_chain(issue(), [AUTHORITY.certificate], days=31) == "CERT_EXPIRED"
    assert code_of_chain(issue(), [AUTHORITY.certificate], days=-1) == "CERT_NOT_YET"
    own = x509.load_der_x509_certificate(AUTHORITY.certificate)
    assert code_of_chain(own, [AUTHORITY.certificate]) == "CERT_USAGE"
