"""What operators did: part of the hub's store. Written in the transaction of what was done, so that neither is there
without the other; never changed, never removed.

Not here: what happened to documents. That is signed, and in the ledger.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

__all__ = ["Act", "ActSession", "Deed", "Operator"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """`account`: of the operating system, which nobody typed; `operator`: the name that was given with it, or empty.
    `verb` is the command, `target` what it was done to, `outcome` one word that programs may act on."""

    at: datetime
    account: str
    operator: str
    verb: str
    target: str
    reason: str
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """Who acts and why."""

    account: str
    name: str
    reason: str

    def act(self, at: datetime, verb: str, target: str, outcome: str) -> Act:
        return Act(
            at=at,
            account=self.account,
            operator=self.name,
            verb=verb,
            target=target,
            reason=self.reason,
            outcome=outcome,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What somebody does, before it is known what comes of it."""

    operator: Operator
    verb: str
    target: str

    def act(self, at: datetime, outcome: str) -> Act:
        return self.operator.act(at, self.verb, self.target, outcome)


class ActSession(Protocol):
    def add_acts(self, acts: Sequence[Act]) -> None: ...

    def acts(self, before: int | None, limit: int) -> list[tuple[int, Act]]:
        """The latest first, each with its number; from the one before number `before` on."""
        ...
