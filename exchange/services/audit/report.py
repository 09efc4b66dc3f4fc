"""What an audit checks, and what it found: the promises, one named check each.

Not here: how anything is checked (`audit_hub`, `audit_node`, `audit_ledger`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType

__all__ = ["AuditReport", "Check", "Notebook", "Result"]


class Check(Enum):
    """(promise, Chinese, English). The promises are those of `docs/architecture.md`."""

    LOST = ("P1", "送出的公文一件不少", "every document accepted for sending is on its way, recorded or refused")
    TIMERS = ("P1", "未了的事都会再试", "whatever is still open will be tried again")
    CHAIN = ("P1", "回执齐全", "sender, hub and recipients hold all receipts about a document")
    KEPT = ("P1", "被拒的原件都在", "what was set aside is kept as it came")
    ENTRIES = ("P2", "账本一件一条", "the ledger has one entry for each document and each receipt")
    INBOX = ("P2", "收文一份、移交一次", "one inbox item for a recipient, one DELIVERED, one hand-over")
    QUIET = ("P3", "没有办不结的事", "nothing is open any more")
    AUTHORS = ("P4", "公文出自其单位", "every document verifies under the key its unit had when the hub received it")
    RECEIPTS = ("P4", "回执有效", "every receipt verifies, binds its document, and comes from who may say it")
    ISOLATION = ("P4", "各收各的", "documents are only where their recipients are")
    DIRECTORY = ("P4", "通讯录版本相连", "every directory is signed by the anchored key and continues the one before")
    DIGESTS = ("P5", "字节与摘要一致", "stored documents are the bytes that were recorded")
    FILES = ("P5", "附件完好", "files have the digests that were signed")
    STATES = ("P5", "状态由回执得出", "every state is what the receipts held make of it")
    TREE = ("P5", "账本可重算", "the Merkle tree follows from the entries")
    CHECKPOINTS = ("P5", "检查点前后一致", "every checkpoint, the hub's or held by a node, is a prefix of the ledger")

    @property
    def promise(self) -> str:
        return self.value[0]

    @property
    def chinese(self) -> str:
        return self.value[1]

    @property
    def english(self) -> str:
        return self.value[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """`examined`: how many things the check looked at. `findings` hold ids and codes, never titles."""

    check: Check
    examined: int
    findings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """`away`: archive files that were not at hand, and how many documents and receipts therefore were judged by their
    entries alone."""

    results: tuple[Result, ...]
    away: Mapping[str, int] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return not any(result.findings for result in self.results)

    @property
    def findings(self) -> Mapping[Check, tuple[str, ...]]:
        return MappingProxyType({result.check: result.findings for result in self.results if result.findings})

    def lines(self) -> list[str]:
        """One line a finding, for people."""
        return [
            f"{result.check.promise} {result.check.name} {result.check.chinese} ({result.check.english}): {finding}"
            for result in self.results
            for finding in result.findings
        ]


@dataclass(slots=True)
class Notebook:
    """What an audit writes down as it goes."""

    examined: dict[Check, int] = field(default_factory=dict)
    findings: dict[Check, list[str]] = field(default_factory=dict)
    away: dict[str, int] = field(default_factory=dict)

    def not_here(self, archived: Sequence[str]) -> None:
        """Bytes are in one of these archive files, and it is not at hand."""
        name = ", ".join(archived)
        self.away[name] = self.away.get(name, 0) + 1

    def expect(self, check: Check, holds: object, *where: object) -> bool:
        """One thing was looked at; when it does not hold, `where` is written down."""
        self.examined[check] = self.examined.get(check, 0) + 1
        if not holds:
            self.findings.setdefault(check, []).append(" ".join(map(str, where)))
        return bool(holds)

    def report(self) -> AuditReport:
        return AuditReport(
            results=tuple(
                Result(check=check, examined=self.examined[check], findings=tuple(self.findings.get(check, ())))
                for check in Check
                if check in self.examined
            ),
            away=MappingProxyType(dict(self.away)),
        )
