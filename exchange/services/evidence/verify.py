"""Evidence, judged off line: a package and perhaps an anchor -> numbered checks, all of them made and reported.

Each document is judged as of the hub's time that the ledger gives it, under the directory in the package; the directory
is the anchored key's, or without an anchor only as good as a fingerprint that somebody compares. A check goes on under
a directory that an earlier one found wanting, so that each fault shows; the verdict is of all of them together.

Limits: that nothing was left out is the hub's own signed word as of the export. Whether a unit was active in the past
the directory does not say; that the hub accepted its document does.
"""

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from exchange.errors import PackageError, YidiError
from exchange.ledger import manifest as names
from exchange.ledger.package import EvidencePackage, read
from exchange.services.evidence import documents, ledger
from exchange.services.evidence.case import NOT_CHECKED, Case
from exchange.services.evidence.facts import Facts
from exchange.trust.anchor import Anchor

__all__ = ["Check", "EvidenceReport", "examine", "verify"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check and its verdict. `detail` names the members concerned and what is wrong, or what was found good."""

    name_zh: str
    name_en: str
    ok: bool
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceReport:
    """The verdict. `warnings` are to be shown loudly, also when `ok`. `facts` are worth believing only when `ok`."""

    checks: tuple[Check, ...]
    warnings: tuple[str, ...] = ()
    facts: Facts | None = None

    @property
    def ok(self) -> bool:
        return all(check.ok for check in self.checks)


def verify(path: Path, anchor: Anchor | None = None) -> EvidenceReport:
    """Judge the package at `path`; nothing but the file and `anchor` is looked at. Nothing in the file raises."""
    try:
        package = read(path)
    except PackageError as error:
        rest = (_check(number, False, NOT_CHECKED) for number in range(2, len(_STEPS) + 2))
        said = _OF_A_NODE if _is_of_a_node(path) else error.message
        return EvidenceReport(checks=(_check(1, False, said), *rest))
    return examine(package, anchor)


def examine(package: EvidencePackage, anchor: Anchor | None = None) -> EvidenceReport:
    """As `verify`, for a package that was read."""
    case = Case(package=package, anchor=anchor)
    checks = [_check(1, True, f"{len(package.receipts)} 份回执 receipts")]
    for number, (_, _, step) in enumerate(_STEPS, start=2):
        try:
            checks.append(_check(number, True, step(case)))
        except YidiError as error:
            said = error.message if isinstance(error, PackageError) else str(error)
            # Private details stay out of receipts, but here the reader holds all there is to hide.
            checks.append(_check(number, False, f"{said} ({error.detail})" if error.detail else said))
    return EvidenceReport(checks=tuple(checks), warnings=_warnings(case), facts=case.facts)


def _is_of_a_node(path: Path) -> bool:
    """Whether it looks like what a node's interface gives, which has the same documents and proves less."""
    try:
        with zipfile.ZipFile(path) as package:
            members = set(package.namelist())
    except (OSError, ValueError, zipfile.BadZipFile):
        return False
    return members >= {names.ENVELOPE, names.DIRECTORY} and names.MANIFEST not in members


def _check(number: int, ok: bool, detail: str) -> Check:
    zh, en = _LAYOUT if number == 1 else _STEPS[number - 2][:2]
    return Check(name_zh=f"({number}) {zh}", name_en=f"({number}) {en}", ok=ok, detail=detail)


def _warnings(case: Case) -> tuple[str, ...]:
    if case.anchor is not None or case.fingerprint is None:
        return ()
    chinese = "未提供信任锚：请通过其他途径向交换中心核对目录密钥指纹，核对一致之前不能证明证据出自该中心："
    english = "No anchor was given: nothing proves whose evidence this is until this fingerprint was compared: "
    return chinese + case.fingerprint, english + case.fingerprint


Step = Callable[[Case], str]

_OF_A_NODE: Final = (
    "这是节点所持的签名原件，没有账本证明；证据包由交换中心用 yidi evidence export 导出 "
    "what a node holds of a document, without the ledger's proofs: the hub makes the package, by yidi evidence export"
)
_LAYOUT: Final = ("证据包完整、未损坏", "the package is complete and undamaged")
_STEPS: Final[tuple[tuple[str, str, Step], ...]] = (
    ("单位目录由交换中心签名", "the directory is signed by the exchange", documents.check_directory),
    ("证书与目录一致", "the certificates are the directory's", documents.check_certificates),
    ("每份回执的签名", "every receipt's signature", documents.check_receipts),
    ("信封签名（以受理时刻为准）", "the envelope's signature, as of acceptance", documents.check_envelope),
    (
        "回执针对本公文，且出具者有权出具",
        "receipts bind this document, their authors may speak",
        documents.check_binding,
    ),
    ("检查点由账本密钥签名", "the checkpoint is signed by the ledger's key", ledger.check_checkpoint),
    ("每条记录都在账本之中", "every entry stands in the ledger", ledger.check_inclusion),
    ("文件与账本记录一一对应", "a document for every entry and the reverse", ledger.check_completeness),
    ("交换中心声明无遗漏", "the exchange states that nothing was left out", ledger.check_statement),
    ("账本自受理以来未被改写", "the ledger was not rewritten since acceptance", ledger.check_consistency),
    ("正文与附件未被改动", "the files are those that were signed", documents.check_files),
    ("各接收单位的状态", "the state of every recipient", documents.check_recipients),
    ("可读报告与文件内容一致", "the readable report says what the documents say", documents.check_report),
)
