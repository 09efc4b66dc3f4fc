"""The list of what is in an evidence package, and the names that members have.

A manifest is unsigned: whoever alters a package can write a new one. It finds accidents and says which member
suffered; forgery is found by the signatures, digests and proofs of the members themselves.

Not here: the members' contents (`exchange.ledger.package`).
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from exchange.errors import PackageError
from exchange.ledger.container import Member

__all__ = [
    "CHECKPOINT",
    "DIRECTORY",
    "ENVELOPE",
    "MANIFEST",
    "PROOFS",
    "REPORT",
    "Manifest",
    "certificate_member",
    "check_members",
    "encode_json",
    "file_digests",
    "file_member",
    "fingerprints",
    "is_digest",
    "receipt_member",
]

ENVELOPE: Final = "envelope.xml"
DIRECTORY: Final = "directory.xml"
CHECKPOINT: Final = "checkpoint.txt"
PROOFS: Final = "proofs.json"
REPORT: Final = "report.html"
MANIFEST: Final = "manifest.json"

_FORMAT: Final = "yidi-evidence/1"
_REQUIRED: Final = frozenset({ENVELOPE, DIRECTORY, CHECKPOINT, PROOFS, REPORT, MANIFEST})
_DIGEST = re.compile(r"[0-9a-f]{64}")
_FILE = re.compile(r"files/([0-9a-f]{64})")
_CERTIFICATE = re.compile(r"certificates/([0-9a-f]{64})\.crt")
_RECEIPT = re.compile(r"receipts/[0-9]{5}\.xml")


def receipt_member(number: int) -> str:
    """Return the member of the receipt at place `number`, from 1, in the package's order."""
    return f"receipts/{number:05}.xml"


def file_member(sha256: str) -> str:
    return f"files/{sha256}"


def certificate_member(fingerprint: str) -> str:
    return f"certificates/{fingerprint}.crt"


def file_digests(names: Iterable[str]) -> list[str]:
    return sorted(match[1] for name in names if (match := _FILE.fullmatch(name)))


def fingerprints(names: Iterable[str]) -> list[str]:
    return sorted(match[1] for name in names if (match := _CERTIFICATE.fullmatch(name)))


def is_digest(text: str) -> bool:
    return _DIGEST.fullmatch(text) is not None


def check_members(names: Iterable[str]) -> int:
    """Refuse unknown and missing members and gaps in the receipts; return how many receipts there are.

    Every name that passes is relative and without `..`: nothing else is on the list.
    """
    present = set(names)
    for name in sorted(present - _REQUIRED):
        if not any(pattern.fullmatch(name) for pattern in (_FILE, _CERTIFICATE, _RECEIPT)):
            raise PackageError(f"{name[:200]!r}: no member of a package has this name")
    receipts = sum(1 for name in present if _RECEIPT.fullmatch(name))
    numbered = {receipt_member(number) for number in range(1, receipts + 1)}
    for name in sorted((_REQUIRED | numbered) - present):
        raise PackageError(f"{name}: is missing")
    return receipts


def encode_json(value: object) -> bytes:
    """Return JSON as a package writes it: UTF-8, sorted keys, indented by two, a newline at the end."""
    return (json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Every member but the manifest itself, and the files of which the package holds only the digest."""

    members: Mapping[str, Member] = field(default_factory=dict)
    digest_only: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, member in self.members.items():
            if not is_digest(member.sha256) or type(member.size) is not int or member.size < 0:
                raise PackageError(f"{MANIFEST}: {name}: not a digest and a size")
        if list(self.digest_only) != sorted(set(self.digest_only)) or not all(map(is_digest, self.digest_only)):
            raise PackageError(f"{MANIFEST}: digest_only is not a sorted list of digests")
        if both := set(self.digest_only) & set(file_digests(self.members)):
            raise PackageError(f"{MANIFEST}: {min(both)} is both included and left out")

    def encode(self) -> bytes:
        members = {name: {"sha256": member.sha256, "size": member.size} for name, member in self.members.items()}
        return encode_json({"digest_only": list(self.digest_only), "format": _FORMAT, "members": members})

    @classmethod
    def parse(cls, raw: bytes) -> "Manifest":
        """Return the manifest that is written as exactly `raw`: no second spelling, no unknown key passes."""
        try:
            data: Any = json.loads(raw)
            members = {
                name: Member(sha256=member["sha256"], size=member["size"]) for name, member in data["members"].items()
            }
            manifest = cls(members=members, digest_only=tuple(data["digest_only"]))
            canonical = manifest.encode()
        except (AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
            raise PackageError(f"{MANIFEST}: is not a manifest", detail=str(error)) from error
        if canonical != raw:
            raise PackageError(f"{MANIFEST}: is not written as {_FORMAT} prescribes")
        return manifest
