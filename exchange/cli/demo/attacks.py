"""What a broken network and a bad unit put on the wire."""

from dataclasses import replace

from exchange.codec.read import read_envelope
from exchange.ports.keys import Signer
from exchange.trust.sign import sign_envelope

__all__ = ["impersonated", "tampered"]


def tampered(document: bytes) -> bytes:
    """The document with one word of its title exchanged, signature and all else untouched."""
    return document.replace("汛期".encode(), "旱期".encode(), 1)


def impersonated(document: bytes, new_id: str, thief: Signer) -> bytes:
    """A new document in the name of `document`'s sender, signed with another unit's own valid key."""
    envelope = read_envelope(document)
    return sign_envelope(replace(envelope, id=new_id), thief)  # type: ignore[arg-type]  # an id like any other
