"""How much is measured: quick in one or two minutes, in full in about eight, or as asked."""

from collections.abc import Sequence
from dataclasses import dataclass

from exchange.cli.failure import fail

__all__ = ["FULL", "QUICK", "Rate", "Size", "asked_rates"]


@dataclass(frozen=True, slots=True)
class Rate:
    recipients: int
    documents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """`rates`: recipients and documents of each run. `probes`: single documents timed on an idle exchange;
    `half_seconds`: how long under half of its load. `units`, `ledger`: sizes to grow to, ascending. `messages`: through
    the broker, as a raw part. `peer`: documents through pyas2lib. `routing`: through one router; twice as many
    through two."""

    nodes: int
    rates: tuple[Rate, ...]
    probes: int
    half_seconds: float
    backlog: int
    units: tuple[int, ...]
    ledger: tuple[int, ...]
    growth_documents: int = 200
    routing: int = 3000
    messages: int = 4000
    peer: int = 100

    @property
    def hosted(self) -> int:
        """Units with a key: the sender, and as many as the widest circulation reaches."""
        return 1 + max(rate.recipients for rate in self.rates)


QUICK = Size(
    nodes=2,
    rates=(Rate(1, 300), Rate(16, 40), Rate(128, 10)),
    probes=20,
    half_seconds=5.0,
    backlog=500,
    units=(),
    ledger=(),
    growth_documents=40,
    routing=300,
    messages=2000,
    peer=50,
)
FULL = Size(
    nodes=2,
    rates=(Rate(1, 3000), Rate(16, 300), Rate(128, 60)),
    probes=60,
    half_seconds=20.0,
    backlog=10_000,
    units=(10, 129, 1000, 3000),
    ledger=(10_000, 100_000, 1_000_000),
)


def asked_rates(texts: Sequence[str]) -> tuple[Rate, ...]:
    """Of `16:300` and the like. Raises YidiError."""
    return tuple(map(_rate, texts))


def _rate(text: str) -> Rate:
    recipients, colon, documents = text.partition(":")
    if not (colon and recipients.isdecimal() and documents.isdecimal() and int(recipients) > 0 and int(documents) > 0):
        raise fail("INPUT", f"--rate {text}：应为两个数，如 16:300", f"--rate {text}: two numbers, such as 16:300")
    return Rate(int(recipients), int(documents))
