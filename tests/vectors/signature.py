"""The signature's shape: wrapping, ids, references, transforms, algorithms, KeyInfo.

Where the wrongness lies in SignedInfo, the sender's real key has signed it: only the shape stands in its way.
"""

import hashlib
import hmac
from base64 import b64encode

from exchange.codec.signed import attach
from exchange.trust.sign import seal
from tests.vectors.base import (
    BODY,
    CERTIFICATE,
    GOOD,
    INFO,
    SIGNER,
    Traps,
    changed,
    info_with,
    replaced,
    resealed,
    sealed,
)
from tests.vectors.table import Stage, Vector, fixed

DS = "http://www.w3.org/2000/09/xmldsig#"
EXC = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED = f'<ds:Transform Algorithm="{DS}enveloped-signature"></ds:Transform>'
EXCLUSIVE = f'<ds:Transform Algorithm="{EXC}"></ds:Transform>'
ID = "e-0f8fad5b-d9cb-469f-a165-70867728950e"
NOTE = '<x:note xmlns:x="urn:example:note">附言</x:note>'
ECDSA = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
CANONICALIZATION = f'<ds:CanonicalizationMethod Algorithm="{EXC}"'
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
DIGEST_METHOD = f'<ds:DigestMethod Algorithm="{SHA256}"'
X509 = "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>"
SIGNATURE = GOOD[GOOD.index(b"<ds:Signature ") : GOOD.index(b"</ds:Signature>") + len(b"</ds:Signature>")]
REFERENCE = INFO[INFO.index(b"<ds:Reference") : INFO.index(b"</ds:SignedInfo>")].decode()
UNSIGNED = GOOD.replace(SIGNATURE, b"")
assert UNSIGNED == BODY

# What a forger wants read: the same document to other units.
EVIL = BODY.replace("防汛".encode(), "撤防".encode())
EVIL_OTHER_ID = EVIL.replace(ID.encode(), ID.replace("e-0", "e-1").encode())
CLOSE = b"</Envelope>"
SIGNATURE_CLOSE = b"</ds:Signature>"


def inside(outer: bytes, inner: bytes, before: bytes = CLOSE) -> bytes:
    """`outer` with `inner` in front of its last `before`."""
    at = outer.rindex(before)
    return outer[:at] + inner + outer[at:]


def first(outer: bytes, inner: bytes) -> bytes:
    """`outer` with `inner` as the first child of its root."""
    at = outer.index(b">") + 1
    return outer[:at] + inner + outer[at:]


# The eight wrapping shapes known from SAML, on our documents. The signed original stays in each, byte for byte.
WRAPPED = [
    ("xsw1-original-in-signature", inside(EVIL_OTHER_ID, inside(SIGNATURE, BODY, SIGNATURE_CLOSE))),
    ("xsw2-original-beside-signature", inside(EVIL_OTHER_ID, SIGNATURE + BODY)),
    ("xsw3-evil-before-content", first(GOOD, EVIL_OTHER_ID)),
    ("xsw4-signed-original-in-evil", inside(EVIL_OTHER_ID, GOOD)),
    ("xsw5-original-after-signature", inside(EVIL, SIGNATURE + BODY)),
    ("xsw6-original-in-signature-same-id", inside(EVIL, inside(SIGNATURE, BODY, SIGNATURE_CLOSE))),
    ("xsw7-evil-in-extensions", GOOD.replace(NOTE.encode(), NOTE.encode() + EVIL)),
    (
        "xsw8-original-in-object",
        inside(EVIL, inside(SIGNATURE, b"<ds:Object>" + BODY + b"</ds:Object>", SIGNATURE_CLOSE)),
    ),
    ("xsw-signature-in-extensions", seal(BODY.replace(NOTE.encode(), SIGNATURE), SIGNER)),
    ("xsw-signature-only-in-extensions", BODY.replace(NOTE.encode(), SIGNATURE)),
    (
        "xsw-signature-in-key-info",
        inside(GOOD, b"<ds:Signature></ds:Signature>", b"</ds:KeyInfo>"),
    ),
    ("xsw-two-signatures", inside(GOOD, SIGNATURE)),
    ("xsw-signature-first", first(BODY, SIGNATURE)),
    ("xsw-signature-not-last", inside(GOOD, b"<Extensions></Extensions>")),
]


