"""The valid envelope that every vector starts from, and means to sign what the codec would refuse to write."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from exchange.codec import envelope as codec
from exchange.codec.signed import attach, signed_info
from exchange.model.document import BusinessKind, DocumentType, Metadata
from exchange.model.envelope import Declaration, Envelope, EnvelopeId, FileEntry, FileRole, Recipient
from exchange.testing.keys import HUB, county, unit_code
from exchange.trust.sign import seal

__all__ = ["BODY", "CERTIFICATE", "COUNTY", "ENVELOPE", "GOOD", "INFO", "NOW", "Traps", "resealed", "sealed"]

NOW = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
COUNTY = county(4)
SIGNER = COUNTY.signers[unit_code(1)]
CERTIFICATE = SIGNER.certificate

ENVELOPE = Envelope(
    id=EnvelopeId("0f8fad5b-d9cb-469f-a165-70867728950e"),
    hub=HUB,
    kind=BusinessKind.DOCUMENT,
    sender=unit_code(1),
    recipients=(Recipient(unit=unit_code(2)), Recipient(unit=unit_code(3))),
    directory_version=1,
    created=NOW,
    declaration=Declaration(name="张三", at=NOW),
    operator="李四",
    metadata=Metadata(
        document_identifier="1.2.156.3005.2",
        document_type=DocumentType.NOTICE,
        title="关于做好防汛工作的通知",
        issuer_identification=("测试县人民政府办公室",),
        issuer_signatures=("测试县人民政府办公室",),
        issued_date=date(2026, 11, 23),
    ),
    content="请遵照执行。",
    files=(
        FileEntry(
            role=FileRole.BODY,
            name="通知.pdf",
            media_type="application/pdf",
            size=1024,
            sha256="ab" * 32,
            sm3="cd" * 32,
            pages=2,
        ),
    ),
    extensions=('<x:note xmlns:x="urn:example:note">附言</x:note>',),
)
BODY = codec.encode(ENVELOPE)
INFO = signed_info(BODY, SIGNER.algorithm)
GOOD = seal(BODY, SIGNER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Traps:
    """What no vector may touch: a file, and an address where somebody listens."""

    file: str = "file:///etc/hostname"
    url: str = "http://127.0.0.1:9/canary"


def replaced(data: bytes, old: str, new: str) -> bytes:
    """`data` with its only `old` replaced, so that a vector cannot silently become the valid document."""
    assert data.count(old.encode()) == 1, f"{old!r} stands there {data.count(old.encode())} times"
    return data.replace(old.encode(), new.encode())


def changed(old: str, new: str) -> bytes:
    """The good document with a change made after it was signed."""
    return replaced(GOOD, old, new)


def sealed(old: str, new: str) -> bytes:
    """The body changed first and signed afterwards by its own sender."""
    return seal(replaced(BODY, old, new), SIGNER)


def resealed(info: bytes, body: bytes = BODY) -> bytes:
    """`body` under a SignedInfo of any shape, which the sender's key has signed as it stands."""
    return attach(body, info, SIGNER.sign(info), CERTIFICATE)


def info_with(old: str, new: str) -> bytes:
    """The good body under a changed SignedInfo, signed by its sender."""
    return resealed(replaced(INFO, old, new))
