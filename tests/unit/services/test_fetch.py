"""Files come whole or not at all."""

import hashlib
from dataclasses import replace
from io import BytesIO
from types import SimpleNamespace
from typing import cast

import pytest

from exchange.errors import CorruptFileError, FileMissingError
from exchange.model.envelope import FileEntry, FileRole
from exchange.model.unit import UnitCode
from exchange.services.node.fetch import fetch_files
from exchange.services.node.node import Node
from exchange.testing.files import MemoryFiles
from exchange.testing.metrics import RecordingLog
from exchange.trust.digest import measure

UNIT = UnitCode("520304-001")
DATA = b"0123456789" * 1000
ENTRY = FileEntry(
    role=FileRole.BODY,
    name="正文.pdf",
    media_type="application/pdf",
    size=len(DATA),
    sha256=hashlib.sha256(DATA).hexdigest(),
    sm3=measure(BytesIO(DATA)).sm3,
)


class HubSide:
    """The hub's copy: `data` may be cut or changed. `offsets` were asked for."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.offsets: list[int] = []

    def download(self, unit: UnitCode, sha256: str, offset: int, limit: int) -> bytes:
        self.offsets.append(offset)
        return self.data[offset : offset + limit]


def fetch(hub: HubSide, files: MemoryFiles, entry: FileEntry = ENTRY) -> None:
    timing = SimpleNamespace(chunk_bytes=4096)
    node = SimpleNamespace(files=files, exchange=hub, timing=timing, log=RecordingLog())
    fetch_files(cast("Node", node), UNIT, [entry])


def test_a_file_comes_in_pieces_and_is_whole() -> None:
    files = MemoryFiles()
    fetch(HubSide(DATA), files)
    assert files.open(ENTRY.sha256).read() == DATA


def test_it_goes_on_where_a_cut_left_off() -> None:
    files, hub = MemoryFiles(), HubSide(DATA)
    files.append(UNIT, ENTRY.sha256, 0, DATA[:5000])
    fetch(hub, files)
    assert hub.offsets[0] == 5000


def test_a_changed_file_never_becomes_visible() -> None:
    files = MemoryFiles()
    with pytest.raises(CorruptFileError):
        fetch(HubSide(DATA[:-1] + b"x"), files)
    assert not files.has(ENTRY.sha256)


def test_a_short_file_never_becomes_visible() -> None:
    files = MemoryFiles()
    with pytest.raises((CorruptFileError, FileMissingError)):
        fetch(HubSide(DATA[:100]), files)
    assert not files.has(ENTRY.sha256)


def test_a_file_that_was_here_already_is_hashed_again_and_fetched_again_if_this_disk_spoilt_it() -> None:
    files = MemoryFiles()
    fetch(HubSide(DATA), files)
    files.flip(ENTRY.sha256)
    hub = HubSide(DATA)
    fetch(hub, files)
    assert hub.offsets[0] == 0
    assert files.open(ENTRY.sha256).read() == DATA


def test_the_digest_of_the_country_is_checked_too() -> None:
    wrong = replace(ENTRY, sm3="0" * 64)
    files = MemoryFiles()
    for _ in range(2):
        with pytest.raises(CorruptFileError):
            fetch(HubSide(DATA), files, wrong)
