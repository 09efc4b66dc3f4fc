"""Work of many threads done together: whoever comes while others are at it waits, and is served in the next batch.

What is slow and the same for one or for many, as a synced commit, is then paid once for all who came meanwhile. A
batch that fails is tried again one by one, so that nobody suffers from another's. Not here: what the work is.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

__all__ = ["Together"]

T = TypeVar("T")


class _Waiting(Generic[T]):
    def __init__(self, item: T) -> None:
        self.item = item
        self.done = False
        self.error: Exception | None = None


class Together(Generic[T]):
    def __init__(self, work: Callable[[Sequence[T]], None]) -> None:
        """`work` does all of the items it is given, or raises and has done none."""
        self._work = work
        self._waiting: list[_Waiting[T]] = []
        self._queue, self._turn = threading.Lock(), threading.Lock()

    def do(self, item: T) -> None:
        """Returns when `item` is done; raises what `work` raised for it alone."""
        own = _Waiting(item)
        with self._queue:
            self._waiting.append(own)
        with self._turn:
            if not own.done:
                with self._queue:
                    batch, self._waiting = self._waiting, []
                self._serve(batch)
        if own.error is not None:
            raise own.error

    def _serve(self, batch: Sequence[_Waiting[T]]) -> None:
        try:
            self._work([one.item for one in batch])
        except Exception as error:  # noqa: BLE001  # it is raised again where it belongs
            if len(batch) == 1:
                batch[0].error = error
            else:
                for one in batch:
                    self._serve([one])
        for one in batch:
            one.done = True