def identified(attribute: str) -> bytes:
    return sealed(NOTE, f'<x:note xmlns:w="urn:w" xmlns:x="urn:example:note" {attribute}="{ID}"></x:note>')


def transforms(text: str) -> bytes:
    return info_with(ENVELOPED + EXCLUSIVE, text)


def transform(algorithm: str, inner: str = "") -> str:
    return f'<ds:Transform Algorithm="{algorithm}">{inner}</ds:Transform>'


def xslt(traps: Traps) -> bytes:
    sheet = (
        '<s:stylesheet xmlns:s="http://www.w3.org/1999/XSL/Transform" version="1.0"><s:template match="/">'
        f"<s:value-of select=\"document('{traps.file}')\"></s:value-of></s:template></s:stylesheet>"
    )
    return transforms(ENVELOPED + transform("http://www.w3.org/TR/1999/REC-xslt-19991116", sheet) + EXCLUSIVE)


def signed_with(algorithm: str) -> bytes:
    return info_with(ECDSA, algorithm)


def hmac_signed(secret: bytes, parameter: str = "") -> bytes:
    """The value is a correct HMAC under a secret that everybody knows."""
    method = (
        f'Algorithm="{DS}hmac-sha1"' if parameter else 'Algorithm="http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"'
    )
    info = replaced(INFO, f'Algorithm="{ECDSA}">', f"{method}>{parameter}")
    return attach(BODY, info, hmac.digest(secret, info, hashlib.sha256), CERTIFICATE)


def key_info(text: str) -> bytes:
    """KeyInfo is not signed: anybody may put there what he likes."""
    start, end = GOOD.index(b"<ds:KeyInfo>"), GOOD.index(b"</ds:KeyInfo>") + len(b"</ds:KeyInfo>")
    return GOOD[:start] + text.encode() + GOOD[end:]


def _pair(code: str, rows: list[tuple[str, bytes]]) -> list[Vector]:
    return [fixed(name, data, code, Stage.SIGNATURE) for name, data in rows]


_DIGEST = b64encode(hashlib.sha256(BODY).digest()).decode()
_VALUE = b64encode(SIGNER.sign(INFO)).decode()
_SECOND = dict(zip("AQgw", "BRhx", strict=True))  # the last digit, with a bit set that means nothing
_B64 = b64encode(CERTIFICATE).decode()
_CERTIFICATE = f"<ds:X509Certificate>{_B64}</ds:X509Certificate>"

