"""One entry of the ledger: the document that was recorded, when, and the bytes that the Merkle tree binds.

Not here: the document itself. An entry holds its digest, so that a ledger can be shown to anybody without
showing a document.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from exchange.errors import InvalidValueError
from exchange.ledger import merkle
from exchange.ledger.checkpoint import Checkpoint

__all__ = ["KINDS", "InclusionProof", "LedgerEntry"]

KINDS = frozenset({"ENVELOPE", "RECEIPT"})

_VERSION = "yidi-ledger-entry/1"
_LABELS = ("kind", "sender", "envelope", "id", "sha256", "recorded")
_DIGEST = re.compile(r"[0-9a-f]{64}")
# The encoding is lines, so a line end within a value would make two entries read alike; every other control
# is refused with it.
_TEXT = re.compile(r"[^\x00-\x20\x7f-\xa0\u2028\u2029\ud800-\udfff]{1,200}")
_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """A document that the hub recorded.

    `envelope_id` is the envelope that it is or speaks of, `id` its own, `digest` the SHA-256 (hex) of its
    exact bytes and `recorded` the hub's time, in UTC. For an envelope both ids are the same.
    """

    kind: str
    sender: str
    envelope_id: str
    id: str
    digest: str
    recorded: datetime

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InvalidValueError(f"ledger entry: kind {self.kind!r} is none of {', '.join(sorted(KINDS))}")
        for label, value in (("sender", self.sender), ("envelope", self.envelope_id), ("id", self.id)):
            if not _TEXT.fullmatch(value):
                raise InvalidValueError(
                    f"ledger entry: {label} must be 1 to 200 characters without spaces and controls"
                )
        if not _DIGEST.fullmatch(self.digest):
            raise InvalidValueError("ledger entry: digest must be 64 lower-case hexadecimal digits")
        if self.recorded.utcoffset() != timedelta(0):
            raise InvalidValueError("ledger entry: recorded must be a time in UTC")

    def leaf(self) -> bytes:
        """Return the canonical bytes: a version line, then a `label value` line per field, in fixed order."""
        # isoformat, for strftime writes years before 1000 without leading zeros on some systems
        recorded = self.recorded.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
        values = (self.kind, self.sender, self.envelope_id, self.id, self.digest, recorded)
        lines = [_VERSION, *(f"{label} {value}" for label, value in zip(_LABELS, values, strict=True))]
        return ("\n".join(lines) + "\n").encode()

    @property
    def leaf_hash(self) -> bytes:
        return merkle.leaf_hash(self.leaf())

    @classmethod
    def parse(cls, leaf: bytes) -> "LedgerEntry":
        """Return the entry that has exactly this leaf, or raise `InvalidValueError`."""
        try:
            version, *lines, end = leaf.decode().split("\n")
            kind, sender, envelope_id, id_, digest, recorded = _values(lines)
            time = datetime.strptime(recorded, _TIME).replace(tzinfo=UTC)
        except ValueError as error:
            raise InvalidValueError("ledger entry: not the lines of an entry", detail=str(error)) from error
        entry = cls(kind=kind, sender=sender, envelope_id=envelope_id, id=id_, digest=digest, recorded=time)
        if (version, end) != (_VERSION, "") or entry.leaf() != leaf:
            raise InvalidValueError(f"ledger entry: not written as {_VERSION} prescribes")
        return entry


@dataclass(frozen=True, slots=True, kw_only=True)
class InclusionProof:
    """An entry, its place in the tree and the audit path from there to a root."""

    entry: LedgerEntry
    index: int
    path: tuple[bytes, ...]

    def verify(self, checkpoint: Checkpoint) -> None:
        """Raise `ProofError` unless the entry stands at its index in the tree that `checkpoint` states.

        Says nothing about who states it: the checkpoint must come out of a note that was opened with the
        ledger's key.
        """
        merkle.verify_inclusion(self.entry.leaf_hash, self.index, checkpoint.size, self.path, checkpoint.root)


def _values(lines: Iterable[str]) -> list[str]:
    values = []
    for label, line in zip(_LABELS, lines, strict=True):
        if not line.startswith(label + " "):
            raise ValueError(f"expected {label}")
        values.append(line.removeprefix(label + " "))
    return values
