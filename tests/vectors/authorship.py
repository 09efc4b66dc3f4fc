"""Documents of the right shape that are not their author's: one per wrongness, named for it, and some good ones.

All are judged by one county at one moment: its units' keys are good, expired, not yet valid, revoked or not for
signatures. Signing is deterministic, so the files in `authorship/` can be made again to the byte.

Not here: documents of a wrong shape, which no key is needed to refuse.
"""

from base64 import b64encode
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from exchange.codec import envelope as envelope_codec
from exchange.codec.signed import DocumentKind, attach, signed_info
from exchange.directory.snapshot import Directory, KeyEntry, UnitEntry
from exchange.model.envelope import EnvelopeKey
from exchange.model.receipt import Actor, Subject
from exchange.model.unit import HubId, UnitCode
from exchange.ports.keys import Signer
from exchange.ports.records import DirectoryRecord
from exchange.testing.keys import EXPIRES, Keys, county, unit_code
from exchange.trust.algorithms import SignatureAlgorithm
from exchange.trust.digest import sha256_hex
from exchange.trust.keys import SoftwareSigner, insecure_key_from_seed
from exchange.trust.sign import sign_directory, sign_envelope, sign_receipt
from tests.unit.trust.documents import ACCEPTED, DELIVERED, ENVELOPE, NOW, RECIPIENT, SENDER, THIRD

__all__ = ["ANCHOR", "DIRECTORY", "FOLDER", "HELD", "NOW", "VECTORS", "Vector"]

FOLDER = Path(__file__).parent / "authorship"
COUNTY = county(9)
ANCHOR = COUNTY.anchor
EXPIRED, NOT_YET, REVOKED, REVOKED_LATER, INACTIVE, UNFIT = (unit_code(number) for number in range(4, 10))
DAY = timedelta(days=1)
STRANGER = Keys.of(99).signer(SENDER)
AUTHORITY = COUNTY.keys.authority.certificate
UNFIT_SIGNER = SoftwareSigner(insecure_key_from_seed("0/authority"), AUTHORITY)  # the authority's own: not for this


@dataclass(frozen=True, slots=True, kw_only=True)
class Vector:
    """`code` is the error's; an empty one means that the document is good."""

    name: str
    kind: DocumentKind
    data: bytes
    code: str


def _entry(entry: UnitEntry) -> UnitEntry:
    (key,) = entry.keys
    changed: dict[UnitCode, KeyEntry] = {
        EXPIRED: replace(key, valid_to=NOW - DAY),
        NOT_YET: replace(key, valid_from=NOW + DAY),
        REVOKED: replace(key, revoked=NOW - DAY, revocation_reason="lost"),
        REVOKED_LATER: replace(key, revoked=NOW + DAY, revocation_reason="lost"),
        UNFIT: replace(key, certificate=AUTHORITY, fingerprint=sha256_hex(AUTHORITY)),
    }
    unit = replace(entry.unit, active=entry.unit.code != INACTIVE)
    return UnitEntry(unit=unit, keys=(changed.get(unit.code, key),))


DIRECTORY = replace(COUNTY.directory, units=tuple(_entry(entry) for entry in COUNTY.directory.units))
_SNAPSHOT = sign_directory(replace(DIRECTORY, version=5, previous="0" * 64), COUNTY.directory_signer)
HELD = DirectoryRecord(version=5, digest=sha256_hex(_SNAPSHOT), document=_SNAPSHOT, stored=NOW)
NEXT = replace(DIRECTORY, version=6, previous=HELD.digest)


def _of(unit: UnitCode, signer: Signer | None = None) -> bytes:
    """An envelope of `unit`, signed with its own key unless told otherwise."""
    return sign_envelope(replace(ENVELOPE, sender=unit), signer or COUNTY.signers[unit])


def _valued(value: bytes, algorithm: str = SignatureAlgorithm.ECDSA_P256, shown: bytes | None = None) -> bytes:
    """An envelope of SENDER with this signature value."""
    body = envelope_codec.encode(ENVELOPE)
    certificate = COUNTY.signers[SENDER].certificate if shown is None else shown
    return attach(body, signed_info(body, algorithm), value, certificate)


