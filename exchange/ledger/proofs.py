"""What a package proves about the ledger, and how that is written: places of entries, prefixes, and the
statement that nothing was left out.

The statement is an extension line of the package's own checkpoint, so the ledger's key signs it: it binds the
entries, the directory and the time of export. Without it somebody could take a receipt and its proof out of a
package, and what is left would still be true.

Not here: the Merkle tree (`exchange.ledger.merkle`), the signature (`exchange.ledger.note`).
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from exchange.errors import InvalidValueError, ProofError
from exchange.ledger.checkpoint import Checkpoint
from exchange.ledger.entry import InclusionProof, LedgerEntry
from exchange.ledger.manifest import encode_json
from exchange.ledger.merkle import HASH_SIZE, verify_consistency

__all__ = ["ConsistencyProof", "Statement", "decode_proofs", "encode_proofs"]

_MAX_PATH: Final = 130  # twice the height of a tree of 2^64 leaves, and the two roots
_STATEMENT: Final = "yidi-evidence/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsistencyProof:
    """The way from the tree of `size` entries to that of the package's checkpoint."""

    size: int
    path: tuple[bytes, ...]

    def verify(self, old: Checkpoint, new: Checkpoint) -> None:
        """Raise `ProofError` unless the ledger that `old` states is a prefix of the one that `new` states."""
        if old.size != self.size:
            raise ProofError(f"consistency proof from {self.size} entries, not {old.size}")
        verify_consistency(old.size, old.root, new.size, new.root, self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """At `at`, these and no other entries spoke of the document, under this directory. `digest` binds both."""

    at: datetime
    digest: str

    @classmethod
    def over(cls, at: datetime, entries: Iterable[LedgerEntry], directory_digest: str) -> "Statement":
        """`entries` in the ledger's order."""
        lines = [_STATEMENT, directory_digest, *(entry.leaf_hash.hex() for entry in entries)]
        return cls(at=at, digest=sha256("".join(line + "\n" for line in lines).encode()).hexdigest())

    def line(self) -> str:
        return f"{_STATEMENT} {self.at.isoformat()} {self.digest}"

    @classmethod
    def of(cls, checkpoint: Checkpoint) -> "Statement":
        """The one statement that `checkpoint` makes, or `ProofError`."""
        found = [line for line in checkpoint.extensions if line.startswith(_STATEMENT + " ")]
        if len(found) != 1:
            raise ProofError("the checkpoint does not state what the package holds")
        _, time, digest = [*found[0].split(" "), "", ""][:3]
        try:
            statement = cls(at=datetime.fromisoformat(time), digest=digest)
        except ValueError as error:
            raise ProofError("the checkpoint's statement has no time") from error
        if statement.at.utcoffset() != timedelta(0) or statement.line() != found[0]:
            raise ProofError(f"the checkpoint's statement is not written as {_STATEMENT} prescribes")
        return statement


def encode_proofs(inclusion: Iterable[InclusionProof], consistency: Iterable[ConsistencyProof]) -> bytes:
    return encode_json(
        {
            "consistency": [{"size": proof.size, "path": _hex(proof.path)} for proof in consistency],
            "inclusion": [
                {"index": proof.index, "leaf": proof.entry.leaf().decode(), "path": _hex(proof.path)}
                for proof in inclusion
            ],
        }
    )


def decode_proofs(raw: bytes) -> tuple[tuple[InclusionProof, ...], tuple[ConsistencyProof, ...]]:
    """The proofs written as exactly `raw`: no unknown key, no second spelling passes. Raises `ProofError`."""
    try:
        data: Any = json.loads(raw)
        inclusion = tuple(_decode_inclusion(item) for item in data["inclusion"])
        consistency = tuple(
            ConsistencyProof(size=_number(item["size"]), path=_path(item["path"])) for item in data["consistency"]
        )
        canonical = encode_proofs(inclusion, consistency)
    except InvalidValueError as error:
        raise ProofError(error.message) from error
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise ProofError("is not a list of proofs", detail=str(error)) from error
    if canonical != raw:
        raise ProofError("is not written as the format prescribes")
    return inclusion, consistency


def _decode_inclusion(item: Mapping[str, Any]) -> InclusionProof:
    entry = LedgerEntry.parse(item["leaf"].encode())
    return InclusionProof(entry=entry, index=_number(item["index"]), path=_path(item["path"]))


def _hex(path: Iterable[bytes]) -> list[str]:
    return [hash_.hex() for hash_ in path]


def _number(value: object) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("not a place or size")
    return value


def _path(value: Iterable[str]) -> tuple[bytes, ...]:
    path = tuple(bytes.fromhex(hash_) for hash_ in value)
    if len(path) > _MAX_PATH or any(len(hash_) != HASH_SIZE for hash_ in path):
        raise ValueError("path out of range")
    return path
