"""HTTP requests signed with a unit's key: RFC 9421 with Content-Digest (RFC 9530), in one profile.

A request is a unit's only if the directory gives that unit the key now. Verifying makes a `SignedRequest`; the body is
judged by whoever reads it, against `content_digest`.

Limits: a nonce is remembered in one process's memory. A second process, or this one after a restart, would take the
same request once more within the ten minutes that its signature lives; every request of the protocol changes
nothing when it is repeated.
"""

import base64
from collections.abc import Mapping
from dataclasses import InitVar, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast
from urllib.parse import urlsplit

import http_sf
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from http_message_signatures import (
    HTTPMessageSigner,
    HTTPMessageVerifier,
    HTTPSignatureAlgorithm,
    HTTPSignatureKeyResolver,
    InvalidSignature,
)
from http_message_signatures.algorithms import ECDSA_P256_SHA256, RSA_PSS_SHA512, RSA_V1_5_SHA256

from exchange.directory.snapshot import Directory, KeyEntry
from exchange.errors import InputError, NotAuthorisedError, SignatureError
from exchange.model.unit import UnitCode
from exchange.ports.keys import Signer
from exchange.ports.time import Clock
from exchange.trust.algorithms import PublicKey, SignatureAlgorithm
from exchange.trust.certificates import check_dates, signing_key
from exchange.trust.nonces import Nonces

__all__ = ["WINDOW", "HttpRequest", "RequestVerifier", "SignedRequest", "content_digest", "origin", "sign_request"]

WINDOW = timedelta(minutes=5)
_TAG: Final = "yidi"
_LABEL: Final = "unit"
_ALWAYS: Final = ("@method", "@authority", "@target-uri")
# The fields that say what is to be done with the body. Whichever of them a request has, its signature covers.
_MEANING: Final = ("content-digest", "upload-length", "upload-metadata", "upload-offset")
_PARAMETERS: Final = frozenset({"created", "keyid", "alg", "nonce", "tag"})
_MADE_HERE = object()


class _RsaPssSha256(RSA_PSS_SHA512):
    """What a signer that makes RSA-PSS for XML signatures can make. Not registered for HTTP, where only SHA-512 is."""

    algorithm_id = "rsa-pss-sha256"

    def __init__(self, public_key: PublicKey | None = None, private_key: None = None) -> None:
        super().__init__(public_key, private_key)  # type: ignore[no-untyped-call]  # the library's has no types
        self.hash_algorithm = hashes.SHA256()
        self.padding = padding.PSS(padding.MGF1(self.hash_algorithm), salt_length=self.hash_algorithm.digest_size)


