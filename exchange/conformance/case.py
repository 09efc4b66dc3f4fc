"""A case: what is tried, what is expected and why; and how it ended, which is never silence.

Not here: any case (`receiving` and its neighbours), running them (`trial`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

__all__ = ["Case", "Ending", "FailedError", "NotApplicableError", "Verdict", "Words", "expect"]


class Words(NamedTuple):
    """The same in both languages."""

    zh: str
    en: str


class Ending(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """`id` never changes its meaning, and is never used again. `play` gets what its suite gives: a `Stage`, a `Target`.
    It ends, or raises FailedError or NotApplicableError."""

    id: str
    title: Words
    expected: Words
    why: Words
    cure: Words
    play: Callable[[Any], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`seen`: what was seen when it failed; why it does not apply."""

    case: Case
    ending: Ending
    seen: tuple[str, ...] = ()
    seconds: float = 0.0


class FailedError(Exception):
    """What was seen."""

    def __init__(self, *seen: str) -> None:
        super().__init__("\n".join(seen))
        self.seen = seen


class NotApplicableError(Exception):
    """Why, in both languages."""


def expect(seen: object, wanted: object, what: str) -> None:
    """Raises FailedError."""
    if seen != wanted:
        raise FailedError(f"{what}: {_short(seen)}, 应为 expected {_short(wanted)}")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 300 else f"{text[:300]}…"
