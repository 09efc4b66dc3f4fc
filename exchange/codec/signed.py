"""Wire document <-> its signed parts: body, SignedInfo, signature value, certificates.

The body is the exclusive C14N 1.0 (without comments) of the root without its Signature: exactly what
Reference/DigestValue covers, and all that business code ever reads. Not here: any cryptography beyond hashing the body
(`exchange.trust`); what a document says (`envelope.py`, `receipt.py`, `directory.py`).
"""

import hashlib
import re
from base64 import b64encode
from dataclasses import dataclass

from lxml import etree

from exchange.codec.canonical import canonicalize
from exchange.codec.guard import check_root, parse
from exchange.codec.kind import DocumentKind, root_tag
from exchange.codec.schema import validate
from exchange.codec.shape import ALGORITHMS, DSIG, ENVELOPED, EXC_C14N, SHA256, read_shape
from exchange.errors import SignatureError, XmlError

__all__ = ["DocumentKind", "UnverifiedDocument", "attach", "claimed_id", "parse_signed", "signed_info"]

_ROOT_ID = re.compile(rb'<[A-Z][a-z]+ xmlns="[^"<]+" Id="([A-Za-z0-9-]{1,60})" version="1">')
_CLAIMED_ID = re.compile(rb"""\sId=["'][a-z]-([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})["']""")


@dataclass(frozen=True, slots=True, kw_only=True)
class UnverifiedDocument:
    """A document of the right shape that nobody has vouched for yet.

    `data` is what was received; `body` and `signed_info` are canonical bytes. `algorithm`, `digest` and `signature` are
    claims. `certificates` (DER, at most three) are hints for finding a key, never a key.
    """

    kind: DocumentKind
    data: bytes
    body: bytes
    signed_info: bytes
    algorithm: str
    digest: bytes
    signature: bytes
    certificates: tuple[bytes, ...]


def parse_signed(data: bytes, kind: DocumentKind) -> UnverifiedDocument:
    """Check everything that needs no key. Raises XmlError, LimitError, SignatureError with stable codes."""
    # (1) bytes -> tree under the parser profile
    root = parse(data, kind)
    # (2) the document asked for, in a version we know
    check_root(root, kind)
    # (3) the one signature shape
    shape = read_shape(data, root)
    # (4) the schema, ours and local; hints in the document are ignored
    validate(root, kind)
    # (5) canonical bytes, SignedInfo first, since taking the Signature out changes the tree
    info = canonicalize(shape.signed_info)
    body = _without(root, shape.signature)
    return UnverifiedDocument(
        kind=kind,
        data=data,
        body=body,
        signed_info=info,
        algorithm=shape.algorithm,
        digest=shape.digest,
        signature=shape.value,
        certificates=shape.certificates,
    )


def _without(root: etree._Element, signature: etree._Element) -> bytes:
    # XMLDSig 6.6.4 removes the element alone: the text behind it is signed and stays.
    before = signature.getprevious()
    assert before is not None  # the schema wants elements before it
    before.tail = (before.tail or "") + (signature.tail or "")
    root.remove(signature)
    return canonicalize(root)


def signed_info(body: bytes, algorithm: str) -> bytes:
    """The canonical SignedInfo that covers `body` (the canonical bytes of an encoder): what is to be signed."""
    if algorithm not in ALGORITHMS:
        raise SignatureError(f"{algorithm[:120]!r} is not an allowed signature algorithm", code="SIG_ALG")
    root = _ROOT_ID.match(body)
    if root is None:
        raise XmlError("the body does not begin with a canonical root element and its Id", code="SCHEMA")
    digest = b64encode(hashlib.sha256(body).digest()).decode()
    return (
        f'<ds:SignedInfo xmlns:ds="{DSIG}">'
        f'<ds:CanonicalizationMethod Algorithm="{EXC_C14N}"></ds:CanonicalizationMethod>'
        f'<ds:SignatureMethod Algorithm="{algorithm}"></ds:SignatureMethod>'
        f'<ds:Reference URI="#{root[1].decode()}"><ds:Transforms>'
        f'<ds:Transform Algorithm="{ENVELOPED}"></ds:Transform>'
        f'<ds:Transform Algorithm="{EXC_C14N}"></ds:Transform></ds:Transforms>'
        f'<ds:DigestMethod Algorithm="{SHA256}"></ds:DigestMethod>'
        f"<ds:DigestValue>{digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>"
    ).encode()


def attach(body: bytes, signed_info: bytes, signature: bytes, certificate: bytes | None) -> bytes:
    """The wire document: `body`, not a byte changed, with ds:Signature spliced in as the root's last child."""
    key_info = b""
    if certificate is not None:
        key_info = (
            b"<ds:KeyInfo><ds:X509Data><ds:X509Certificate>"
            + b64encode(certificate)
            + b"</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
        )
    end = body.rindex(b"</")
    value = b"<ds:SignatureValue>" + b64encode(signature) + b"</ds:SignatureValue>"
    return b"".join(
        (
            body[:end],
            f'<ds:Signature xmlns:ds="{DSIG}">'.encode(),
            signed_info,
            value,
            key_info,
            b"</ds:Signature>",
            body[end:],
        )
    )


def claimed_id(data: bytes) -> str | None:
    """The id that `data`, from anybody and never parsed, gives itself: for answering its author, for nothing else."""
    tag = root_tag(data)
    found = _CLAIMED_ID.search(tag[1]) if tag else None
    return found[1].decode() if found else None
