"""Checkpoints: the text by which a ledger commits itself to all up to a size (c2sp.org/tlog-checkpoint).

Not here: the signature around it (`exchange.ledger.note`). A checkpoint that was not opened from a note is
only a claim.
"""

import re
from dataclasses import dataclass

from exchange.errors import NoteError
from exchange.ledger.merkle import EMPTY_ROOT, HASH_SIZE
from exchange.ledger.note import decode_base64, encode_base64

__all__ = ["Checkpoint"]

_LINE = re.compile(r"[^\x00-\x1f\ud800-\udfff]+")
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_MAX_SIZE = 2**63 - 1  # what every database can count to


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The ledger `origin` had `size` entries with this Merkle `root`. Extension lines are opaque."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for line in (self.origin, *self.extensions):
            if not _LINE.fullmatch(line):
                raise NoteError("checkpoint: origin and extensions must be non-empty lines without control characters")
        if not 0 <= self.size <= _MAX_SIZE:
            raise NoteError(f"checkpoint: size {self.size} is out of range")
        if len(self.root) != HASH_SIZE:
            raise NoteError(f"checkpoint: root must be {HASH_SIZE} bytes")
        if self.size == 0 and self.root != EMPTY_ROOT:
            raise NoteError("checkpoint: the empty ledger has another root")

    def body(self) -> str:
        """Return the text that is signed."""
        lines = (self.origin, str(self.size), encode_base64(self.root), *self.extensions)
        return "".join(line + "\n" for line in lines)

    @classmethod
    def parse(cls, body: str) -> "Checkpoint":
        """Return the checkpoint whose body is exactly `body`, or raise `NoteError`."""
        *lines, end = body.split("\n")
        if len(lines) < 3 or end:
            raise NoteError("checkpoint: expected an origin, a size and a root line")
        origin, size, root, *extensions = lines
        if not _SIZE.fullmatch(size):
            raise NoteError(f"checkpoint: size {size[:40]!r} is not a decimal number without leading zeros")
        return cls(origin=origin, size=int(size), root=decode_base64(root), extensions=tuple(extensions))
