"""The dashboards over a real exchange: alive, loaded and then broken, scraped by Prometheus and drawn by Chromium.

`YIDI_PICTURES=docs/pictures` keeps what Chromium drew, after five minutes of work.
"""

import json
import os
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.grafana.board import Board
from deploy.grafana.boards import BOARDS, FOLDER, text_of
from exchange.trial.county import TrialCounty, TrialPlan
from exchange.trial.servers import free_port
from exchange.wiring.layout import Layout
from tests.servers.four import UNITS, A, B, D, send, sign, until
from tests.servers.watching import Prometheus, photographed, prometheus

PICTURES = os.environ.get("YIDI_PICTURES")
ROUNDS = 50 if PICTURES else 3
SENT, SIGNED = 20 * ROUNDS, 25


class Watched:
    def __init__(self, county: TrialCounty, page: str, server: Prometheus) -> None:
        self.county, self.page, self.server = county, page, server

    def data(self, board: str) -> dict[str, Any]:
        """What the page gets to draw of it."""
        chosen = {"unit": B} if "unit" in self._get(f"{board}/choices") else {}
        fields = urllib.parse.urlencode({"minutes": 5} | chosen)
        values: dict[str, Any] = self._get(f"{board}/data?{fields}")["panels"]
        return values

    def _get(self, path: str) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.page}/boards/{path}", timeout=30) as answer:
            found: dict[str, Any] = json.load(answer)
            return found


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """Loaded for a while, then without its broker for a while."""
    root = tmp_path_factory.mktemp("watched")
    face, asked = free_port(), free_port()
    hub = {"YIDI_WEB__PORT": str(face), "YIDI_WEB__PROMETHEUS": f"http://127.0.0.1:{asked}"}
    with TrialCounty(root / "county", UNITS, TrialPlan(nodes=2, office="folder", hub_settings=hub)) as county:
        county.found()
        county.start()
        addresses = {node.root.name: address_of(node.root) for node in county.nodes}
        with prometheus(root, f"http://127.0.0.1:{face}/targets", addresses, port=asked) as server:
            server.until('count(up{job="yidi"} == 1)', lambda found: bool(found) and found[0]["value"][1] == "7")
            sent = []
            for _ in range(ROUNDS):
                sent += send(county, A, (B, D), ["加强值班。".encode()] * 20)
                time.sleep(4)
            until(county, "rest", county.at_rest)
            sign(county, B, sent[:SIGNED])
            until(county, "rest", county.at_rest)
            county.broker.stop()
            send(county, A, (B, D), [b"5"] * 5)
            time.sleep(12)
            yield Watched(county, f"http://127.0.0.1:{face}/dashboards", server)
        county.stop()


def address_of(node: Path) -> str:
    shown, deadline = Layout(node).web_url, time.monotonic() + 60
    while not shown.exists():
        assert time.monotonic() < deadline, f"{node.name} did not start"
        time.sleep(0.1)
    return shown.read_text().strip().removeprefix("http://")


def test_the_files_for_grafana_are_the_boards() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == {board.uid for board in BOARDS}
    for board in BOARDS:
        assert (FOLDER / f"{board.uid}.json").read_text(encoding="utf-8") == text_of(board)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.uid)
def test_every_query_is_answered_and_none_is_empty_without_a_reason(watched: Watched, board: Board) -> None:
    answers = watched.data(board.uid)
    assert len(answers) == len(board.panels)
    for panel, answer in zip(board.panels, answers.values(), strict=True):
        assert "fault" not in answer, panel.title
        assert answer["series"] or panel.empty, f"{panel.title} is empty, and does not say why that may be"


@pytest.mark.timeout(400)
def test_what_happened_stands_in_the_panels(watched: Watched) -> None:
    glance = {panel.title.split()[0]: answer for panel, answer in zip(
        BOARDS[0].panels, watched.data("yidi-glance").values(), strict=True
    )}  # fmt: skip
    by_name = {one["name"].split()[0]: one["points"] for one in glance["公文每分钟"]["series"]}
    most = {name: max(value for _, value in points) for name, points in by_name.items()}
    assert most["受理"] > SENT / 10
    assert most["送达"] > most["受理"]  # two recipients each
    assert 0 < most["签收"] < most["受理"] + SIGNED
    assert glance["停止的进程"]["series"][0]["points"][-1][1] == 0
    assert {one["name"] for one in glance["送达用时"]["series"]} == {"50%", "95%", "99%"}
    broken = {panel.title.split()[0]: answer for panel, answer in zip(
        BOARDS[2].panels, watched.data("yidi-workers").values(), strict=True
    )}  # fmt: skip
    assert broken["失败的步骤"]["series"], "the broker is away, and no step failed"


@pytest.mark.timeout(400)
def test_the_page_asks_for_nothing_that_is_no_board(watched: Watched) -> None:
    for path, status in (
        ("/boards/elsewhere", 404),
        ("/boards/yidi-glance/data?minutes=0", 422),
        ("/boards/yidi-glance/data?query=up", 422),
        ("/parts/..%2Froutes.py", 404),
    ):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(watched.page + path, timeout=10)
        with refused.value:
            assert refused.value.code == status, path


@pytest.mark.timeout(400)
@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.uid)
def test_chromium_draws_each(watched: Watched, board: Board) -> None:
    picture = Path(PICTURES) / f"{board.uid}.png" if PICTURES else None
    height = 60 + 38 * max(one["gridPos"]["y"] + one["gridPos"]["h"] for one in board.grafana()["panels"])
    drawn = photographed(f"{watched.page}?minutes=5&unit={B}#{board.uid}", picture, 1500, height)
    assert f'data-drawn="{board.uid}"' in drawn
    assert 'id="told" class=""' in drawn, "the page says that something did not answer"
    filled = [answer for answer in watched.data(board.uid).values() if answer["series"]]
    curves = sum(panel.kind == "timeseries" for panel in board.panels)
    heights = [int(one) for one in re.findall(r'<canvas[^>]* height="(\d+)"', drawn)]
    assert 0 < len(heights) <= curves
    assert min(heights) > 100, "the legend leaves no room for the curves"
    assert len(re.findall("<section", drawn)) == len(board.panels)
    assert len(filled) > len(board.panels) // 2
