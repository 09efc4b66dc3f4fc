"""What a vector is. To add one, append a row to the list of its kind (`xml.py`, `signature.py`, `content.py`).

A vector is given to the verifier; nothing but the code named here may come of it. Not here: well-shaped documents
that are not their author's (`authorship.py`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from tests.vectors.base import Traps

__all__ = ["Stage", "Vector", "fixed"]


class Stage(StrEnum):
    """Where a reader should notice: before the signature, at its shape, or in what it says."""

    XML = "xml"
    SIGNATURE = "signature"
    CONTENT = "content"


@dataclass(frozen=True, slots=True)
class Vector:
    name: str
    make: Callable[[Traps], bytes]
    code: str
    stage: Stage


def fixed(name: str, data: bytes, code: str, stage: Stage) -> Vector:
    """A vector without traps."""
    return Vector(name, lambda _: data, code, stage)
