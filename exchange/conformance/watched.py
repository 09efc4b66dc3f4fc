"""An adapter watched while it is asked, a node's commits, and a file that breaks off.

Not here: what the steps are (`outward`), what is done with them (`stage`).
"""

import errno
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, TypeVar

from exchange.errors import YidiError
from exchange.model.envelope import EnvelopeKey
from exchange.model.receipt import Receipt
from exchange.model.unit import UnitCode
from exchange.ports.office import Draft, HandOver, InOffice, OfficeAdapter, OfficeDecision

__all__ = ["Commits", "Torn", "WatchedAdapter"]

_WRITES: Final = ("add_", "save_", "told")

_T = TypeVar("_T")
Within = Callable[[], AbstractContextManager[None]]


class Torn(io.RawIOBase):
    """A file that breaks off after its first half."""

    def __init__(self, whole: BinaryIO) -> None:
        with whole:
            self._half = io.BytesIO((data := whole.read())[: len(data) // 2])

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._half.seek(offset, whence)

    def readinto(self, buffer: Any) -> int:
        if not (size := self._half.readinto(buffer)):
            raise OSError(errno.EIO, "Input/output error")
        return size


@dataclass
class Commits:
    """Tells before and after each commit that writes something."""

    reach: Callable[[str], None]
    wrote: str = ""

    def __call__(self, step: str) -> None:
        if step == "begin":
            self.wrote = ""
        elif step.startswith(_WRITES):
            self.wrote = step
        elif step.startswith("commit-") and self.wrote:
            self.reach(f"{step} of {self.wrote}")


class WatchedAdapter(OfficeAdapter):
    """The adapter, watched while it is asked."""

    def __init__(self, inner: OfficeAdapter, within: Within) -> None:
        self._inner, self._within = inner, within

    def hand_over(self, item: HandOver) -> str:
        with self._within():
            return self._inner.hand_over(item)

    def tell(self, unit: UnitCode, receipt: Receipt, document: bytes) -> None:
        with self._within():
            self._inner.tell(unit, receipt, document)

    def collect(self, unit: UnitCode) -> Iterator[Draft]:
        return self._each(lambda: self._inner.collect(unit))

    def sent(self, unit: UnitCode, reference: str, key: EnvelopeKey) -> None:
        with self._within():
            self._inner.sent(unit, reference, key)

    def refused(self, unit: UnitCode, reference: str, code: str, message: str) -> None:
        with self._within():
            self._inner.refused(unit, reference, code, message)

    def decisions(self, unit: UnitCode, held: Callable[[], Sequence[InOffice]]) -> Iterator[OfficeDecision]:
        return self._each(lambda: self._inner.decisions(unit, held))

    def decided(self, unit: UnitCode, reference: str, fault: YidiError | None) -> None:
        with self._within():
            self._inner.decided(unit, reference, fault)

    def _each(self, ask: Callable[[], Iterable[_T]]) -> Iterator[_T]:
        with self._within():
            found = iter(ask())
        while True:
            with self._within():
                try:
                    one = next(found)
                except StopIteration:
                    return
            yield one
