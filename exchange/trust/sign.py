"""A value -> signed bytes. What the signature covers is what the codec wrote; the key stays behind its
signer.

Not here: whether the signer's owner may say this (`exchange.services`).
"""

from exchange.codec import carry as carry_codec
from exchange.codec import directory as directory_codec
from exchange.codec import envelope as envelope_codec
from exchange.codec import receipt as receipt_codec
from exchange.codec.signed import attach, signed_info
from exchange.directory.snapshot import Directory
from exchange.model.carry import Carry
from exchange.model.envelope import Envelope
from exchange.model.receipt import Receipt
from exchange.ports.keys import Signer

__all__ = ["seal", "sign_carry", "sign_directory", "sign_envelope", "sign_receipt"]


def seal(body: bytes, signer: Signer) -> bytes:
    """`body`, a document as the codec wrote it, with its signature."""
    info = signed_info(body, signer.algorithm)
    return attach(body, info, signer.sign(info), signer.certificate)


def sign_envelope(envelope: Envelope, signer: Signer) -> bytes:
    return seal(envelope_codec.encode(envelope), signer)


def sign_receipt(receipt: Receipt, signer: Signer) -> bytes:
    return seal(receipt_codec.encode(receipt), signer)


def sign_directory(directory: Directory, signer: Signer) -> bytes:
    return seal(directory_codec.encode(directory), signer)


def sign_carry(carry: Carry, signer: Signer) -> bytes:
    return seal(carry_codec.encode(carry), signer)
