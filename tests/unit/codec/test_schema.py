"""The schemas as they are compiled."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from lxml import etree

from exchange.codec.kind import DocumentKind
from exchange.codec.schema import faults

THREADS = 4


def test_no_two_threads_compile_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled, busy, together = etree.XMLSchema, threading.Lock(), threading.Barrier(THREADS)
    alone: list[bool] = []

    def slowly(tree: etree._ElementTree) -> etree.XMLSchema:
        first = busy.acquire(blocking=False)
        alone.append(first)
        time.sleep(0.05)  # so that another may come
        if first:
            busy.release()
        return compiled(tree)

    def use() -> None:
        together.wait()
        assert faults(etree.Element("nothing"), DocumentKind.ENVELOPE, most=1)

    monkeypatch.setattr(etree, "XMLSchema", slowly)
    with ThreadPoolExecutor(THREADS) as pool:
        for one in [pool.submit(use) for _ in range(THREADS)]:
            one.result()
    assert alone == [True] * THREADS