_OURS: Final[Mapping[str, type[HTTPSignatureAlgorithm]]] = {
    SignatureAlgorithm.ECDSA_P256: ECDSA_P256_SHA256,
    SignatureAlgorithm.RSA_PSS: _RsaPssSha256,
    SignatureAlgorithm.RSA_PKCS1: RSA_V1_5_SHA256,
}
_ALL: Final[tuple[type[HTTPSignatureAlgorithm], ...]] = (*_OURS.values(), RSA_PSS_SHA512)
_ACCEPTED: Final = {kind.algorithm_id: kind for kind in _ALL}


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """`url`: as the server is known to the outside, with path and query exactly as sent. `headers` in order, repeats
    included."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRequest:
    """Whose request it is. Only a `RequestVerifier` makes one. `content_digest`: SHA-256 that the body must have, None
    if none was given."""

    unit: UnitCode
    fingerprint: str
    content_digest: bytes | None
    made_here: InitVar[object]

    def __post_init__(self, made_here: object) -> None:
        if made_here is not _MADE_HERE:
            raise TypeError("only a RequestVerifier makes signed requests")


def origin(url: str) -> str:
    """`url` as scheme, host and port, spelled in the one way that signatures cover. Raises InputError when there is
    more to it, or less."""
    parts = urlsplit(url)
    try:
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise InputError(f"{url}: not an address of a hub: {error}", code="HUB_URL") from error
    extra = parts.path.strip("/") or parts.query or parts.fragment or parts.username
    if parts.scheme not in ("https", "http") or not host or not host.isascii() or extra:
        raise InputError(f"{url}: expected https://host or https://host:port", code="HUB_URL")
    shown = f"[{host}]" if ":" in host else host
    default = {"https": 443, "http": 80}[parts.scheme]
    return f"{parts.scheme}://{shown}" if port in (None, default) else f"{parts.scheme}://{shown}:{port}"


def content_digest(sha256: bytes) -> str:
    """The Content-Digest field for a body with this digest."""
    return f"sha-256=:{base64.b64encode(sha256).decode('ascii')}:"


class _Message:
    """A request as the library wants it."""

    def __init__(self, request: HttpRequest) -> None:
        self.method, self.url = request.method, request.url
        self.headers = {name.lower(): value for name, value in request.headers}


def sign_request(request: HttpRequest, signer: Signer, now: datetime, nonce: str) -> dict[str, str]:
    """The fields that make `request` its signer's: Signature-Input and Signature."""
    message = _Message(request)
    library = HTTPMessageSigner(signature_algorithm=_OURS[signer.algorithm])
    prepared = library.prepare(
        message,
        key_id=signer.fingerprint,
        created=now,
        nonce=nonce,
        label=_LABEL,
        tag=_TAG,
        covered_component_ids=[*_ALWAYS, *(name for name in _MEANING if name in message.headers)],
        use_existing_digest="content-digest" in message.headers,
    )
    library.apply(message, prepared, signer.sign(prepared.signature_base))
    return {name: message.headers[name] for name in ("Signature-Input", "Signature")}


