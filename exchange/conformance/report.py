"""What came of a trial: as JSON for programs, and as one page without outside parts, for people and for paper.

    {"format": "yidi-conformance/1", "yidi": "0.1.0", "subject": {"kind": "adapter", "name": "folder"},
     "began": "2026-11-26T08:00:00+00:00", "result": "passed", "complete": true, "left_out": [],
     "counts": {"passed": 38, "failed": 0, "not applicable": 6},
     "cases": [{"id": "IN-02", "title": {"zh": ..., "en": ...}, "expected": ..., "why": ..., "cure": ...,
                "result": "passed", "seen": [], "seconds": 0.4}]}

`complete`: every case was tried, and every play that belongs to it; only then `result` speaks of the whole. A name is
added in a format, never changed.

Not here: trying anything.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from typing import Any, Final

from exchange.conformance.case import Case, Ending, Verdict, Words
from exchange.services.evidence.page import Html, both, html, join, moment, page, pairs, section, table

__all__ = ["FORMAT", "Report"]

FORMAT: Final = "yidi-conformance/1"
_MARKS: Final = {
    Ending.PASSED: Words("✓ 通过", "passed"),
    Ending.FAILED: Words("✗ 不通过", "failed"),
    Ending.NOT_APPLICABLE: Words("— 不适用", "not applicable"),
}
_KINDS: Final = {
    "adapter": Words("办公系统接口", "adapter"),
    "node": Words("节点接口", "node's API"),
    "webhook": Words("接收推送的程序", "webhook receiver"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """`subject`: kind and name of what was tried. `left_out`: ids of cases that nobody asked for. `most_plays`: plays
    that each case was allowed, None for all of them."""

    kind: str
    name: str
    began: datetime
    verdicts: Sequence[Verdict]
    left_out: Sequence[str] = ()
    most_plays: int | None = None

    @property
    def passed(self) -> bool:
        return not any(one.ending is Ending.FAILED for one in self.verdicts)

    @property
    def complete(self) -> bool:
        return not self.left_out and self.most_plays is None

    def counts(self) -> dict[str, int]:
        found = Counter(one.ending for one in self.verdicts)
        return {ending.value: found[ending] for ending in Ending}

    def as_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "yidi": version("yidi"),
            "subject": {"kind": self.kind, "name": self.name},
            "began": self.began.isoformat(timespec="seconds"),
            "result": "passed" if self.passed else "failed",
            "complete": self.complete,
            "left_out": list(self.left_out),
            "most_plays": self.most_plays,
            "counts": self.counts(),
            "cases": [_as_json(one) for one in self.verdicts],
        }

    def as_html(self) -> str:
        kind = _KINDS[self.kind]
        title = f"符合性测试报告：{self.name}"
        head = Html(
            f"<header><p>驿递 Yidi</p><h1>{html(title)}</h1>"
            f"<div>Conformance report: {html(kind.en)} {html(self.name)}</div></header>"
        )
        failed = [one for one in self.verdicts if one.ending is Ending.FAILED]
        content = [
            head,
            self._verdict(),
            *([section("不通过的用例", "Failed cases", *map(_failure, failed))] if failed else []),
            section("全部用例", "All cases", self._table()),
            section("每个用例要证明什么", "What each case proves", _meanings(self.verdicts)),
        ]
        return page(FORMAT, title, content)

    def _verdict(self) -> Html:
        counts = self.counts()
        return section(
            "结论",
            "Verdict",
            pairs(
                [
                    ("结论", "verdict", self._said()),
                    ("被测", "on trial", join([f"{_KINDS[self.kind].zh} {self.name}"])),
                    ("通过", "passed", str(counts[Ending.PASSED])),
                    ("不通过", "failed", str(counts[Ending.FAILED])),
                    ("不适用", "not applicable", str(counts[Ending.NOT_APPLICABLE])),
                    ("未测", "left out", "、".join(self.left_out)),
                    ("每例最多", "most plays of a case", str(self.most_plays) if self.most_plays is not None else ""),
                    ("时间", "began", moment(self.began)),
                    ("版本", "release", f"yidi {version('yidi')}"),
                ]
            ),
        )

    def _said(self) -> Html:
        if not self.passed:
            return both("不通过", "failed")
        if not self.complete:
            return both(
                "所测部分通过，未全测，不能作为通过的证明",
                "what was tried passed; not all was, so this proves no conformance",
            )
        return both("通过", "passed")

    def _table(self) -> Html:
        rows = [
            (_id(one.case), both(*one.case.title), both(*_MARKS[one.ending]), _remark(one), f"{one.seconds:.1f}")
            for one in self.verdicts
        ]
        heads = [("编号", "id"), ("用例", "case"), ("结果", "result"), ("说明", "remark"), ("秒", "seconds")]
        return table(heads, rows, name="cases")


def _id(case: Case) -> Html:
    """In one line."""
    return Html(f'<code style="white-space: nowrap">{html(case.id)}</code>')


def _remark(one: Verdict) -> str:
    return one.seen[0] if one.seen else ""


def _failure(one: Verdict) -> Html:
    case = one.case
    return pairs(
        [
            ("用例", "case", join([_id(case), both(*case.title)], " ")),
            ("应当", "expected", both(*case.expected)),
            ("看到", "seen", "\n".join(one.seen)),
            ("为何重要", "why it matters", both(*case.why)),
            ("怎么办", "what to do", both(*case.cure)),
        ]
    )


def _meanings(verdicts: Sequence[Verdict]) -> Html:
    rows = [(_id(one.case), both(*one.case.expected), both(*one.case.why)) for one in verdicts]
    return table([("编号", "id"), ("应当", "expected"), ("为何", "why")], rows, name="meanings")


def _as_json(one: Verdict) -> dict[str, Any]:
    case = one.case
    return {
        "id": case.id,
        "title": case.title._asdict(),
        "expected": case.expected._asdict(),
        "why": case.why._asdict(),
        "cure": case.cure._asdict(),
        "result": one.ending.value,
        "seen": list(one.seen),
        "seconds": round(one.seconds, 3),
    }
