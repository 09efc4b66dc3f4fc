"""What benches over simulated offices share.

Not here: any office.
"""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Generic, Self, TypeVar

from exchange.conformance.bench import Bench, Site
from exchange.errors import InputError
from exchange.testing.office_server import OfficeServer

__all__ = ["SimulatedBench", "calls_in", "refusals", "secret_in"]

Office = TypeVar("Office", bound=OfficeServer)


class SimulatedBench(Bench, Generic[Office]):
    """`kind`: of office, which runs from here to `close`."""

    simulated = True
    kind: type[Office]

    def __init__(self, site: Site) -> None:
        """Raises InputError when somebody gave settings of a real office, into which these benches cannot look."""
        if site.table or site.extra:
            raise InputError(
                "this bench is over a simulated office; for a real one name a bench of your own by --bench "
                "(docs/conformance.md)",
                code="BENCH_UNKNOWN",
            )
        self._office = self.kind()
        self._office.__enter__()

    @classmethod
    def open(cls, site: Site) -> Self:
        return cls(site)

    def close(self) -> None:
        self._office.__exit__()

    def outage(self) -> AbstractContextManager[object]:
        return self._office.closed()


def calls_in(site: Site) -> dict[str, object]:
    """Settings by which the office may call the node."""
    return {"secret_file": secret_in(site, "calls", "the-secret-of-its-calls"), "addresses": ["127.0.0.1"]}


def refusals(said: Iterable[Iterable[str]]) -> list[str]:
    """Of what was written at processes, what says that something was not done."""
    return [text for texts in said for text in texts if text.startswith("未")]


def secret_in(site: Site, name: str, secret: str) -> str:
    """A file of the node's with it; returns its name, as settings have it."""
    (site.data / name).write_text(secret, encoding="utf-8")
    return name
