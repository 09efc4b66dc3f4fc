"""Every vector is refused with its code, at once, and without touching a file or a socket."""

import json
import os
import socket
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from exchange.errors import YidiError
from exchange.trust.verify import Verifier
from tests.vectors.base import COUNTY, ENVELOPE, GOOD, NOW, Traps
from tests.vectors.make import VECTORS, write
from tests.vectors.table import Vector

SECONDS = 0.5
VERIFIER = Verifier(COUNTY.directory)
_TOUCHED: list[str] = []
_watching = False


def _audit(event: str, args: tuple[Any, ...]) -> None:
    if _watching and event.startswith(("open", "socket.", "subprocess.", "os.", "urllib.", "ctypes.")):
        _TOUCHED.append(f"{event} {args[:2]}")


# A hook cannot be taken out again; it watches only while a vector is judged.
sys.addaudithook(_audit)


@pytest.fixture(scope="module")
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    """A file that has never been read: reading it moves its access time, even where libxml2 opens it itself."""
    path = tmp_path / "canary"
    path.write_text("canary")
    os.utime(path, (1, 2))
    return path


def test_the_document_they_all_start_from_is_good() -> None:
    assert VERIFIER.envelope(GOOD, NOW).envelope == ENVELOPE


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_a_vector_is_refused_with_its_code(vector: Vector, canary: Path, listener: socket.socket) -> None:
    global _watching  # the audit hook outlives every test
    port = listener.getsockname()[1]
    data = vector.make(Traps(file=canary.as_uri(), url=f"http://127.0.0.1:{port}/canary"))
    VERIFIER.envelope(GOOD, NOW)  # schemas are read once, before we watch
    _TOUCHED.clear()
    _watching, begin = True, time.thread_time()
    try:
        with pytest.raises(YidiError) as caught:
            VERIFIER.envelope(data, NOW)
    finally:
        took, _watching = time.thread_time() - begin, False
    assert caught.value.code == vector.code, caught.value
    assert took < SECONDS
    assert not _TOUCHED
    assert canary.stat().st_atime == 1
    with pytest.raises(BlockingIOError):
        listener.accept()
    assert "canary" not in caught.value.message


def test_every_vector_has_a_name_of_its_own() -> None:
    assert [name for name, count in Counter(vector.name for vector in VECTORS).items() if count > 1] == []


def test_vectors_come_out_the_same_each_time_and_with_an_index(tmp_path: Path) -> None:
    write(tmp_path)
    index = json.loads((tmp_path / "index.json").read_text("utf-8"))
    assert len(index["vectors"]) == len(VECTORS)
    for row, vector in zip(index["vectors"], VECTORS, strict=True):
        assert (tmp_path / row["file"]).read_bytes() == vector.make(Traps())
