"""RSA encryption as an office system asks for it: PKCS #1 v1.5, keys in base64 of DER.

Nothing of the exchange rests on it: it hides a password of the office's from who overhears the line to it, and does
so no better than the office allows. Not here: keys that sign (`keys`).
"""

import base64
import binascii
from typing import Self

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from exchange.errors import KeyStoreError

__all__ = ["RsaKey", "encrypt_for"]


class RsaKey:
    """A key pair that lives as long as the process."""

    def __init__(self, key: rsa.RSAPrivateKey) -> None:
        self._key = key

    @classmethod
    def generate(cls) -> Self:
        return cls(rsa.generate_private_key(65537, 2048))

    @property
    def public(self) -> str:
        der = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(der).decode()

    def decrypt(self, text: str) -> str:
        """What `encrypt_for` made. What was not made for this key gives an error or another text."""
        return self._key.decrypt(base64.b64decode(text), padding.PKCS1v15()).decode("utf-8", "replace")


def encrypt_for(public: str, text: str) -> str:
    """Base64 of `text` for the owner of that key. Raises KeyStoreError."""
    try:
        key = load_der_public_key(base64.b64decode(public, validate=True))
        if not isinstance(key, rsa.RSAPublicKey):
            raise KeyStoreError("the office's key is no RSA key")
        return base64.b64encode(key.encrypt(text.encode(), padding.PKCS1v15())).decode()
    except (binascii.Error, ValueError, UnsupportedAlgorithm) as error:
        raise KeyStoreError("the office's key is not usable", detail=str(error)) from error
