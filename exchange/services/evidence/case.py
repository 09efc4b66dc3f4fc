"""One evidence package under judgement: what is given, and what the checks made so far have found good.

Not here: the checks (`evidence_documents`, `evidence_ledger`) and their order (`evidence_verify`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final, TypeVar

from exchange.directory.snapshot import Directory
from exchange.errors import PackageError
from exchange.ledger.checkpoint import Checkpoint
from exchange.ledger.entry import LedgerEntry
from exchange.ledger.manifest import receipt_member
from exchange.ledger.package import EvidencePackage
from exchange.services.evidence.facts import Facts
from exchange.trust.anchor import Anchor
from exchange.trust.digest import sha256_hex
from exchange.trust.verify import VerifiedEnvelope, VerifiedReceipt, Verifier

__all__ = ["NOT_CHECKED", "Case", "refuse", "some"]

NOT_CHECKED: Final = "未能检查，因前项未通过 not checked: an earlier check failed"
_SHOWN: Final = 10

T = TypeVar("T")


@dataclass(kw_only=True)
class Case:
    """`directory` is set as soon as it can be read, so that the checks after it can go on and show their own faults;
    the rest is set only when found good. `receipts` go by member; `fingerprint` is that of the key
    that came with the directory."""

    package: EvidencePackage
    anchor: Anchor | None
    directory: Directory | None = None
    fingerprint: str | None = None
    checkpoint: Checkpoint | None = None
    envelope: VerifiedEnvelope | None = None
    receipts: dict[str, VerifiedReceipt] = field(default_factory=dict)
    facts: Facts | None = None

    @cached_property
    def digest(self) -> str:
        """The envelope's."""
        return sha256_hex(self.package.envelope)

    @cached_property
    def entries(self) -> dict[str, LedgerEntry]:
        """By digest of the document that each is about, in the ledger's order."""
        return {proof.entry.digest: proof.entry for proof in self.package.proofs}

    def ledger_key(self) -> str:
        return self.anchor.ledger_key if self.anchor else self.need_directory().ledger_key

    def verifier(self) -> Verifier:
        """Judges by the directory's keys and their times; whether a unit is active today says nothing about then."""
        directory = self.need_directory()
        units = tuple(replace(entry, unit=replace(entry.unit, active=True)) for entry in directory.units)
        return Verifier(replace(directory, units=units))

    def unread(self) -> list[str]:
        """A fault for each receipt that was not found good."""
        members = (receipt_member(number) for number in range(1, len(self.package.receipts) + 1))
        return [f"{member}: {NOT_CHECKED}" for member in members if member not in self.receipts]

    def need_directory(self) -> Directory:
        return _need(self.directory)

    def need_envelope(self) -> VerifiedEnvelope:
        return _need(self.envelope)

    def need_checkpoint(self) -> Checkpoint:
        return _need(self.checkpoint)


def refuse(faults: Sequence[str]) -> None:
    """Raise PackageError naming the faults, if there are any."""
    if faults:
        raise PackageError(some(faults))


def some(lines: Sequence[str]) -> str:
    more = len(lines) - _SHOWN
    return "; ".join(lines[:_SHOWN]) + (f"; 另有 {more} 项 and {more} more" if more > 0 else "")


def _need(value: T | None) -> T:
    if value is None:
        raise PackageError(NOT_CHECKED)
    return value
