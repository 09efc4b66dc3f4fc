"""/targets: where the metrics of a hub's workers are, as Prometheus asks for by `http_sd_configs`.

Workers take free ports anew at each start. Here they are called by their names, so that a worker that was started again
goes on with its series.
"""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fastapi import FastAPI

__all__ = ["add_targets"]


def add_targets(app: FastAPI, folder: Path) -> None:
    """`folder`: a file `<worker>-<number>.url` for each that runs."""

    @app.get("/targets")
    def targets() -> list[dict[str, Any]]:
        return [
            {"targets": [address], "labels": {"instance": path.stem}}
            for path in sorted(folder.glob("*-*.url"))
            if (address := _address(path))
        ]


def _address(path: Path) -> str:
    """Empty when it just ended."""
    try:
        return urlsplit(path.read_text(encoding="utf-8").strip()).netloc
    except OSError:
        return ""