def _value_of(signer: Signer) -> bytes:
    return signer.sign(signed_info(envelope_codec.encode(ENVELOPE), signer.algorithm))


def _behind(data: bytes, certificate: bytes) -> bytes:
    """`data` with a second certificate in its KeyInfo."""
    second = b"<ds:X509Certificate>" + b64encode(certificate) + b"</ds:X509Certificate></ds:X509Data>"
    return data.replace(b"</ds:X509Data>", second)


def _swapped(data: bytes, other: bytes, name: bytes) -> bytes:
    """`data` with the content of element `name` taken from `other`."""
    start, end = b"<ds:" + name + b">", b"</ds:" + name + b">"
    own, foreign = (one.split(start)[1].split(end)[0] for one in (data, other))
    return data.replace(start + own, start + foreign)


def _envelopes() -> dict[str, tuple[bytes, str]]:
    good, other = _of(SENDER), sign_envelope(replace(ENVELOPE, operator="王五"), COUNTY.signers[SENDER])
    sender, third = COUNTY.signers[SENDER], COUNTY.signers[THIRD]
    elsewhere = replace(ENVELOPE, hub=HubId("hub.520303"))
    return {
        "good": (good, ""),
        "good-before-revocation": (_of(REVOKED_LATER), ""),
        "another-units-key": (_of(SENDER, third), "SIG_SENDER_MISMATCH"),
        "the-hubs-key": (_of(SENDER, COUNTY.hub), "SIG_SENDER_MISMATCH"),
        "self-made-certificate": (_of(SENDER, STRANGER), "SIG_KEY_UNKNOWN"),
        "certificate-outside-the-directory": (_of(SENDER, COUNTY.keys.signer(SENDER, generation=2)), "SIG_KEY_UNKNOWN"),
        "self-made-certificate-before-the-senders": (_behind(_of(SENDER, STRANGER), sender.certificate), "SIG_VALUE"),
        "senders-certificate-another-key": (_valued(_value_of(third)), "SIG_VALUE"),
        "foreign-certificate-senders-key": (_valued(_value_of(sender), shown=STRANGER.certificate), "SIG_KEY_UNKNOWN"),
        "sender-not-in-directory": (_of(unit_code(99), COUNTY.keys.signer(unit_code(99))), "SIG_SENDER_UNKNOWN"),
        "sender-inactive": (_of(INACTIVE), "NOT_AUTHORISED"),
        "key-expired": (_of(EXPIRED), "CERT_EXPIRED"),
        "key-not-yet-valid": (_of(NOT_YET), "CERT_NOT_YET"),
        "key-revoked": (_of(REVOKED), "CERT_REVOKED"),
        "key-of-an-authority": (_of(UNFIT, UNFIT_SIGNER), "CERT_USAGE"),
        "algorithm-of-another-key-type": (_valued(_value_of(sender), SignatureAlgorithm.RSA_PKCS1), "SIG_ALG"),
        "body-changed": (good.replace("汛期".encode(), "防火".encode()), "SIG_DIGEST"),
        "digest-of-another": (_swapped(good, other, b"DigestValue"), "SIG_DIGEST"),
        "value-of-another": (_swapped(good, other, b"SignatureValue"), "SIG_VALUE"),
        "another-exchange": (sign_envelope(elsewhere, sender), "WRONG_HUB"),
    }


def _ecdsa() -> dict[str, tuple[bytes, str]]:
    value = _value_of(COUNTY.signers[SENDER])
    r, s = value[:32], value[32:]
    order = bytes.fromhex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551")
    values = {
        "r-zero": bytes(32) + s,
        "s-zero": r + bytes(32),
        "r-is-the-order": order + s,
        "s-is-the-order": r + order,
        "r-above-the-order": b"\xff" * 32 + s,
        "r-high-bit": bytes([r[0] ^ 0x80]) + r[1:] + s,
        "swapped": s + r,
        "der": b"\x30\x46\x02\x21\x00" + r + b"\x02\x21\x00" + s,
        "63-bytes": value[:-1],
        "65-bytes": value + b"\0",
        "s-with-leading-zero": r + b"\0" + s,
    }
    return {f"ecdsa-{name}": (_valued(one), "SIG_VALUE") for name, one in values.items()}


