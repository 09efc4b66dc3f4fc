"""Files of any size travel: through a node and the hub's HTTP, over lines that are cut, in little memory."""

import hashlib
import os
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.servers.lines import RECIPIENT, SENDER, FarCounty, far_county, meanwhile, until

GIB = 1 << 30
CUTS = 10
# What the file takes of each process. Its interpreter and libraries alone have more than that before the first byte.
GROWTH_MIB = 100


def large_file(path: Path, size: int) -> str:
    """Sparse, but of no two places alike that are looked at; returns its digest."""
    with path.open("wb") as file:
        file.truncate(size)
        for place in range(0, size, 32 << 20):
            file.seek(place)
            file.write(os.urandom(4096))
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def cut_while_it_passes(far: FarCounty, of_bytes: int, cuts: int, over: threading.Event) -> None:
    """At as many places, evenly, of all the bytes that pass."""
    start = far.passed
    while far.cuts < cuts and not over.wait(0.02):
        if far.passed - start > (far.cuts + 1) * of_bytes // (cuts + 1):
            far.cut()


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_a_gigabyte_goes_its_whole_way_over_a_line_cut_ten_times_in_little_memory(tmp_path: Path) -> None:
    source, target = tmp_path / "大坝影像.bin", tmp_path / "received.bin"
    digest = large_file(source, GIB)
    with far_county(tmp_path / "county", pace=10) as far, far.client(SENDER) as sender, far.client(RECIPIENT) as there:
        began, before, passed = time.monotonic(), far.peaks_mib(), far.passed
        assert sender.upload(source) == digest
        source.unlink()
        asked = {
            "to": [{"to": RECIPIENT}],
            "metadata": {"title": "水库大坝影像资料"},
            "declared_by": "张三",
            "files": [{"name": "大坝影像.bin", "sha256": digest}],
        }
        with meanwhile(lambda over: cut_while_it_passes(far, 2 * GIB, CUTS, over)):
            sent = sender.submit(asked)
            until(lambda: [item["id"] for item in there.inbox()] == [sent["id"]], 900)
        there.fetch(sent["id"], digest, target)  # hashed before it is there
        assert target.stat().st_size == GIB
        grown = {name: peak - before[name] for name, peak in far.peaks_mib().items()}
        print(  # noqa: T201  # the numbers of docs/performance.md, shown by -s
            f"{time.monotonic() - began:.0f} s, {far.cuts} cuts, {(far.passed - passed) / GIB:.3f} GiB passed",
            far.peaks_mib(),
            grown,
            file=sys.stderr,
        )
        assert far.cuts == CUTS
        assert max(grown.values()) < GROWTH_MIB
        assert far.passed - passed < 2.2 * GIB  # resumed, not restarted
