"""Many threads' work in one batch: nobody is forgotten, and nobody suffers from another's fault."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from exchange.services.together import Together

_PATIENCE = 30.0


class Work:
    """Records its batches. The first one is held until `go`; "bad" breaks the batch it is in."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.started, self.go = threading.Event(), threading.Event()

    def __call__(self, items: Sequence[str]) -> None:
        if not self.started.is_set():
            self.started.set()
            assert self.go.wait(_PATIENCE)
        if "bad" in items:
            raise ValueError("bad")
        self.batches.append(list(items))


def test_whoever_comes_alone_is_served_alone() -> None:
    work = Work()
    work.go.set()
    together = Together(work)
    together.do("a")
    together.do("b")
    assert work.batches == [["a"], ["b"]]


def test_those_who_come_meanwhile_share_a_batch() -> None:
    work = Work()
    together = Together(work)
    with ThreadPoolExecutor(4) as threads:
        first = threads.submit(together.do, "a")
        assert work.started.wait(_PATIENCE)
        others = [threads.submit(together.do, name) for name in ("b", "c", "d")]
        _until(lambda: len(together._waiting) == 3)  # noqa: SLF001  # nothing else shows that all three wait
        work.go.set()
        for one in (first, *others):
            one.result(_PATIENCE)
    assert work.batches[0] == ["a"]
    assert sorted(work.batches[1]) == ["b", "c", "d"]
    assert len(work.batches) == 2


def test_one_that_fails_fails_alone() -> None:
    work = Work()
    together = Together(work)
    with ThreadPoolExecutor(4) as threads:
        first = threads.submit(together.do, "a")
        assert work.started.wait(_PATIENCE)
        bad, good = threads.submit(together.do, "bad"), threads.submit(together.do, "good")
        _until(lambda: len(together._waiting) == 2)  # noqa: SLF001  # as above
        work.go.set()
        first.result(_PATIENCE)
        good.result(_PATIENCE)
        with pytest.raises(ValueError, match="bad"):
            bad.result(_PATIENCE)
    assert work.batches == [["a"], ["good"]]


def _until(reached: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(int(_PATIENCE * 100)):
        if reached():
            return
        pause.wait(0.01)
    raise AssertionError("not reached")
