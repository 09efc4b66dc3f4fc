"""临翔区 Linxiang: 512 kbit/s, 600 ms there and back, cut every minute. A document with 20 MB arrives, resumed and not
restarted, and an urgent one does not wait behind it.

Here bandwidth is higher and time is shorter by the same factor, YIDI_THIN_LINE_PACE; 1 is the real line."""

import hashlib
import os
import sys
import threading
import time
from pathlib import Path

import pytest

from exchange.trial.proxy import SharedLine
from tests.servers.lines import RECIPIENT, SENDER, FarCounty, far_county, meanwhile, until

PACE = float(os.environ.get("YIDI_THIN_LINE_PACE", "20"))
BYTES_PER_SECOND, ONE_WAY_SECONDS, CUT_EVERY_SECONDS = 512_000 / 8, 0.3, 60.0
SIZE = 20_000_000
PATIENCE_SECONDS = max(300.0, 3600 / PACE)


def cut_now_and_then(far: FarCounty, over: threading.Event) -> None:
    while not over.wait(CUT_EVERY_SECONDS / PACE):
        far.cut()


def document(title: str, **more: object) -> dict[str, object]:
    return {"to": [{"to": RECIPIENT}], "metadata": {"title": title}, "declared_by": "张三"} | more


@pytest.mark.timeout(1800)
def test_twenty_megabytes_arrive_over_a_thin_line_and_an_urgent_document_overtakes_them(tmp_path: Path) -> None:
    source, target = tmp_path / "附件.bin", tmp_path / "received.bin"
    source.write_bytes(os.urandom(SIZE))
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    line = SharedLine(BYTES_PER_SECOND * PACE)
    with (
        far_county(tmp_path / "county", latency_seconds=ONE_WAY_SECONDS / PACE, line=line, pace=PACE) as far,
        far.client(SENDER) as sender,
        far.client(RECIPIENT) as there,
    ):
        sender.upload(source)
        passed, began = far.passed, time.monotonic()

        def seconds() -> float:
            return (time.monotonic() - began) * PACE

        def arrived() -> set[str]:
            return {item["id"] for item in there.inbox()}

        def overtakes() -> float:
            asked, title = seconds(), {"title": "防汛红色预警", "emergency_degree": "特急"}
            urgent = sender.submit(document("防汛红色预警") | {"metadata": title})
            until(lambda: urgent["id"] in arrived())
            return seconds() - asked

        with meanwhile(lambda over: cut_now_and_then(far, over)):
            large = sender.submit(document("年度报告", files=[{"name": "附件.bin", "sha256": digest}]))
            until(lambda: far.passed - passed > SIZE // 4, PATIENCE_SECONDS)
            up = overtakes()
            assert large["id"] not in arrived()
            until(lambda: far.passed - passed > SIZE + SIZE // 4, PATIENCE_SECONDS)
            down = overtakes()
            assert large["id"] not in arrived()
            until(lambda: large["id"] in arrived(), PATIENCE_SECONDS)
        took, sent = seconds(), far.passed - passed
        there.fetch(large["id"], digest, target)
        print(  # noqa: T201  # the numbers of docs/performance.md, shown by -s
            f"{took:.0f} s, {far.cuts} cuts, {sent / SIZE:.2f} sizes passed, urgent after {up:.0f} s and {down:.0f} s",
            file=sys.stderr,
        )
        assert far.cuts >= 5
        assert sent < 2.5 * SIZE
