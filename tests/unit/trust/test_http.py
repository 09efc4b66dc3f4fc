"""Requests signed by a unit, and all that may be wrong with them."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from http_message_signatures import HTTPMessageSigner, HTTPSignatureAlgorithm, MappingKeyResolver
from http_message_signatures.algorithms import ECDSA_P256_SHA256, RSA_PSS_SHA512

from exchange.directory.snapshot import Directory
from exchange.directory.update import add_key, change_unit, revoke_key
from exchange.errors import CertificateError, InputError, LimitError, NotAuthorisedError, SignatureError
from exchange.testing.clock import FakeClock
from exchange.testing.keys import County, county, unit_code
from exchange.trust.algorithms import PrivateKey
from exchange.trust.authority import check_request
from exchange.trust.authority import request as certificate_request
from exchange.trust.certificates import key_entry
from exchange.trust.http import HttpRequest, RequestVerifier, SignedRequest, content_digest, origin, sign_request
from exchange.trust.keys import KeyAlgorithm, SoftwareSigner, generate
from exchange.trust.nonces import Nonces

UNIT, OTHER = unit_code(1), unit_code(2)
NONCE = "0123456789abcdef"
BODY = "正文".encode()
URL = "https://hub.example:8443/v1/uploads/x?a=%E4%BD%A0"


@pytest.fixture(scope="module")
def some() -> County:
    return county(3)


@pytest.fixture(scope="module")
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def verifier(clock: FakeClock) -> RequestVerifier:
    return RequestVerifier(clock)


def plain() -> HttpRequest:
    digest = content_digest(hashlib.sha256(BODY).digest())
    return HttpRequest(
        method="PATCH", url=URL, headers=(("Content-Digest", digest), ("Upload-Offset", "7"), ("Accept", "*/*"))
    )


def signed(some: County, clock: FakeClock, request: HttpRequest | None = None, nonce: str = NONCE) -> HttpRequest:
    request = request or plain()
    fields = sign_request(request, some.signers[UNIT], clock.now(), nonce)
    return replace(request, headers=(*request.headers, *fields.items()))


def with_field(request: HttpRequest, name: str, value: str) -> HttpRequest:
    kept = tuple(pair for pair in request.headers if pair[0].lower() != name.lower())
    return replace(request, headers=(*kept, (name, value)))


def field(request: HttpRequest, name: str) -> str:
    return dict(request.headers)[name]


def code_of(verifier: RequestVerifier, request: HttpRequest, directory: Directory) -> str:
    with pytest.raises((SignatureError, CertificateError, NotAuthorisedError)) as refused:
        verifier.verify(request, directory)
    return refused.value.code


def test_a_signed_request_is_its_units(some: County, clock: FakeClock, verifier: RequestVerifier) -> None:
    found = verifier.verify(signed(some, clock), some.directory)
    assert (found.unit, found.fingerprint) == (UNIT, some.signers[UNIT].fingerprint)
    assert found.content_digest == hashlib.sha256(BODY).digest()


def test_only_a_verifier_makes_signed_requests() -> None:
    with pytest.raises(TypeError):
        SignedRequest(unit=UNIT, fingerprint="", content_digest=None, made_here=object())


@pytest.mark.parametrize(
    "change",
    [
        lambda request: replace(request, method="GET"),
        lambda request: replace(request, url=URL.replace("/x", "/y")),
        lambda request: replace(request, url=URL + "&b=1"),
        lambda request: replace(request, url=URL.replace("hub.example", "hub2.example")),
        lambda request: with_field(request, "Upload-Offset", "8"),
        lambda request: with_field(request, "Content-Digest", content_digest(bytes(32))),
        lambda request: with_field(
            request, "Signature-Input", field(request, "Signature-Input").replace(NONCE, NONCE[::-1])
        ),
        lambda request: with_field(request, "Signature", "unit=:AAAA:"),
        lambda request: with_field(
            request, "Signature-Input", field(request, "Signature-Input").replace("ecdsa-p256-sha256", "rsa-pss-sha512")
        ),
    ],
)
def test_whatever_is_changed_on_the_way_breaks_the_signature(
    some: County, clock: FakeClock, verifier: RequestVerifier, change: Callable[[HttpRequest], HttpRequest]
) -> None:
    assert code_of(verifier, change(signed(some, clock)), some.directory) == "HTTP_SIG_VALUE"


def test_fields_that_mean_nothing_may_change(some: County, clock: FakeClock, verifier: RequestVerifier) -> None:
    verifier.verify(with_field(signed(some, clock), "Accept", "text/html"), some.directory)


def test_an_unsigned_request_is_nobodys(some: County, verifier: RequestVerifier) -> None:
    assert code_of(verifier, plain(), some.directory) == "HTTP_SIG_MISSING"


@pytest.mark.parametrize("name", ["Upload-Metadata", "Upload-Length"])
def test_a_field_added_on_the_way_is_not_covered(
    some: County, clock: FakeClock, verifier: RequestVerifier, name: str
) -> None:
    added = with_field(signed(some, clock), name, "1")
    assert code_of(verifier, added, some.directory) == "HTTP_SIG_COVERAGE"


def test_a_field_that_stands_twice_is_refused(some: County, clock: FakeClock, verifier: RequestVerifier) -> None:
    request = signed(some, clock)
    twice = replace(request, headers=(*request.headers, ("upload-offset", "9")))
    assert code_of(verifier, twice, some.directory) == "HTTP_SIG_FORMAT"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (';tag="yidi"', ';tag="other"'),
        (';tag="yidi"', ""),
        (';nonce="0123456789abcdef"', ""),
        (';nonce="0123456789abcdef"', ';nonce="short"'),
        (";created=", ";created=1.5;x="),
        ("unit=(", "unit=(("),
        ("unit=(", "other=(),unit=("),
    ],
)
def test_another_form_is_refused(some: County, clock: FakeClock, verifier: RequestVerifier, old: str, new: str) -> None:
    request = signed(some, clock)
    changed = with_field(request, "Signature-Input", field(request, "Signature-Input").replace(old, new))
    assert code_of(verifier, changed, some.directory) == "HTTP_SIG_FORMAT"


def test_a_component_with_a_parameter_does_not_count(some: County, clock: FakeClock, verifier: RequestVerifier) -> None:
    request = signed(some, clock)
    inputs = field(request, "Signature-Input").replace('"upload-offset"', '"upload-offset";bs')
    changed = with_field(request, "Signature-Input", inputs)
    assert code_of(verifier, changed, some.directory) == "HTTP_SIG_COVERAGE"


@pytest.mark.parametrize(("seconds", "right"), [(-301, False), (-300, True), (300, True), (301, False)])
def test_a_request_must_be_made_within_five_minutes(
    some: County, clock: FakeClock, verifier: RequestVerifier, seconds: int, right: bool
) -> None:
    request = signed(some, clock)
    clock.jump(timedelta(seconds=seconds))
    if right:
        verifier.verify(request, some.directory)
    else:
        assert code_of(verifier, request, some.directory) == "HTTP_SIG_TIME"


def test_the_same_request_counts_once_as_long_as_its_signature_lives(
    some: County, clock: FakeClock, verifier: RequestVerifier
) -> None:
    clock.jump(timedelta(minutes=5))  # the node's clock is ahead
    request = signed(some, clock)
    clock.jump(timedelta(minutes=-5))
    verifier.verify(request, some.directory)
    for _ in range(9):
        clock.advance(timedelta(minutes=1))
        assert code_of(verifier, request, some.directory) == "HTTP_SIG_REPLAY"
    clock.advance(timedelta(minutes=1, seconds=1))
    assert code_of(verifier, request, some.directory) == "HTTP_SIG_TIME"


def test_what_a_stranger_sends_is_not_remembered(some: County, clock: FakeClock) -> None:
    verifier = RequestVerifier(clock, Nonces(clock, life=timedelta(minutes=10), per_unit=1, total=1))
    forged = replace(signed(some, clock), method="GET")
    for _ in range(3):
        assert code_of(verifier, forged, some.directory) == "HTTP_SIG_VALUE"
    verifier.verify(signed(some, clock), some.directory)


def test_one_units_flood_does_not_shut_out_another(some: County, clock: FakeClock) -> None:
    verifier = RequestVerifier(clock, Nonces(clock, life=timedelta(minutes=10), per_unit=2, total=3))
    for n in range(2):
        verifier.verify(signed(some, clock, nonce=f"{n:016}"), some.directory)
    with pytest.raises(LimitError) as refused:
        verifier.verify(signed(some, clock, nonce=f"{3:016}"), some.directory)
    assert refused.value.code == "RATE"
    fields = sign_request(plain(), some.signers[OTHER], clock.now(), NONCE)
    verifier.verify(replace(plain(), headers=(*plain().headers, *fields.items())), some.directory)
    clock.advance(timedelta(minutes=10))
    verifier.verify(signed(some, clock), some.directory)


def test_the_key_must_be_the_directorys_and_in_force(some: County, clock: FakeClock, verifier: RequestVerifier) -> None:
    request, fingerprint = signed(some, clock), some.signers[UNIT].fingerprint
    revoked = revoke_key(some.directory, UNIT, fingerprint, clock.now(), "lost")
    assert code_of(verifier, request, revoked) == "CERT_REVOKED"
    assert code_of(verifier, request, change_unit(some.directory, UNIT, active=False)) == "NOT_AUTHORISED"
    assert code_of(verifier, request, county(3, seed=9).directory) == "HTTP_SIG_KEY"


def test_the_hubs_own_key_is_no_units(some: County, clock: FakeClock, verifier: RequestVerifier) -> None:
    fields = sign_request(plain(), some.hub, clock.now(), NONCE)
    request = replace(plain(), headers=(*plain().headers, *fields.items()))
    assert code_of(verifier, request, some.directory) == "HTTP_SIG_KEY"


@pytest.mark.parametrize("algorithm", [KeyAlgorithm.RSA_PSS, KeyAlgorithm.RSA_PKCS1])
def test_rsa_keys_sign_with_what_their_signer_has(
    some: County, clock: FakeClock, verifier: RequestVerifier, rsa_key: rsa.RSAPrivateKey, algorithm: KeyAlgorithm
) -> None:
    signer, directory = with_rsa(some, clock, rsa_key, algorithm)
    fields = sign_request(plain(), signer, clock.now(), NONCE)
    request = replace(plain(), headers=(*plain().headers, *fields.items()))
    assert verifier.verify(request, directory).unit == OTHER
    assert code_of(verifier, replace(request, method="GET"), directory) == "HTTP_SIG_VALUE"


def with_rsa(
    some: County, clock: FakeClock, key: rsa.RSAPrivateKey, algorithm: KeyAlgorithm
) -> tuple[SoftwareSigner, Directory]:
    asked = check_request(certificate_request(OTHER, "单位", key), OTHER)
    certificate = some.keys.authority.issue(asked, clock.now() - timedelta(days=1), serial=77)
    return SoftwareSigner(key, certificate, algorithm), add_key(some.directory, OTHER, key_entry(certificate))


class _Foreign:
    def __init__(self) -> None:
        self.method, self.url = "GET", "https://hub.example/v1/directory?newer_than=0"
        self.headers: dict[str, str] = {}


@pytest.mark.parametrize("kind", [ECDSA_P256_SHA256, RSA_PSS_SHA512])
def test_a_foreign_program_with_the_units_key_is_understood(
    some: County,
    clock: FakeClock,
    verifier: RequestVerifier,
    rsa_key: rsa.RSAPrivateKey,
    kind: type[HTTPSignatureAlgorithm],
) -> None:
    signer, directory = with_rsa(some, clock, rsa_key, KeyAlgorithm.RSA_PSS)
    key: PrivateKey = rsa_key
    if kind is ECDSA_P256_SHA256:
        signer, directory, key = foreign_ec(some, clock)
    message = _Foreign()
    resolver = MappingKeyResolver(public_keys={}, private_keys={signer.fingerprint: key})
    HTTPMessageSigner(signature_algorithm=kind, key_resolver=resolver).sign(
        message, key_id=signer.fingerprint, created=clock.now(), nonce=NONCE, tag="yidi", label="theirs"
    )
    request = HttpRequest(method=message.method, url=message.url, headers=tuple(message.headers.items()))
    assert verifier.verify(request, directory).unit == OTHER


def foreign_ec(some: County, clock: FakeClock) -> tuple[SoftwareSigner, Directory, PrivateKey]:
    key = generate()
    asked = check_request(certificate_request(OTHER, "单位", key), OTHER)
    certificate = some.keys.authority.issue(asked, clock.now() - timedelta(days=1), serial=78)
    return SoftwareSigner(key, certificate), add_key(some.directory, OTHER, key_entry(certificate)), key


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("https://Hub.Example:443/", "https://hub.example"),
        ("https://hub.example:8443", "https://hub.example:8443"),
        ("http://[::1]:80", "http://[::1]"),
    ],
)
def test_an_origin_has_one_spelling(given: str, shown: str) -> None:
    assert origin(given) == shown


@pytest.mark.parametrize(
    "given", ["hub.example", "ftp://hub.example", "https://", "https://a@b", "https://h/x", "https://h:x", "https://局"]
)
def test_what_is_no_origin_is_refused(given: str) -> None:
    with pytest.raises(InputError):
        origin(given)
