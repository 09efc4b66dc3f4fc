"""/targets: where the metrics of a hub's workers are, as Prometheus asks for by `http_sd_configs`.

Workers take free ports anew at each start. Here they are called by their names, so that a worker that was started again
goes on with its series. One that should run and does not is named, too, at an address where nobody answers: else it
would be missed by nobody.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fastapi import FastAPI

__all__ = ["add_targets"]

_NOWHERE = "127.0.0.1:9"


def add_targets(app: FastAPI, folder: Path, planned: Iterable[str] = ()) -> None:
    """`folder`: a file `<worker>-<number>.url` for each that runs. `planned`: those that should."""
    nowhere = dict.fromkeys(planned, _NOWHERE)

    @app.get("/targets")
    def targets() -> list[dict[str, Any]]:
        shown = {path.stem: address for path in folder.glob("*-*.url") if (address := _address(path))}
        return [
            {"targets": [address], "labels": {"instance": name}} for name, address in sorted((nowhere | shown).items())
        ]


def _address(path: Path) -> str:
    """Empty when it just ended."""
    try:
        return urlsplit(path.read_text(encoding="utf-8").strip()).netloc
    except OSError:
        return ""
