"""Well signed by a unit that may sign, and wrong in what it says; or right when it was signed, and changed since."""

from exchange.trust.sign import seal
from tests.vectors.base import BODY, GOOD, SIGNER, Traps, changed, info_with, replaced, sealed
from tests.vectors.table import Stage, Vector, fixed

RECIPIENT = '<Recipient paper="false" printQuota="1" role="main">520304-002</Recipient>'
NOTE = '<x:note xmlns:x="urn:example:note">附言</x:note>'


def to(code: str) -> bytes:
    return sealed(">520304-002<", f">{code}<")


def called(name: str) -> bytes:
    return sealed("<Name>通知.pdf</Name>", f"<Name>{name}</Name>")


def crowd(count: int) -> bytes:
    return sealed(
        RECIPIENT, "".join(RECIPIENT.replace("304-002", f"304-{n:06}") for n in range(100_000, 100_000 + count))
    )


def request() -> bytes:
    """请示 goes to one unit; this one goes to two."""
    body = replaced(BODY, "<DocumentType>08", "<DocumentType>0B")
    return seal(replaced(body, "<Title>", "<Signer>王五</Signer><Title>"), SIGNER)


def titled(text: str) -> bytes:
    return sealed("<Title>关于做好防汛工作的通知</Title>", f"<Title>{text}</Title>")


_CODES = {
    "cyrillic": "52030З-002",
    "cyrillic-letter": "5203О4-002",
    "fullwidth": "52030４-002",
    "arabic-digit": "52030\u0664-002",
    "zero-width": "520304\u200b-002",
    "soft-hyphen": "520304\u00ad-002",
    "fullwidth-hyphen": "520304－002",
    "space": " 520304-002",
    "line-feed": "520304-002\n",
    "empty": "",
    "long": "520304-" + "0" * 5000,
}
_NAMES = {
    "traversal": "../../etc/passwd",
    "traversal-backslash": "..\\..\\boot.ini",
    "absolute": "/etc/passwd",
    "drive": "C:通知.pdf",
    "bidi-override": "通知\u202efdp.exe",
    "zero-width": "通知\u200b.pdf",
    "device": "CON.pdf",
    "trailing-dot": "通知.pdf.",
    "trailing-space": "通知.pdf ",
    "dots": "..",
    "not-nfc": "cafe\u0301.pdf",
    "256-bytes": "文" * 90 + ".pdf",
    "tab": "通知\t.pdf",
    "line-feed": "通知\nX-Header: 1.pdf",
    "markup": "&lt;script&gt;.pdf",
    "alternate-stream": "通知.pdf:evil",
    "line-separator": "通知\u2028.pdf",
}
_DOCUMENTS = {
    "title-empty": titled(""),
    "title-line-feed": titled("通知\n二"),
    "title-bidi": titled("通知\u202e"),
    "title-long": titled("文" * 501),
    "title-element": titled("<b>x</b>"),
    "title-twice": titled("一</Title><Title>二"),
    "element-unknown": sealed("<Operator>", "<Priority>1</Priority><Operator>"),
    "attribute-unknown": sealed(' role="body"', ' role="body" trusted="true"'),
    "order-wrong": sealed("<Operator>李四</Operator></Exchange>", "</Exchange><Operator>李四</Operator>"),
    "date-impossible": sealed("<IssuedDate>2026-11-23", "<IssuedDate>2026-02-30"),
    "time-offset": sealed("<Created>2026-11-23T08:30:00.000Z", "<Created>2026-11-23T16:30:00.000+08:00"),
    "time-seconds": sealed("<Created>2026-11-23T08:30:00.000Z", "<Created>2026-11-23T08:30:00Z"),
    "time-impossible": sealed("<Created>2026-11-23", "<Created>2026-11-31"),
    "number-sign": sealed("<Size>1024", "<Size>+1024"),
    "number-space": sealed("<Size>1024", "<Size> 1024"),
    "id-differs": sealed("<EnvelopeId>0f8", "<EnvelopeId>1f8"),
    "type-unknown": sealed("<DocumentType>08", "<DocumentType>99"),
    "kind-unknown": sealed("<Kind>DOCUMENT", "<Kind>document"),
    "recipient-twice": sealed(RECIPIENT, RECIPIENT + RECIPIENT),
    "recipient-sender": to("520304-001"),
    "recipients-none": sealed(RECIPIENT + RECIPIENT.replace("002", "003"), ""),
    "request-two-mains": request(),
    "file-name-twice": sealed(
        "</Manifest>", BODY[BODY.index(b"<File ") : BODY.index(b"</Manifest>")].decode() + "</Manifest>"
    ),
    "extension-own-namespace": sealed(NOTE, "<Note>附言</Note>"),
    "extension-no-namespace": sealed(NOTE, '<note xmlns="">附言</note>'),
    "text-between-elements": sealed("</Exchange>", "</Exchange>520304-009"),
    "text-in-signature": changed("</ds:SignatureValue>", "</ds:SignatureValue>text"),
    "text-in-signed-info": info_with("<ds:Reference", "text<ds:Reference"),
    "text-in-key-info": changed("<ds:X509Data>", "<ds:X509Data>text"),
    "recipients-all-wrong": sealed(RECIPIENT, "<Recipient></Recipient>" * 1500),
    "xsi-nil": sealed("<Title>", '<Title xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true">'),
}
# Each of these leaves the document valid but for its signature.
_CHANGED = {
    "changed-title": changed("防汛", "防火"),
    "changed-recipient": changed(">520304-002<", ">520304-004<"),
    "changed-digest-of-file": changed("ab" * 32, "ba" * 32),
    "changed-extension": changed(">附言<", ">附言 <"),
    "changed-white-space": changed("</Exchange>", "</Exchange>\n"),
    "changed-tail": changed("</ds:Signature>", "</ds:Signature>\n"),
    "changed-extension-dropped": changed(f"<Extensions>{NOTE}</Extensions>", ""),
    "changed-content-added": changed("</Content>", "&amp;</Content>"),
}


def _rows(prefix: str, code: str, documents: dict[str, bytes]) -> list[Vector]:
    return [fixed(prefix + name, data, code, Stage.CONTENT) for name, data in documents.items()]


def _value_of_other(_: Traps) -> bytes:
    """A value that the same key made for another document of the same shape."""
    other = seal(BODY.replace("防汛".encode(), "防火".encode()), SIGNER)
    start, end = b"<ds:SignatureValue>", b"</ds:SignatureValue>"
    mine, theirs = (data[data.index(start) : data.index(end)] for data in (GOOD, other))
    return GOOD.replace(mine, theirs)


CONTENT = [
    *_rows("code-", "SCHEMA", {name: to(code) for name, code in _CODES.items()}),
    *_rows("file-name-", "FILE_NAME", {name: called(text) for name, text in _NAMES.items()}),
    *_rows("", "SCHEMA", _DOCUMENTS),
    *_rows("", "SIG_DIGEST", _CHANGED),
    Vector("value-of-other", _value_of_other, "SIG_VALUE", Stage.CONTENT),
    Vector("recipients-4001", lambda _: crowd(4000), "LIMIT", Stage.CONTENT),
    Vector("recipients-50000", lambda _: crowd(50_000), "XML_LIMIT", Stage.CONTENT),
]
