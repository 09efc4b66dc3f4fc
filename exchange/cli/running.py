"""What runs over a data directory, asked by HTTP at the addresses that were written down there."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exchange.wiring.layout import Layout

__all__ = ["Running", "moves", "programs_served", "running", "workers"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """`answer`: what /readyz said, in a line."""

    url: str
    ready: bool
    answer: str


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


def _ask(file: Path, seconds: float, what: str = "readyz") -> Running | None:
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
            return Running(url=url, ready=True, answer=_line(response.read(2000)))
    except urllib.error.HTTPError as error:
        with error:
            return Running(url=url, ready=False, answer=_line(error.read(2000)))
    except (OSError, ValueError):
        return None


def _line(body: bytes) -> str:
    return " ".join(body.decode("utf-8", "replace").split())
