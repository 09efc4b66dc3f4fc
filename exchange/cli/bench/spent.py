"""What a piece of work took: by the clock on the wall, and on the processor."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

__all__ = ["Spent", "least", "spent", "spent_each"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds. `cpu`: of all threads of this process together, kernel included."""

    wall: float
    cpu: float

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(self.wall + other.wall, self.cpu + other.cpu)


def spent(work: Callable[[], object]) -> Spent:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Spent(time.perf_counter() - wall, time.process_time() - cpu)


def spent_each(work: Callable[[T], object], items: Iterable[T]) -> Spent:
    wall, cpu = time.perf_counter(), time.process_time()
    for item in items:
        work(item)
    return Spent(time.perf_counter() - wall, time.process_time() - cpu)


def least(rounds: Sequence[Spent]) -> Spent:
    """The quickest of some rounds: whatever else this machine does can only add."""
    return Spent(min(one.wall for one in rounds), min(one.cpu for one in rounds))
