"""Signed bytes -> the value in them, without asking whose they are: for what was verified when it was taken, and for a
claim that is checked next.

Not here: verifying (`exchange.trust.verify`); a stranger's bytes go there first.
"""

from exchange.codec import directory, envelope, receipt
from exchange.codec.signed import DocumentKind, parse_signed
from exchange.directory.snapshot import Directory
from exchange.model.envelope import Envelope
from exchange.model.receipt import Receipt

__all__ = ["read_directory", "read_envelope", "read_receipt"]


def read_envelope(document: bytes) -> Envelope:
    """Raises XmlError, SignatureError, LimitError."""
    return envelope.decode(parse_signed(document, DocumentKind.ENVELOPE).body)


def read_receipt(document: bytes) -> Receipt:
    """Raises XmlError, SignatureError, LimitError."""
    return receipt.decode(parse_signed(document, DocumentKind.RECEIPT).body)


def read_directory(document: bytes) -> Directory:
    """Raises XmlError, SignatureError, LimitError."""
    return directory.decode(parse_signed(document, DocumentKind.DIRECTORY).body)
