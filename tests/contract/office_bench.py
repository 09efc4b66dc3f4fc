"""What benches of simulated offices share: whoever asks tells of it, and one office is two units' here."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from exchange.adapters.forms.adapter import FormAdapter
from exchange.adapters.office_http import Answer, OfficeHttp
from tests.unit.services.hub_and_node import A, B

__all__ = ["DECISIONS", "EVENTS", "ForItsUnit", "Told", "watching"]

DECISIONS: Final = ("签收", "反馈")
EVENTS: Final = {
    "已受理": "ACCEPTED",
    "已送达": "DELIVERED",
    "已入OA": "IMPORTED",
    "已签收": "SIGNED",
    "已反馈": "FEEDBACK",
}


class Told(OfficeHttp):
    """Tells of each question that changes something, before it is asked and after it was answered. `reads`: ends of
    paths that change nothing, besides those that are got."""

    reads: tuple[str, ...] = ()
    reach: Callable[[str], None] | None = None

    def ask(self, method: str, path: str, **parts: Any) -> Answer:
        writes = method != "GET" and not path.endswith(self.reads)
        if writes and self.reach is not None:
            self.reach(f"before {path}")
        answer = super().ask(method, path, **parts)
        if writes and self.reach is not None:
            self.reach(f"after {path}")
        return answer


@contextmanager
def watching(lines: Iterable[Told], reach: Callable[[str], None]) -> Iterator[None]:
    """`reach` hears of every question on `lines`."""
    held = list(lines)
    for line in held:
        line.reach = reach
    try:
        yield
    finally:
        for line in held:
            line.reach = None


class ForItsUnit(FormAdapter):
    """Before an adapter in its bases: one office has one unit; here A sends and B receives."""

    def collect(self, unit: Any) -> Any:
        return super().collect(unit) if unit == A else ()

    def decisions(self, unit: Any, held: Any) -> Any:
        return super().decisions(unit, held) if unit == B else ()
