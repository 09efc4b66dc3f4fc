"""Secrets sealed as O2OA's single sign-on asks for: DES or AES, block by block, in base64 of the URL alphabet.

Nothing of the exchange rests on it: it proves to an office that we know the key that its administrator gave us, and
does so no better than the office allows. Not here: keys that sign (`keys`).
"""

import base64
import binascii
import hashlib
from typing import Final, Literal

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from exchange.errors import KeyStoreError

__all__ = ["SsoCipher", "seal", "unseal"]

SsoCipher = Literal["des", "aes"]
_DES_BYTES: Final = 8


def seal(text: str, key: str, cipher: SsoCipher) -> str:
    """Raises KeyStoreError when the key is too short."""
    made, block = _cipher(key, cipher)
    padder, encryptor = PKCS7(block).padder(), made.encryptor()
    padded = padder.update(text.encode()) + padder.finalize()
    return base64.urlsafe_b64encode(encryptor.update(padded) + encryptor.finalize()).decode().rstrip("=")


def unseal(sealed: str, key: str, cipher: SsoCipher) -> str:
    """What `seal` was given. Raises KeyStoreError; another key may give another text."""
    made, block = _cipher(key, cipher)
    unpadder, decryptor = PKCS7(block).unpadder(), made.decryptor()
    try:
        padded = decryptor.update(base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))) + decryptor.finalize()
        return (unpadder.update(padded) + unpadder.finalize()).decode()
    except (binascii.Error, ValueError) as error:
        raise KeyStoreError("not sealed with this key") from error


def _cipher(key: str, cipher: SsoCipher) -> tuple[Cipher[modes.ECB], int]:
    """And the bits of its block."""
    raw = key.encode()
    if cipher == "aes":
        digest = hashlib.md5(raw, usedforsecurity=False).digest()  # the office's way to make a key of any text
        return Cipher(algorithms.AES(digest), modes.ECB()), 128  # noqa: S305  # the office allows nothing else
    if len(raw) < _DES_BYTES:
        raise KeyStoreError("the key of the office's sign-on has fewer than 8 bytes")
    return Cipher(TripleDES(raw[:_DES_BYTES] * 3), modes.ECB()), 64  # noqa: S305  # DES is 3DES with one key thrice
