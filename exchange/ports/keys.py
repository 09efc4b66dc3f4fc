"""Signing, whatever holds the key: an encrypted file now, a smart card or a remote device later."""

from collections.abc import Callable
from typing import Protocol

from exchange.model.unit import UnitCode

__all__ = ["KeyRing", "Signer"]


class Signer(Protocol):
    @property
    def algorithm(self) -> str:
        """The XML signature algorithm URI this key signs with."""
        ...

    @property
    def certificate(self) -> bytes:
        """The key's certificate, DER."""
        ...

    @property
    def fingerprint(self) -> str:
        """SHA-256 of `certificate` in hexadecimal."""
        ...

    def sign(self, message: bytes) -> bytes:
        """The signature value as XML signature wants it (ECDSA: r || s, 64 bytes)."""
        ...


KeyRing = Callable[[UnitCode], Signer]
