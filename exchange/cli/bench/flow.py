"""Deliveries end to end on the real one-machine exchange: from the first `submit` until the sender holds every
DELIVERED. What it took is set against the bare work for the very same messages."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from exchange.cli.bench.bare import Bare, measure_bare
from exchange.cli.bench.county import County, draft
from exchange.cli.bench.spent import Spent, spent
from exchange.errors import YidiError
from exchange.model.envelope import EnvelopeKey
from exchange.model.events import TransportState
from exchange.telemetry import make_metrics
from workers.machine import Machine, open_machine

__all__ = ["Flow", "measure_flow"]

_PATIENCE_SECONDS = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """`whole` for all deliveries together."""

    documents: int
    deliveries: int
    whole: Spent
    bare: Bare

    @property
    def per_second(self) -> float:
        return self.deliveries / self.whole.wall

    @property
    def share(self) -> float:
        """Of the bare work in the time on the processor."""
        return self.bare.total.cpu / self.whole.cpu


def measure_flow(county: County, documents: int, folder: Path, say: Callable[[int, int], None]) -> Flow:
    machine = open_machine(county.layout, make_metrics(), county.log)
    thread = threading.Thread(target=machine.run, name="exchange")
    thread.start()
    try:
        _deliver(machine, county, [0], lambda _done, _of: None)  # the first one fills the caches
        keys: list[EnvelopeKey] = []
        whole = spent(lambda: keys.extend(_deliver(machine, county, range(1, documents + 1), say)))
    finally:
        machine.stop()
        thread.join()
    return Flow(
        documents=documents,
        deliveries=documents * len(county.others),
        whole=whole,
        bare=measure_bare(county, keys, folder),
    )


def _deliver(
    machine: Machine, county: County, numbers: Sequence[int], say: Callable[[int, int], None]
) -> list[EnvelopeKey]:
    keys = [machine.node.submitter.submit(draft(county, number)).key for number in numbers]
    deadline = time.monotonic() + _PATIENCE_SECONDS
    expected = len(keys) * len(county.others)
    while (done := _delivered(machine, keys)) < expected:
        if time.monotonic() > deadline:
            raise YidiError(f"{done} of {expected} delivered after {_PATIENCE_SECONDS:.0f} s", code="BENCH")
        say(done, expected)
        time.sleep(0.1)
    say(expected, expected)
    return keys


def _delivered(machine: Machine, keys: Sequence[EnvelopeKey]) -> int:
    with machine.node_store.begin() as session:
        records = [record for key in keys for record in session.deliveries(key.sender, key)]
    return sum(record.state.transport is TransportState.DELIVERED for record in records)