class RequestVerifier:
    """Judges requests by the directory given, and remembers those it has seen."""

    def __init__(self, clock: Clock, nonces: Nonces | None = None) -> None:
        self._clock = clock
        self._nonces = nonces or Nonces(clock, life=2 * WINDOW)

    def verify(self, request: HttpRequest, directory: Directory) -> SignedRequest:
        """Raises SignatureError (HTTP_SIG_...), CertificateError, NotAuthorisedError; LimitError (RATE) when too many
        requests must be remembered."""
        now = self._clock.now()
        # (1) one signature, made for this very use, and nothing twice that could be read in two ways
        covered, parameters = _inspected(request)
        # (2) it covers where the request goes and all that says what it means
        present = {name.lower() for name, _ in request.headers}
        if not covered.issuperset((*_ALWAYS, *present.intersection(_MEANING))):
            raise SignatureError("the signature leaves out what the request means", code="HTTP_SIG_COVERAGE")
        # (3) made just now
        created = datetime.fromtimestamp(parameters.created, UTC)
        if abs(now - created) > WINDOW:
            text = f"signed at {created:%Y-%m-%d %H:%M:%S} UTC; here it is {now:%H:%M:%S}: set the clock"
            raise SignatureError(text, code="HTTP_SIG_TIME")
        # (4) the key is the directory's, of an active unit, and in force
        unit, key = _owner(directory, parameters.keyid)
        check_dates(key, now)
        # (5) the algorithm is that key's, and the signature is good
        _check_value(request, parameters.alg, parameters.keyid, signing_key(key.certificate))
        # (6) and it was never seen. Last: strangers must not fill the memory.
        self._nonces.use(unit, f"{parameters.keyid}/{parameters.nonce}")
        return SignedRequest(
            unit=unit, fingerprint=parameters.keyid, content_digest=_digest_field(request), made_here=_MADE_HERE
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parameters:
    created: int
    keyid: str
    alg: str
    nonce: str


def _inspected(request: HttpRequest) -> tuple[frozenset[str], _Parameters]:
    """What the signature says that it covers, and its parameters."""
    single = {"signature", "signature-input", "content-length", *_MEANING}
    names = [lower for name, _ in request.headers if (lower := name.lower()) in single]
    if len(names) != len(set(names)):
        raise SignatureError("a field stands twice", code="HTTP_SIG_FORMAT")
    field = next((value for name, value in request.headers if name.lower() == "signature-input"), None)
    if field is None or "signature" not in names:
        raise SignatureError("the request is not signed", code="HTTP_SIG_MISSING")
    try:
        ((components, given),) = _dictionary(field).values()
        # A component with a parameter is another value than the field itself.
        covered = frozenset(name for name, details in components if not details)
    except (ValueError, TypeError) as error:
        raise SignatureError("expected one signature", code="HTTP_SIG_FORMAT", detail=str(error)) from error
    if set(given) != _PARAMETERS or given["tag"] != _TAG:
        text = "the parameters must be created, keyid, alg, nonce and tag, which is 'yidi'"
        raise SignatureError(text, code="HTTP_SIG_FORMAT")
    created, keyid, alg, nonce = (given[name] for name in ("created", "keyid", "alg", "nonce"))
    if type(created) is not int or not all(isinstance(text, str) for text in (keyid, alg, nonce)):
        raise SignatureError("a parameter is of the wrong type", code="HTTP_SIG_FORMAT")
    if not 0 <= created < 2**36 or not 16 <= len(nonce) <= 64:
        raise SignatureError("the nonce must have 16 to 64 characters", code="HTTP_SIG_FORMAT")
    return covered, _Parameters(created=created, keyid=keyid, alg=alg, nonce=nonce)


def _dictionary(field: str) -> dict[str, Any]:
    """A Structured Field dictionary, RFC 8941 3.2: each value with its parameters. Raises ValueError."""
    return cast("dict[str, Any]", http_sf.parse(field.encode("ascii"), tltype="dictionary"))


def _owner(directory: Directory, fingerprint: str) -> tuple[UnitCode, KeyEntry]:
    if fingerprint not in directory.unit_keys:
        raise SignatureError("signed with a key that the directory gives to no unit", code="HTTP_SIG_KEY")
    unit, key = directory.unit_keys[fingerprint]
    if not directory.is_active(unit):
        raise NotAuthorisedError(f"unit {unit} is no longer active")
    return unit, key


class _OneKey(HTTPSignatureKeyResolver):
    def __init__(self, keyid: str, key: PublicKey) -> None:
        self._keyid, self._key = keyid, key

    def resolve_public_key(self, key_id: str) -> PublicKey | None:
        return self._key if key_id == self._keyid else None


class _Verifier(HTTPMessageVerifier):
    """The library's, but the time is judged by our clock, in step (3)."""

    def validate_created_and_expires(self, sig_input: object, max_age: object = None) -> None:
        pass


def _check_value(request: HttpRequest, alg: str, keyid: str, key: PublicKey) -> None:
    if alg not in _ACCEPTED:
        raise SignatureError(f"algorithm {alg[:40]!r} is not accepted", code="HTTP_SIG_ALG")
    verifier = _Verifier(signature_algorithm=_ACCEPTED[alg], key_resolver=_OneKey(keyid, key))
    try:
        verifier.verify(_Message(request), expect_tag=_TAG)
    except InvalidSignature as error:
        raise SignatureError(
            "the signature is not its unit's, or not of this request", code="HTTP_SIG_VALUE", detail=str(error)
        ) from error


def _digest_field(request: HttpRequest) -> bytes | None:
    field = next((value for name, value in request.headers if name.lower() == "content-digest"), None)
    if field is None:
        return None
    try:
        value, _ = _dictionary(field)["sha-256"]
        if not isinstance(value, bytes) or len(value) != 32:
            raise ValueError("not 32 bytes")
    except (ValueError, TypeError, KeyError) as error:
        raise SignatureError("Content-Digest: expected sha-256=:base64:", code="HTTP_SIG_FORMAT") from error
    return value
