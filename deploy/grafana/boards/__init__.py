"""The dashboards, one module each. `python -m deploy.grafana.boards` writes them for Grafana into `dashboards/`.

Each answers one question, which its docstring asks. Metrics: `docs/metrics.md`. Not here: what a panel is
(`deploy.grafana.board`).
"""

import json
from pathlib import Path

from deploy.grafana.board import Board
from deploy.grafana.boards.glance import GLANCE
from deploy.grafana.boards.ledger import LEDGER
from deploy.grafana.boards.service import SERVICE
from deploy.grafana.boards.unit import UNIT
from deploy.grafana.boards.workers import WORKERS

__all__ = ["BOARDS", "FOLDER", "text_of"]

FOLDER = Path(__file__).parent.with_name("dashboards")

BOARDS = (GLANCE, UNIT, WORKERS, LEDGER, SERVICE)


def text_of(board: Board) -> str:
    """The file that Grafana reads."""
    return json.dumps(board.grafana(), ensure_ascii=False, indent=1) + "\n"
