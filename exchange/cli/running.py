"""Whether a `yidi up` runs over a data directory, asked by HTTP at the address it wrote down."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exchange.wiring.layout import Layout

__all__ = ["Running", "running"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """`answer`: what /readyz said, in a line."""

    url: str
    ready: bool
    answer: str


def running(layout: "Layout", *, seconds: float = 3.0) -> Running | None:
    """None when nobody answers: it does not run, or died without taking its address away."""
    import urllib.error
    import urllib.request

    try:
        url = layout.web_url.read_text(encoding="utf-8").strip().rstrip("/")
    except OSError:
        return None
    # Always this very machine: no proxy of the environment has anything to do with it.
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(f"{url}/readyz", timeout=seconds) as response:
            return Running(url=url, ready=True, answer=_line(response.read(2000)))
    except urllib.error.HTTPError as error:
        with error:
            return Running(url=url, ready=False, answer=_line(error.read(2000)))
    except (OSError, ValueError):
        return None


def _line(body: bytes) -> str:
    return " ".join(body.decode("utf-8", "replace").split())
