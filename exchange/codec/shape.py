"""The one shape of ds:Signature that we accept, checked before any cryptography and without resolving anything.

A numbered list of plain comparisons, each with its own code, instead of an XML signature processor: nothing here
follows a reference, runs a transform or trusts a key. Not here: whether digest and value are right (`exchange.trust`).
"""

import binascii
from base64 import b64decode, b64encode
from collections import Counter
from dataclasses import dataclass

from lxml import etree

from exchange.codec.guard import path_of
from exchange.codec.kind import DocumentKind
from exchange.errors import SignatureError

__all__ = ["ALGORITHMS", "DSIG", "ENVELOPED", "EXC_C14N", "SHA256", "Shape", "read_shape"]

DSIG = "http://www.w3.org/2000/09/xmldsig#"
EXC_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED = f"{DSIG}enveloped-signature"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
# Reserved, and refused until there are keys for them: urn:oid:1.2.156.10197.1.501 (SM2-SM3) and ...401 (SM3).
ALGORITHMS = frozenset(
    {
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1",
    }
)
MAX_SIGNATURE = 1024
MAX_CERTIFICATE = 16 * 1024
MAX_CERTIFICATES = 3

_ROOTS = [kind.tag for kind in DocumentKind]
_S = f"{{{DSIG}}}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    signature: etree._Element
    signed_info: etree._Element
    algorithm: str
    digest: bytes
    value: bytes
    certificates: tuple[bytes, ...]


def read_shape(data: bytes, root: etree._Element) -> Shape:
    """Return what the signature of `root` claims. `data` is what `root` was parsed from. Raises SignatureError."""
    # (1) exactly one Signature in the document, the last child of its root
    signature = _only_signature(root)
    # (2) no second document inside this one, where a careless reader could find it
    for inner in root.iterdescendants(*_ROOTS):
        raise SignatureError(f"{path_of(inner)}: a document within the document", code="SIG_WRAP")
    # (3) no id twice, in whatever spelling
    _check_ids(data, root)
    # (4) Signature: SignedInfo, SignatureValue, at most one KeyInfo; in particular no Object (XMLDSig 4.2)
    _attributes(signature)
    parts = _children(signature, ("SignedInfo", "SignatureValue", "KeyInfo"), required=2)
    info, value = parts[:2]
    # (5) SignedInfo: two methods and exactly one Reference (XMLDSig 4.4)
    _attributes(info)
    _attributes(value)
    c14n, method, reference = _children(info, ("CanonicalizationMethod", "SignatureMethod", "Reference"))
    # (6) canonicalised as exclusive C14N 1.0 without comments, without parameters
    _method(c14n, {EXC_C14N}, "SIG_TRANSFORM")
    # (7) an allowed algorithm, without parameters such as HMACOutputLength
    algorithm = _method(method, ALGORITHMS, "SIG_ALG")
    # (8) to (11) the Reference covers this root, all of it
    digest = _reference(reference, root)
    # (12) the value, and (13) certificates as hints
    return Shape(
        signature=signature,
        signed_info=info,
        algorithm=algorithm,
        digest=digest,
        value=_base64(value, MAX_SIGNATURE),
        certificates=_certificates(parts[2]) if len(parts) > 2 else (),
    )


def _only_signature(root: etree._Element) -> etree._Element:
    found = list(root.iter(f"{_S}Signature"))
    if not found:
        raise SignatureError("the document has no ds:Signature", code="SIG_MISSING")
    if len(found) > 1:
        raise SignatureError(f"{path_of(found[1])}: a second ds:Signature", code="SIG_WRAP")
    if found[0].getparent() is not root or found[0].getnext() is not None:
        raise SignatureError(f"{path_of(found[0])}: ds:Signature must be the root's last child", code="SIG_WRAP")
    return found[0]


def _check_ids(data: bytes, root: etree._Element) -> None:
    # Documents as we write them hold one id, the root's. Counting its spelling in the bytes overlooks no
    # attribute (names cannot be escaped), so only the others need a walk.
    if data.translate(None, b" \t\r\n").lower().count(b"id=") == 1:
        return
    ids = Counter(
        str(value)
        for node in root.iter()
        for name, value in node.items()
        if str(name).rpartition("}")[2].lower() == "id"
    )
    twice = [value for value, count in ids.items() if count > 1]
    if twice:
        raise SignatureError(f"the id {twice[0][:80]!r} stands there twice", code="SIG_DUP_ID")


