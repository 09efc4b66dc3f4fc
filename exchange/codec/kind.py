"""The four documents of the protocol: what names them and how large they may be.

Limits are checked on bytes before anything is parsed, so each is the cost an unknown sender can cause.
"""

import re
from dataclasses import dataclass
from enum import Enum

from exchange.errors import XmlError

__all__ = ["DocumentKind", "Limits", "kind_of", "root_tag"]

MIB = 1024 * 1024
_HEAD = 4096
_ROOT_TAG = re.compile(rb"\s*(?:<\?xml[^<>]*>\s*)?<(?:[\w.-]+:)?(\w+)(?:\s[^<>]*)?>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """`size`: bytes of the document; `elements`: elements in it; `piece`: bytes of one tag with the text after it."""

    size: int
    elements: int
    piece: int = 256 * 1024
    depth: int = 32
    attributes: int = 32
    namespaces: int = 1000


_LIMITS = {
    "envelope": Limits(size=8 * MIB, elements=10_000),
    "receipt": Limits(size=256 * 1024, elements=2_000),
    "directory": Limits(size=32 * MIB, elements=400_000),
    "carry": Limits(size=4 * MIB, elements=12_000),
}


class DocumentKind(Enum):
    ENVELOPE = "envelope"
    RECEIPT = "receipt"
    DIRECTORY = "directory"
    CARRY = "carry"

    # Plain attributes, not properties: they are read on every document.
    root: str
    namespace: str
    family: str
    prefix: str
    limits: Limits

    def __init__(self, word: str) -> None:
        self.root = word.capitalize()
        self.family = f"urn:yidi:{word}:"
        self.namespace = f"{self.family}1"
        self.prefix = f"{word[0]}-"
        self.limits = _LIMITS[word]

    @property
    def tag(self) -> str:
        return f"{{{self.namespace}}}{self.root}"


def root_tag(data: bytes) -> tuple[str, bytes] | None:
    """The root's local name and its whole start tag, if it stands in the first bytes of `data`. A look, no
    parsing: good for choosing what to do next, proof of nothing."""
    found = _ROOT_TAG.match(data[:_HEAD])
    return (found[1].decode(errors="replace"), found[0]) if found else None


def kind_of(data: bytes) -> DocumentKind:
    """Which document `data` means to be. Raises XmlError when it is none of ours."""
    tag = root_tag(data)
    for kind in DocumentKind:
        if tag is not None and tag[0] == kind.root and kind.family.encode() in tag[1]:
            return kind
    raise XmlError("neither an envelope nor a receipt nor a directory of this exchange's", code="SCHEMA")
