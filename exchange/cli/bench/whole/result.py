"""What was measured, as values. Not here: how it is shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from exchange.cli.bench.machine import MachineFacts
from exchange.cli.bench.whole.stage import Cpu

__all__ = ["Backlog", "Growth", "Latency", "Measured", "Parts", "Peer", "RatePart", "RawPart", "Run", "Scaled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """`documents` to `recipients` each. `seconds`: from the first submission until the sender held every DELIVERED.
    `cpu`: of each process, until everything was at rest: sealed, confirmed, nothing owed."""

    recipients: int
    documents: int
    seconds: float
    cpu: Cpu

    @property
    def deliveries(self) -> int:
        return self.recipients * self.documents

    @property
    def per_second(self) -> float:
        return self.deliveries / self.seconds

    @property
    def cpu_us(self) -> float:
        """On the processor for each delivery, microseconds, all processes together."""
        return sum(self.cpu.values()) / self.deliveries * 1e6

    @property
    def per_core(self) -> float:
        """Deliveries that one core could do in a second."""
        return 1e6 / self.cpu_us


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """`documents` to one unit whose node was off: how long until all were accepted, and until they were delivered once
    it was back."""

    documents: int
    accept_seconds: float
    accept_cpu: Cpu
    catch_up_seconds: float
    catch_up_cpu: Cpu

    @property
    def accepted_per_second(self) -> float:
        return self.documents / self.accept_seconds

    @property
    def caught_up_per_second(self) -> float:
        return self.documents / self.catch_up_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """From the call of `submit` until the sender's store showed DELIVERED, milliseconds. `load`: deliveries a second
    that went on beside it."""

    probes: int
    load: float
    p50_ms: float
    p95_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """The same documents after something has grown. `grow_seconds`: what growing took. `note`: where the time went."""

    size: int
    grow_seconds: float
    note: str
    run: Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaled:
    """A backlog to one unit each, taken by so many routers alone."""

    routers: int
    documents: int
    seconds: float

    @property
    def per_second(self) -> float:
        return self.documents / self.seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class RawPart:
    """One raw operation alone: microseconds on the processor, at the client and at the server."""

    name: str
    count: int
    client_us: float
    server_us: float = 0.0

    @property
    def total_us(self) -> float:
        return self.client_us + self.server_us


@dataclass(frozen=True, slots=True, kw_only=True)
class RatePart:
    """What the raw parts of one delivery sum up to, microseconds on the processor, for documents to so many units."""

    recipients: int
    sign_us: float
    verify_us: float
    commit_us: float
    broker_us: float
    whole_us: float

    @property
    def sum_us(self) -> float:
        return self.sign_us + self.verify_us + self.commit_us + self.broker_us

    @property
    def share(self) -> float:
        return self.sum_us / self.whole_us


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    raw: Sequence[RawPart]
    rates: Sequence[RatePart]


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """pyas2lib: sign, verify, signed MDN, verify that; no store and no transport."""

    version: str
    exchanges: int
    cpu_us: float

    @property
    def per_core(self) -> float:
        return 1e6 / self.cpu_us


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """`start_seconds`: until the county was founded, its processes ran and one document had gone to all.
    `seconds`: the whole measurement."""

    machine: MachineFacts
    nodes: int
    units: int
    start_seconds: float
    seconds: float
    runs: Sequence[Run]
    idle: Latency
    half: Latency
    backlog: Backlog
    memory_kib: Mapping[str, int]
    units_growth: Sequence[Growth]
    ledger_growth: Sequence[Growth]
    routers: Sequence[Scaled]
    parts: Parts
    peer: Peer | None
