"""The secrecy gate: classified material never travels. Node and hub both ask it, about the same things.

    REFUSE  a level in the metadata, or a mark where marks stand: the head of a text, the title, a file's name
    HOLD    for a person: a mark deep in a text, a copy number alone, a file whose text cannot be read
    PASS    everything else; bare words in prose (a training notice about 保密) and files that nobody looked
            at are reported all the same

A finding says which rule, where and how long, never what stands there: findings go into logs and receipts.
Texts are compared after NFKC, without spaces and invisible characters: 机 密, 机｜密 and 機密 are one word.
Not here: reading files (`exchange.ports.text`); what becomes of a held document.

Limits: a mark drawn as a picture, or misspelt beyond the variants below, is not seen; the sender's signed
declaration stands for it.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from exchange.model.document import Metadata
from exchange.ports.text import FileText, Unseen

__all__ = ["Decision", "Finding", "Rule", "Verdict", "inspect", "normalise"]

HEAD_LINES = 6

_UNCLASSIFIED = frozenset({"无", "非密"})
_INVISIBLE = frozenset({"Cc", "Cf", "Me", "Mn", "Zl", "Zp", "Zs"})
_BLANK = "\u115f\u1160\u2800\u3164\uffa0"  # letters and symbols by category, and yet nothing to see
_VARIANTS = str.maketrans("機絕絶祕級號份", "机绝绝秘级号份") | dict.fromkeys(
    map(ord, "☆⋆✦✧✩✪✫✬✭✮✯✰✡✶✷✸✹⭐🌟⚝⛤⛥⍟٭∗✱✲"), "★"
)

# What may stand between the glyphs of one word: rules and dots that people and programs put there.
_JOIN = r"[|¦│┃‖∣❘·•・.\-_/\\~—–^+]{0,3}"
_LEVEL = rf"(?:[绝机秘]{_JOIN}密)"
_TERM = r"(?:长期|永久|[0-9一二三四五六七八九十]{1,4}(?:年|个?月|天|日))"
_SUFFIX = r"[级件]?"
# A lone asterisk is a typist's star; two of them are bold type in a plain text.
_STARRED = re.compile(rf"{_LEVEL}{_SUFFIX}{_JOIN}(?:★+|\*(?!\*)){_TERM}?")
_LABELLED = re.compile(
    rf"(?:密{_JOIN}级|密{_JOIN}别|(?:保密|涉密|秘密)(?:级别|等级|程度))[\])】〕]?[:=\-_—]*[\[(【〔“\"]?{_LEVEL}"
)
_BRACKETED = re.compile(rf"[\[(【〔{{<「『]{_LEVEL}{_SUFFIX}(?:{_TERM})?[\])】〕}}>」』]")
_ALONE = re.compile(rf"[\[(【〔<「『]?{_LEVEL}{_SUFFIX}{_JOIN}(?:{_TERM})?[\])】〕>」』]?")
_LEADING = re.compile(rf"{_LEVEL}{_SUFFIX}[\-_—.+]")
_COPY_NUMBER = re.compile(r"(?:份号[:]?[0-9]{1,8}|[0-9]{6})")
_WORD = re.compile(_LEVEL)


class Decision(IntEnum):
    """Ordered: the gravest finding decides."""

    PASS = 0
    HOLD = 1
    REFUSE = 2


class Rule(StrEnum):
    LEVEL_DECLARED = "LEVEL_DECLARED"
    MARK_AT_HEAD = "MARK_AT_HEAD"
    MARK_IN_NAME = "MARK_IN_NAME"
    MARK_IN_BODY = "MARK_IN_BODY"
    WORD_LEADS_NAME = "WORD_LEADS_NAME"
    COPY_NUMBER = "COPY_NUMBER"
    UNREADABLE = "UNREADABLE"
    WORD_IN_PROSE = "WORD_IN_PROSE"
    NOT_LOOKED_AT = "NOT_LOOKED_AT"

    @property
    def decision(self) -> Decision:
        return _RULES[self][0]

    @property
    def chinese(self) -> str:
        return _RULES[self][1]


_RULES = {
    Rule.LEVEL_DECLARED: (Decision.REFUSE, "填有密级或保密期限"),
    Rule.MARK_AT_HEAD: (Decision.REFUSE, "首部有密级标志"),
    Rule.MARK_IN_NAME: (Decision.REFUSE, "文件名有密级标志"),
    Rule.MARK_IN_BODY: (Decision.HOLD, "正文中有密级标志"),
    Rule.WORD_LEADS_NAME: (Decision.HOLD, "文件名以密级字样开头"),
    Rule.COPY_NUMBER: (Decision.HOLD, "有份号而无密级"),
    Rule.UNREADABLE: (Decision.HOLD, "内容无法读取"),
    Rule.WORD_IN_PROSE: (Decision.PASS, "行文中出现密级字样"),
    Rule.NOT_LOOKED_AT: (Decision.PASS, "此类文件未检查内容"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """`place`: metadata.<field>, content, files[n].name or files[n]. `position`: its line, from 1.
    `length`: of the mark, in characters."""

    rule: Rule
    place: str
    position: int = 1
    length: int = 0

    def __str__(self) -> str:
        return f"{self.rule} {self.place}:{self.position}"

    @property
    def chinese(self) -> str:
        return f"{self.rule.chinese}（{self.place} 第{self.position}行）"


@dataclass(frozen=True, slots=True)
class Verdict:
    decision: Decision
    findings: tuple[Finding, ...] = ()

    def stops(self, *, reviewed: bool) -> bool:
        """Whether the document may not go on. A person's review lifts a HOLD and never a REFUSE."""
        return self.decision is Decision.REFUSE or (self.decision is Decision.HOLD and not reviewed)

    @property
    def reasons(self) -> tuple[Finding, ...]:
        """The findings that led to the decision, without those of lesser weight."""
        return tuple(finding for finding in self.findings if finding.rule.decision is self.decision)


