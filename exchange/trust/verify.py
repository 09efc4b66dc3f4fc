"""Signed bytes -> a value and the proof of whose it is. The only maker of `VerifiedEnvelope`, `VerifiedReceipt` and
`VerifiedCarry`.

A unit speaks only with a key that the signed directory gives it. The certificate inside a document is a hint
for finding that key: nobody is believed for bringing one, whichever authority issued it.

Not here: whether the author may say it (`exchange.services`), whether the directory is the right one
(`exchange.trust.anchor`).
"""

import hashlib
import hmac
from dataclasses import InitVar, dataclass
from datetime import datetime

from exchange.codec import carry as carry_codec
from exchange.codec import envelope as envelope_codec
from exchange.codec import receipt as receipt_codec
from exchange.codec.signed import DocumentKind, UnverifiedDocument, parse_signed
from exchange.directory.snapshot import Directory, KeyEntry
from exchange.errors import NotAuthorisedError, SignatureError
from exchange.model.carry import Carry
from exchange.model.envelope import Envelope
from exchange.model.receipt import Receipt
from exchange.model.unit import UnitCode
from exchange.trust import algorithms
from exchange.trust.algorithms import PublicKey
from exchange.trust.certificates import check_dates, signing_key
from exchange.trust.digest import sha256_hex

__all__ = ["VerifiedCarry", "VerifiedEnvelope", "VerifiedReceipt", "Verifier", "check_digest", "check_value"]

_MADE_HERE = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedEnvelope:
    """An envelope that its sender signed. Only a `Verifier` makes one; services take nothing less.

    `document` is exactly what was verified, `digest` its SHA-256 (what receipts bind), `fingerprint` the
    sender's key.
    """

    envelope: Envelope
    document: bytes
    digest: str
    fingerprint: str
    made_here: InitVar[object]

    def __post_init__(self, made_here: object) -> None:
        _refuse_others(made_here)


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedReceipt:
    """A receipt signed by the unit, or the hub, that it names as its author. Only a `Verifier` makes one."""

    receipt: Receipt
    document: bytes
    digest: str
    fingerprint: str
    made_here: InitVar[object]

    def __post_init__(self, made_here: object) -> None:
        _refuse_others(made_here)


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedCarry:
    """A package's manifest, signed by the unit or the hub that packed it. Only a `Verifier` makes one."""

    carry: Carry
    fingerprint: str
    made_here: InitVar[object]

    def __post_init__(self, made_here: object) -> None:
        _refuse_others(made_here)


class Verifier:
    """Judges documents by one directory. Cheap to make: parsed keys are shared among all of them."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory

    def envelope(self, data: bytes, at: datetime, *, may_have_left: bool = False) -> VerifiedEnvelope:
        """`data` as received at `at` (the hub's time). Raises XmlError, SignatureError, CertificateError,
        NotAuthorisedError. `may_have_left`: for what the hub took while its author still belonged to the county."""
        # (1) shape and profile: one signature, over the root, by known means. No cryptography yet.
        document = parse_signed(data, DocumentKind.ENVELOPE)
        # (2) the body is the one that was signed ...
        check_digest(document)
        # (3) ... and the value is read from those very bytes. Until (8) it is but a claim.
        envelope = envelope_codec.decode(document.body)
        # (4) it was made for this exchange
        self._check_hub(envelope.hub)
        # (5) to (8): it is its author's
        fingerprint = self._check_author(document, envelope.sender, at, may_have_left)
        return VerifiedEnvelope(
            envelope=envelope,
            document=data,
            digest=sha256_hex(data),
            fingerprint=fingerprint,
            made_here=_MADE_HERE,
        )

    def receipt(self, data: bytes, at: datetime, *, may_have_left: bool = False) -> VerifiedReceipt:
        """As `envelope`, for a receipt: the author is the actor's unit, or the hub."""
        document = parse_signed(data, DocumentKind.RECEIPT)  # (1)
        check_digest(document)  # (2)
        receipt = receipt_codec.decode(document.body)  # (3)
        self._check_hub(receipt.hub)  # (4)
        fingerprint = self._check_author(document, receipt.actor.unit, at, may_have_left)  # (5) to (8)
        return VerifiedReceipt(
            receipt=receipt,
            document=data,
            digest=sha256_hex(data),
            fingerprint=fingerprint,
            made_here=_MADE_HERE,
        )

    def carry(self, data: bytes, at: datetime) -> VerifiedCarry:
        """As `envelope`, for the manifest of a package: the author is its unit, or the hub."""
        document = parse_signed(data, DocumentKind.CARRY)  # (1)
        check_digest(document)  # (2)
        carry = carry_codec.decode(document.body)  # (3)
        self._check_hub(carry.hub)  # (4)
        fingerprint = self._check_author(document, carry.author, at, False)  # (5) to (8)
        return VerifiedCarry(carry=carry, fingerprint=fingerprint, made_here=_MADE_HERE)

    def _check_hub(self, hub: str) -> None:
        if hub != self.directory.hub:
            message = f"made for the exchange {hub}, not {self.directory.hub}"
            raise NotAuthorisedError(message, code="WRONG_HUB")

    def _check_author(
        self, document: UnverifiedDocument, author: UnitCode | None, at: datetime, may_have_left: bool
    ) -> str:
        """The fingerprint of the key with which `author` (None: the hub) signed `document`."""
        # (5) the key is the directory's, not KeyInfo's, and the author's own
        key = self._key(document, author)
        # (6) in force when it was received, and its owner with it
        check_dates(key, at)
        if author is not None and not may_have_left and not self.directory.is_active(author):
            raise NotAuthorisedError(f"unit {author} is no longer active")
        # (7) made for signatures
        public_key = signing_key(key.certificate)
        # (8) the algorithm is that key's, and the signature is good
        check_value(document, public_key)
        return key.fingerprint

    def _key(self, document: UnverifiedDocument, author: UnitCode | None) -> KeyEntry:
        directory = self.directory
        version = f"version {directory.version} of the directory"
        if author is not None and author not in directory.by_code:
            raise SignatureError(f"unit {author} is not in {version}", code="SIG_SENDER_UNKNOWN")
        for fingerprint in map(sha256_hex, document.certificates):
            owner: UnitCode | None = None
            key = directory.hub_key.get(fingerprint)
            if key is None:
                if fingerprint not in directory.unit_keys:
                    continue
                owner, key = directory.unit_keys[fingerprint]
            if owner != author:
                message = f"signed with a key of {owner or 'the hub'}, but speaks for {author or 'the hub'}"
                raise SignatureError(message, code="SIG_SENDER_MISMATCH")
            return key
        raise SignatureError(f"signed with a key that {version} gives to nobody", code="SIG_KEY_UNKNOWN")


def check_digest(document: UnverifiedDocument) -> None:
    """Raise SignatureError (SIG_DIGEST) unless the signature is about this body. XMLDSig 3.2.1."""
    if not hmac.compare_digest(hashlib.sha256(document.body).digest(), document.digest):
        raise SignatureError("the document was changed after it was signed", code="SIG_DIGEST")


def check_value(document: UnverifiedDocument, key: PublicKey) -> None:
    """Raise SignatureError (SIG_ALG, SIG_VALUE) unless `key` signed what `check_digest` looks at. XMLDSig
    3.2.2."""
    algorithms.verify(key, document.algorithm, document.signature, document.signed_info)


def _refuse_others(made_here: object) -> None:
    if made_here is not _MADE_HERE:
        raise TypeError("only a Verifier makes verified documents")
