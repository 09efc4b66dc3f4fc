"""What runs over a data directory, asked by HTTP at the addresses that were written down there."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from exchange.cli.language import say

if TYPE_CHECKING:
    from exchange.wiring.layout import Layout

__all__ = ["Running", "measured", "moves", "programs_served", "running", "workers"]


_LARGEST = 4 << 20
_FAILED = re.compile(r"failed (\d+) times in a row")


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """`answer`: what /readyz said, in a line."""

    url: str
    ready: bool
    answer: str

    @property
    def faults(self) -> str:
        """What keeps it from being ready, `STEP: how` each; the answer as it is where that is none of /readyz's."""
        try:
            checks = json.loads(self.answer)["checks"].items()
        except (ValueError, KeyError, TypeError, AttributeError):
            return self.answer
        return "; ".join(f"{name}: {_words(state)}" for name, state in checks if state != "ok")


def _words(state: str) -> str:
    """As a loop says it (`workers.loops`)."""
    if failed := _FAILED.fullmatch(state):
        return say(f"连续失败 {failed[1]} 次", state)
    return say("停住", state) if state == "stuck" else state


def running(layout: "Layout", *, seconds: float = 3.0) -> Running | None:
    """None when nobody answers: it does not run, or died without taking its address away."""
    return _ask(layout.web_url, seconds)


def workers(layout: "Layout", *, seconds: float = 3.0) -> dict[str, Running | None]:
    """`router-1` -> how it is, of every worker of a hub that wrote its address down."""
    return {path.stem: _ask(path, seconds) for path in sorted((layout.root / "run").glob("*.url"))}


def programs_served(layout: "Layout", *, seconds: float = 3.0) -> str | None:
    """Where the interface for programs answers, be it that it wants a token; None when it does not."""
    asked = _ask(layout.api_url, seconds, "api/v1")
    return None if asked is None else asked.url


def moves(root: Path, worker: str, *, seconds: float = 5.0) -> bool:
    """Whether the loops of `router-1` or another worker come round, by its own word."""
    asked = _ask(root / "run" / f"{worker}.url", seconds, "livez")
    return asked is not None and asked.ready


def measured(root: Path, *, seconds: float = 3.0) -> dict[str, str | None]:
    """Process -> its /metrics as they are now, None where nobody answers: of `yidi up` or a node one, of a hub each
    worker's."""
    files = {path.stem: path for path in sorted((root / "run").glob("*.url"))}
    if (root / "web.url").exists():
        files = {"node" if (root / "node.toml").exists() else "up": root / "web.url"}
    answers = {name: _ask(path, seconds, "metrics", _LARGEST) for name, path in files.items()}
    return {name: None if answer is None else answer.answer for name, answer in answers.items()}


def _ask(file: Path, seconds: float, what: str = "readyz", limit: int = 2000) -> Running | None:
    import ssl
    import urllib.error
    import urllib.request

    try:
        url = file.read_text(encoding="utf-8").strip().rstrip("/")
    except OSError:
        return None
    # Always this very machine: no proxy of the environment has anything to do with it, and no certificate is judged.
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trusting))
    try:
        with direct.open(f"{url}/{what}", timeout=seconds) as response:
            body = response.read(limit)
            return Running(url=url, ready=True, answer=body.decode() if what == "metrics" else _line(body))
    except urllib.error.HTTPError as error:
        with error:
            return Running(url=url, ready=False, answer=_line(error.read(2000)))
    except (OSError, ValueError):
        return None


def _line(body: bytes) -> str:
    return " ".join(body.decode("utf-8", "replace").split())