def inspect(metadata: Metadata, content: str | None, file_names: Sequence[str], texts: Sequence[FileText]) -> Verdict:
    """Judge one document. `texts`: what a `TextSource` made of each of `file_names`, in order."""
    findings = [*_in_metadata(metadata)]
    if content is not None:
        findings += _in_text("content", content.splitlines())
    for index, (name, text) in enumerate(zip(file_names, texts, strict=True)):
        findings += _in_name(f"files[{index}].name", name)
        findings += _in_file(f"files[{index}]", text)
    return Verdict(max((finding.rule.decision for finding in findings), default=Decision.PASS), tuple(findings))


def normalise(line: str) -> str:
    """`line` as it is compared: NFKC, nothing invisible, one form of each star and of each level's glyphs."""
    # NFKC first: it turns full-width and compatibility forms into what the tables below know.
    shown = unicodedata.normalize("NFKC", line)
    kept = (c for c in shown if unicodedata.category(c) not in _INVISIBLE and c not in _BLANK)
    return "".join(kept).translate(_VARIANTS)


def _in_metadata(metadata: Metadata) -> Iterator[Finding]:
    declared = {"security_class": metadata.security_class, "secrecy_period": metadata.secrecy_period}
    for field, value in declared.items():
        if value is not None and normalise(value) not in _UNCLASSIFIED:
            yield Finding(Rule.LEVEL_DECLARED, f"metadata.{field}", length=len(value))
    if metadata.serial_number_of_copies is not None:
        yield Finding(Rule.COPY_NUMBER, "metadata.serial_number_of_copies")
    heads: dict[str, Iterable[str | None]] = {
        "title": [metadata.title],
        "issuer_identification": metadata.issuer_identification,
        "issued_number": [metadata.issued_number],
        "annotation": [metadata.annotation],
        "attachment_notes": metadata.attachment_notes,
    }
    for field, values in heads.items():
        for line, value in enumerate(values, 1):
            yield from _in_head(f"metadata.{field}", line, normalise(value or ""))


def _in_name(place: str, name: str) -> Iterator[Finding]:
    text = normalise(name)
    stem = text.rpartition(".")[0] or text
    if mark := _STARRED.search(text) or _LABELLED.search(text) or _BRACKETED.search(text) or _ALONE.fullmatch(stem):
        yield Finding(Rule.MARK_IN_NAME, place, length=len(mark[0]))
    elif mark := _LEADING.match(stem):
        yield Finding(Rule.WORD_LEADS_NAME, place, length=len(mark[0]))
    elif mark := _WORD.search(text):
        yield Finding(Rule.WORD_IN_PROSE, place, length=len(mark[0]))


def _in_file(place: str, text: FileText) -> Iterator[Finding]:
    if isinstance(text, Unseen):
        yield Finding(Rule.NOT_LOOKED_AT, place)
    elif text is None:
        yield Finding(Rule.UNREADABLE, place)
    else:
        yield from _in_text(place, text)


def _in_text(place: str, lines: Iterable[str]) -> Iterator[Finding]:
    """The head by its own rule, the rest for marks. Of bare words the first in a text is enough."""
    word: Finding | None = None
    for count, (position, line) in enumerate(_joined(lines)):
        if count < HEAD_LINES:
            found = list(_in_head(place, position, line))
        elif mark := _mark(line):
            found = [Finding(Rule.MARK_IN_BODY, place, position, len(mark[0]))]
        else:
            found = list(_words(place, position, line))
        for finding in found:
            if finding.rule is not Rule.WORD_IN_PROSE:
                yield finding
            elif word is None:
                word = finding
                yield finding


def _in_head(place: str, position: int, line: str) -> Iterator[Finding]:
    if mark := _mark(line):
        yield Finding(Rule.MARK_AT_HEAD, place, position, len(mark[0]))
    elif number := _COPY_NUMBER.fullmatch(line):
        yield Finding(Rule.COPY_NUMBER, place, position, len(number[0]))
    else:
        yield from _words(place, position, line)


def _words(place: str, position: int, line: str) -> Iterator[Finding]:
    if word := _WORD.search(line):
        yield Finding(Rule.WORD_IN_PROSE, place, position, len(word[0]))


def _mark(line: str) -> re.Match[str] | None:
    """A level with a star, after a label, in brackets at the start, or alone (older papers have no star)."""
    return _STARRED.search(line) or _LABELLED.search(line) or _BRACKETED.match(line) or _ALONE.fullmatch(line)


def _joined(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Lines that show something, normalised, with their numbers. A run of lines of one glyph each (text
    in a column, or taken out of a layout glyph by glyph) is one line."""
    run, start = "", 0
    for position, raw in enumerate(lines, 1):
        line = normalise(raw)
        if len(line) == 1:
            run, start = run + line, start or position
        elif line:
            if run:
                yield start, run
                run, start = "", 0
            yield position, line
    if run:
        yield start, run
