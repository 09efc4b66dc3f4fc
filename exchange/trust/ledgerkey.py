"""The Ed25519 key that signs checkpoints, and the check that `exchange.ledger.note` asks for.

Not here: notes and their format (`exchange.ledger.note`).
"""

import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from exchange.ledger.note import VerifierKey, sign_note

__all__ = ["LedgerSigner", "verify"]


class LedgerSigner:
    """Signs notes under `name`, which is the ledger's origin."""

    def __init__(self, name: str, key: Ed25519PrivateKey) -> None:
        self._key = key
        self._verifier = VerifierKey(name=name, public_key=key.public_key().public_bytes_raw())

    @classmethod
    def generate(cls, name: str) -> "LedgerSigner":
        return cls(name, Ed25519PrivateKey.generate())

    @classmethod
    def insecure_from_seed(cls, name: str, seed: str) -> "LedgerSigner":
        """The key that `seed` always gives. For tests and simulations alone."""
        return cls(name, Ed25519PrivateKey.from_private_bytes(hashlib.sha256(seed.encode()).digest()))

    @property
    def key(self) -> Ed25519PrivateKey:
        """The key itself, for the key store."""
        return self._key

    @property
    def verifier(self) -> VerifierKey:
        return self._verifier

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message)

    def note(self, text: str) -> str:
        """`text` as a signed note."""
        return sign_note(text, self._verifier.name, self._verifier.public_key, self.sign)


def verify(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether the Ed25519 `signature` is good: pass it to `exchange.ledger.note.open_note`."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