def _reference(reference: etree._Element, root: etree._Element) -> bytes:
    # (8) it points to the root by id (XMLDSig 4.4.3.1); an empty, missing or outward URI is never followed
    if reference.keys() != ["URI"] or reference.get("URI") != f"#{root.get('Id')}":
        raise SignatureError(
            f"{path_of(reference)}: URI must be '#' and the Id of the root, and the only attribute",
            code="SIG_REFERENCE",
        )
    transforms, method, value = _children(reference, ("Transforms", "DigestMethod", "DigestValue"))
    # (9) enveloped-signature, then exclusive C14N, nothing else and in this order (XMLDSig 4.4.3.4)
    _attributes(transforms)
    steps = list(transforms)
    for step, expected in zip(steps, (ENVELOPED, EXC_C14N), strict=False):
        if step.tag != f"{_S}Transform":
            raise SignatureError(f"{path_of(step)}: not a Transform", code="SIG_TRANSFORM")
        _method(step, {expected}, "SIG_TRANSFORM")
    if len(steps) != 2:
        raise SignatureError(f"{path_of(transforms)}: {len(steps)} transforms, expected two", code="SIG_TRANSFORM")
    # (10) SHA-256, (11) as long as SHA-256 is
    _method(method, {SHA256}, "SIG_ALG")
    _attributes(value)
    digest = _base64(value, 32)
    if len(digest) != 32:
        raise SignatureError(f"{path_of(value)}: {len(digest)} bytes, expected 32", code="SIG_PROFILE")
    return digest


def _certificates(key_info: etree._Element) -> tuple[bytes, ...]:
    _attributes(key_info)
    (data,) = _children(key_info, ("X509Data",))
    _attributes(data)
    nodes = list(data)
    if not 1 <= len(nodes) <= MAX_CERTIFICATES or any(node.tag != f"{_S}X509Certificate" for node in nodes):
        raise SignatureError(
            f"{path_of(data)}: expected one to three X509Certificate, nothing else", code="SIG_PROFILE"
        )
    for node in nodes:
        _attributes(node)
    return tuple(_base64(node, MAX_CERTIFICATE) for node in nodes)


def _children(node: etree._Element, names: tuple[str, ...], *, required: int | None = None) -> list[etree._Element]:
    """The children of `node`: exactly `names` in this order, of which the first `required` must be there."""
    found = list(node)
    expected = [f"{_S}{name}" for name in names]
    least = len(names) if required is None else required
    if [child.tag for child in found] != expected[: max(least, min(len(found), len(names)))]:
        raise SignatureError(f"{path_of(node)}: expected {', '.join(names)}, each once", code="SIG_PROFILE")
    return found


def _attributes(node: etree._Element) -> None:
    if node.keys():
        raise SignatureError(f"{path_of(node)}: no attributes are allowed", code="SIG_PROFILE")


def _method(node: etree._Element, allowed: set[str] | frozenset[str], code: str) -> str:
    """The algorithm `node` names, which has neither parameters nor other attributes."""
    algorithm = node.get("Algorithm", "")
    if algorithm not in allowed:
        raise SignatureError(
            f"{path_of(node)}: {algorithm[:120]!r} is not allowed here; expected {' or '.join(sorted(allowed))}",
            code=code,
        )
    if len(node) or node.keys() != ["Algorithm"]:
        raise SignatureError(f"{path_of(node)}: no parameters are allowed", code=code)
    return algorithm


def _base64(node: etree._Element, longest: int) -> bytes:
    """Strict base64 but for white space: one spelling per value."""
    text = (node.text or "").encode().translate(None, b" \t\r\n")
    try:
        value = b64decode(text, validate=True) if not len(node) else b""
    except binascii.Error:
        value = b""
    if not value or len(value) > longest or b64encode(value) != text:
        raise SignatureError(
            f"{path_of(node)}: expected base64 of 1 to {longest} bytes, nothing else", code="SIG_PROFILE"
        )
    return value