_IDS = [
    (f"id-twice-{number}-{name.replace(':', '-')}", identified(name))
    for number, name in enumerate(("Id", "ID", "id", "iD", "xml:id", "w:Id"))
]
_REFERENCES = [
    ("reference-uri-empty", info_with(f'URI="#{ID}"', 'URI=""')),
    ("reference-uri-missing", info_with(f' URI="#{ID}"', "")),
    ("reference-uri-other", info_with(f'URI="#{ID}"', 'URI="#other"')),
    ("reference-uri-case", info_with(f'URI="#{ID}"', f'URI="#{ID.upper()}"')),
    ("reference-uri-xpointer", info_with(f'URI="#{ID}"', 'URI="#xpointer(/)"')),
    ("reference-uri-xpointer-id", info_with(f'URI="#{ID}"', f"URI=\"#xpointer(id('{ID}'))\"")),
    ("reference-uri-cid", info_with(f'URI="#{ID}"', 'URI="cid:attachment"')),
    ("reference-typed", info_with(f'URI="#{ID}"', f'Type="{DS}Object" URI="#{ID}"')),
]
_TRANSFORMS = [
    (
        "transform-xpath",
        transforms(transform("http://www.w3.org/TR/1999/REC-xpath-19991116", "<ds:XPath>1</ds:XPath>")),
    ),
    ("transform-xpath-filter", transforms(ENVELOPED + transform("http://www.w3.org/2002/06/xmldsig-filter2"))),
    ("transform-base64", transforms(ENVELOPED + transform(f"{DS}base64"))),
    ("transform-decrypt", transforms(ENVELOPED + transform("http://www.w3.org/2002/07/decrypt#XML"))),
    ("transform-with-comments", transforms(ENVELOPED + transform(f"{EXC}WithComments"))),
    ("transform-inclusive", transforms(ENVELOPED + transform("http://www.w3.org/TR/2001/REC-xml-c14n-20010315"))),
    ("transform-c14n-1.1", transforms(ENVELOPED + transform("http://www.w3.org/2006/12/xml-c14n11"))),
    ("transform-order", transforms(EXCLUSIVE + ENVELOPED)),
    ("transform-enveloped-only", transforms(ENVELOPED)),
    ("transform-none", transforms("")),
    ("transform-three", transforms(ENVELOPED + EXCLUSIVE + EXCLUSIVE)),
    ("transform-thousand", transforms(ENVELOPED + EXCLUSIVE * 1000)),
    (
        "transform-inclusive-namespaces",
        transforms(
            ENVELOPED
            + transform(EXC, f'<e:InclusiveNamespaces xmlns:e="{EXC}" PrefixList="x"></e:InclusiveNamespaces>')
        ),
    ),
    (
        "c14n-with-comments",
        info_with(CANONICALIZATION, CANONICALIZATION.replace(EXC, f"{EXC}WithComments")),
    ),
    (
        "c14n-unknown",
        info_with(CANONICALIZATION, CANONICALIZATION.replace(EXC, "urn:mine")),
    ),
]
_ALGORITHMS = [
    ("algorithm-rsa-sha1", signed_with(f"{DS}rsa-sha1")),
    ("algorithm-dsa-sha1", signed_with(f"{DS}dsa-sha1")),
    ("algorithm-ecdsa-sha1", signed_with("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1")),
    ("algorithm-rsa-md5", signed_with("http://www.w3.org/2001/04/xmldsig-more#rsa-md5")),
    ("algorithm-rsa-sha1-pss", signed_with("http://www.w3.org/2007/05/xmldsig-more#sha1-rsa-MGF1")),
    ("algorithm-none", signed_with("none")),
    ("algorithm-empty", signed_with("")),
    ("algorithm-space", signed_with(ECDSA + " ")),
    ("algorithm-sm2-reserved", signed_with("urn:oid:1.2.156.10197.1.501")),
    (
        "algorithm-parameters",
        info_with(f'Algorithm="{ECDSA}">', f'Algorithm="{ECDSA}"><ds:HMACOutputLength>0</ds:HMACOutputLength>'),
    ),
    ("hmac-with-certificate", hmac_signed(CERTIFICATE)),
    ("hmac-empty-secret", hmac_signed(b"")),
    ("hmac-output-length", hmac_signed(b"", "<ds:HMACOutputLength>8</ds:HMACOutputLength>")),
    ("digest-sha1", info_with(DIGEST_METHOD, f'<ds:DigestMethod Algorithm="{DS}sha1"')),
    (
        "digest-md5",
        info_with(
            DIGEST_METHOD,
            '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#md5"',
        ),
    ),
    (
        "digest-sm3-reserved",
        info_with(DIGEST_METHOD, '<ds:DigestMethod Algorithm="urn:oid:1.2.156.10197.1.401"'),
    ),
]
_PROFILE = [
    ("signed-info-twice", changed("</ds:SignedInfo>", "</ds:SignedInfo>" + INFO.decode())),
    ("signed-info-missing", GOOD.replace(INFO, b"")),
    ("value-missing", changed(f"<ds:SignatureValue>{_VALUE}</ds:SignatureValue>", "")),
    ("value-empty", changed(_VALUE, "")),
    ("value-junk", changed(_VALUE, _VALUE[:-2] + "-_")),
    ("value-second-spelling", changed(_VALUE, f"{_VALUE[:-3]}{_SECOND[_VALUE[-3]]}==")),
    ("value-unpadded", changed(_VALUE, _VALUE.rstrip("="))),
    ("value-unicode-space", changed(_VALUE, "\u3000" + _VALUE)),
    ("value-megabyte", changed(_VALUE, "A" * 200_000)),
    ("digest-element-inside", info_with(_DIGEST, f"<ds:x></ds:x>{_DIGEST}")),
    ("digest-empty", info_with(_DIGEST, "")),
    ("digest-short", info_with(_DIGEST, b64encode(b"short").decode())),
    ("reference-twice", info_with(REFERENCE, REFERENCE + REFERENCE)),
    ("reference-thousand", info_with(REFERENCE, REFERENCE * 100)),
    ("reference-outward-second", info_with(REFERENCE, REFERENCE + REFERENCE.replace(f"#{ID}", "file:///etc/hostname"))),
    ("reference-none", info_with(REFERENCE, "")),
    ("signed-info-extra", info_with("<ds:Reference", '<x xmlns="urn:x"></x><ds:Reference')),
    ("object", GOOD.replace(SIGNATURE_CLOSE, b"<ds:Object>x</ds:Object></ds:Signature>")),
    (
        "object-manifest",
        GOOD.replace(
            SIGNATURE_CLOSE, f"<ds:Object><ds:Manifest>{REFERENCE}</ds:Manifest></ds:Object></ds:Signature>".encode()
        ),
    ),
    ("signature-id", changed(f'<ds:Signature xmlns:ds="{DS}">', f'<ds:Signature xmlns:ds="{DS}" Id="s">')),
    ("signed-info-id", resealed(replaced(INFO, "<ds:SignedInfo ", '<ds:SignedInfo Id="i" '))),
    ("key-info-empty", key_info("<ds:KeyInfo></ds:KeyInfo>")),
    ("key-info-twice", changed("</ds:KeyInfo>", "</ds:KeyInfo><ds:KeyInfo></ds:KeyInfo>")),
    ("key-info-name", key_info("<ds:KeyInfo><ds:KeyName>520304-001</ds:KeyName></ds:KeyInfo>")),
    (
        "key-info-value",
        key_info("<ds:KeyInfo><ds:KeyValue><ds:RSAKeyValue></ds:RSAKeyValue></ds:KeyValue></ds:KeyInfo>"),
    ),
    (
        "key-info-der-value",
        key_info(
            '<ds:KeyInfo><d:DEREncodedKeyValue xmlns:d="http://www.w3.org/2009/xmldsig11#">AA==</d:DEREncodedKeyValue></ds:KeyInfo>'
        ),
    ),
    (
        "key-info-issuer-serial",
        key_info(f"<ds:KeyInfo><ds:X509Data>{_CERTIFICATE}<ds:X509SKI>AA==</ds:X509SKI></ds:X509Data></ds:KeyInfo>"),
    ),
    ("key-info-four-certificates", key_info(f"<ds:KeyInfo><ds:X509Data>{_CERTIFICATE * 4}</ds:X509Data></ds:KeyInfo>")),
    ("key-info-huge-certificate", key_info(f"{X509}{'AAAA' * 10_000}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>")),
    (
        "key-info-value-beside",
        key_info(f"<ds:KeyInfo><ds:X509Data>{_CERTIFICATE}</ds:X509Data><ds:KeyValue></ds:KeyValue></ds:KeyInfo>"),
    ),
]