def _receipts() -> dict[str, tuple[bytes, str]]:
    good = sign_receipt(DELIVERED, COUNTY.signers[RECIPIENT])
    own_delivery = replace(
        DELIVERED,
        actor=Actor(speaker=DELIVERED.actor.speaker, unit=REVOKED),
        subject=Subject(envelope=EnvelopeKey(SENDER, ENVELOPE.id), digest="ef" * 32, recipient=REVOKED),
    )
    return {
        "good": (good, ""),
        "good-of-the-hub": (sign_receipt(ACCEPTED, COUNTY.hub), ""),
        "forged-by-the-sender": (sign_receipt(DELIVERED, COUNTY.signers[SENDER]), "SIG_SENDER_MISMATCH"),
        "forged-by-another-unit": (sign_receipt(DELIVERED, COUNTY.signers[THIRD]), "SIG_SENDER_MISMATCH"),
        "forged-by-the-hub": (sign_receipt(DELIVERED, COUNTY.hub), "SIG_SENDER_MISMATCH"),
        "the-hubs-forged-by-a-unit": (sign_receipt(ACCEPTED, COUNTY.signers[SENDER]), "SIG_SENDER_MISMATCH"),
        "the-hubs-signed-with-the-directory-key": (sign_receipt(ACCEPTED, COUNTY.directory_signer), "SIG_KEY_UNKNOWN"),
        "digest-changed": (good.replace(b"ef" * 32, b"ee" * 32), "SIG_DIGEST"),
        "key-revoked": (sign_receipt(own_delivery, COUNTY.signers[REVOKED]), "CERT_REVOKED"),
        "another-exchange": (
            sign_receipt(replace(DELIVERED, hub="hub.520303"), COUNTY.signers[RECIPIENT]),
            "WRONG_HUB",
        ),
    }


def _directories() -> dict[str, tuple[bytes, str]]:
    def snapshot(directory: Directory, signer: Signer = COUNTY.directory_signer) -> bytes:
        return sign_directory(directory, signer)

    good = snapshot(NEXT)
    second = Keys.of(99).signer("directory")
    past = replace(NEXT, issued=NOW - 2 * DAY, expires=NOW - DAY)
    return {
        "good": (good, ""),
        "good-held-already": (_SNAPSHOT, ""),
        "rollback": (snapshot(replace(NEXT, version=4)), "DIRECTORY_ROLLBACK"),
        "fork-of-the-version-held": (snapshot(replace(DIRECTORY, version=5, previous="1" * 64)), "DIRECTORY_FORK"),
        "fork-of-the-next-version": (snapshot(replace(NEXT, previous="1" * 64)), "DIRECTORY_FORK"),
        "expired": (snapshot(past), "DIRECTORY_EXPIRED"),
        "from-the-future": (snapshot(replace(NEXT, issued=NOW + DAY, expires=EXPIRES)), "DIRECTORY_FUTURE"),
        "signed-by-the-hub": (snapshot(NEXT, COUNTY.hub), "DIRECTORY_SIGNATURE"),
        "signed-by-a-unit": (snapshot(NEXT, COUNTY.signers[SENDER]), "DIRECTORY_SIGNATURE"),
        "signed-by-a-stranger": (snapshot(NEXT, second), "DIRECTORY_SIGNATURE"),
        "changed": (good.replace(b"520304-002", b"520304-020"), "DIRECTORY_SIGNATURE"),
        "another-exchange": (snapshot(replace(NEXT, hub=HubId("hub.520303"))), "WRONG_HUB"),
    }


def _vectors(kind: DocumentKind, made: dict[str, tuple[bytes, str]]) -> list[Vector]:
    return [Vector(name=f"{kind.value}-{name}", kind=kind, data=data, code=code) for name, (data, code) in made.items()]


VECTORS = (
    *_vectors(DocumentKind.ENVELOPE, _envelopes() | _ecdsa()),
    *_vectors(DocumentKind.RECEIPT, _receipts()),
    *_vectors(DocumentKind.DIRECTORY, _directories()),
)


def write() -> None:
    """Make the files again: `python -m tests.vectors.authorship`."""
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.xml"):
        old.unlink()
    for vector in VECTORS:
        (FOLDER / f"{vector.name}.xml").write_bytes(vector.data)


if __name__ == "__main__":
    write()
