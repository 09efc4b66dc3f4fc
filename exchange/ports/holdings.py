"""Who has which file of the hub's, and which nobody has any more. The part of the hub's store for files.

The bytes lie elsewhere (`exchange.ports.files`), so that what is recorded and what is there change one after the other.
They agree because of one rule: whoever finishes an upload and whoever deletes a file first takes the lock of its digest
(`lock_file`, `take_unneeded`), looks then, and has done it when the transaction ends.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from exchange.model.unit import UnitCode

__all__ = ["HoldingSession", "Waiting"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A claim for which no document was known yet. `due`: until when one was waited for, None when nobody has looked
    before. `named`: a document of the unit's names the file now."""

    unit: UnitCode
    sha256: str
    due: datetime | None
    named: bool


class HoldingSession(Protocol):
    def lock_file(self, sha256: str) -> None:
        """Until this transaction ends nobody else finishes an upload of this file, and nobody deletes it."""
        ...

    def add_claims(self, unit: UnitCode, digests: Iterable[str]) -> None: ...
    def claimed(self, unit: UnitCode, digests: Iterable[str]) -> set[str]:
        """Which of these the unit has uploaded itself, or was sent in a document (`DocumentRecord.files` of a
        delivery to it)."""
        ...

    def hold_claims(self, keys: Iterable[tuple[UnitCode, str]]) -> set[tuple[UnitCode, str]]:
        """Those of these (unit, digest) that the unit has uploaded. Until this transaction ends nobody drops them."""
        ...

    def drop_claims(self, keys: Iterable[tuple[UnitCode, str]]) -> None:
        """Forget those of these (unit, digest) that no document of the unit's own names. All of them may be needed by
        nobody then. Waits for whoever holds them."""
        ...

    def waiting_claims(self, now: datetime, limit: int) -> list[Waiting]:
        """Those to look at now, the ones that nobody has looked at first. Not locked."""
        ...

    def wait_for(self, claims: Mapping[tuple[UnitCode, str], datetime | None]) -> None:
        """When to look at these (unit, digest) again; None for never."""
        ...

    def unclaimed(self, digests: Iterable[str]) -> set[str]:
        """Those of these that nobody claims and no document names."""
        ...

    def give_up(self, digests: Iterable[str]) -> int:
        """They may be needed by nobody. Returns of how many that was not known."""
        ...

    def unneeded(self, limit: int) -> list[str]:
        """Files that were given up and may be needed by nobody."""
        ...

    def take_unneeded(self, sha256: str) -> bool:
        """Locks the file and forgets that it was given up. True when nobody claims it and no document names it: then
        delete its bytes before this transaction ends."""
        ...