def retrieval(traps: Traps) -> bytes:
    return key_info(f'<ds:KeyInfo><ds:RetrievalMethod URI="{traps.url}"></ds:RetrievalMethod></ds:KeyInfo>')


SIGNATURES = [
    Vector("signature-missing", lambda _: BODY, "SIG_MISSING", Stage.SIGNATURE),
    Vector("transform-xslt", xslt, "SIG_TRANSFORM", Stage.SIGNATURE),
    Vector("key-info-retrieval", retrieval, "SIG_PROFILE", Stage.SIGNATURE),
    Vector(
        "reference-uri-file",
        lambda traps: info_with(f'URI="#{ID}"', f'URI="{traps.file}"'),
        "SIG_REFERENCE",
        Stage.SIGNATURE,
    ),
    Vector(
        "reference-uri-http",
        lambda traps: info_with(f'URI="#{ID}"', f'URI="{traps.url}"'),
        "SIG_REFERENCE",
        Stage.SIGNATURE,
    ),
    *_pair("SIG_WRAP", WRAPPED),
    *_pair("SIG_DUP_ID", _IDS),
    *_pair("SIG_REFERENCE", _REFERENCES),
    *_pair("SIG_TRANSFORM", _TRANSFORMS),
    *_pair("SIG_ALG", _ALGORITHMS),
    *_pair("SIG_PROFILE", _PROFILE),
]
