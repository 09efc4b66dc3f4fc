"""Every kind of process, killed once at each of its points, while documents flow.

Not here: what must hold afterwards (`checker`).
"""

import time
from collections.abc import Sequence

from tests.chaos.county import ChaosCounty

__all__ = ["POINTS", "kill_at_every_point", "kind_of"]

_BATCH = ("receive.after", "publish.before", "publish.middle", "publish.after", "ack.before", "ack.after")


def _around(*names: str) -> tuple[str, ...]:
    return tuple(f"{name}.{side}" for name in names for side in ("before", "after"))


POINTS: dict[str, tuple[str, ...]] = {
    "router": (*_BATCH, *_around("commit[add_documents]")),
    "acknowledger": (*_BATCH, *_around("commit[add_receipts]")),
    "clock": (
        *("publish.before", "publish.middle", "publish.after"),
        *_around("commit[take_owed]", "commit[save_deliveries]", "commit[save_forwards]"),
    ),
    "sealer": _around("commit[seal]"),
    "web": _around("file.append", "file.complete", "commit[add_claims]"),
    "node": (
        *_BATCH,
        *_around("commit[add_documents]", "commit[save_outbox]", "commit[close_outbox]", "commit[save_handovers]"),
        *_around("office", "file.append", "file.complete"),
    ),
    "clerk": _around("commit[add_documents]"),
}
_PATIENCE_SECONDS = 90.0


def kind_of(program: str) -> str:
    return program.partition("-")[0]


def kill_at_every_point(county: ChaosCounty, patience: float, words: Sequence[str] = ()) -> list[str]:
    """All kinds beside each other, the points of a node shared out among the nodes; returns those never reached.
    `patience`: seconds that reaching one may take, if more than 90. `words`: only points whose names hold one of these,
    such as "router ack.before"."""
    programs, waiting = county.all_programs(), _shared_out(county, words)
    armed: dict[str, tuple[str, float]] = {}
    missed = []
    # Some confirms are false meanwhile, so that the clock has something to repeat.
    county.set_fault("false_confirm", 0.2)
    while any(waiting.values()) or armed:
        for name, (point, since) in list(armed.items()):
            reached = county.has_died_at(programs[name], point)
            if reached or time.monotonic() > since + max(patience, _PATIENCE_SECONDS):
                missed += [] if reached else [f"{name} {point}"]
                del armed[name]
        for name, points in waiting.items():
            if points and name not in armed:
                point = points.pop(0)
                county.arm(programs[name], point)
                armed[name] = (point, time.monotonic())
        county.tend()
        time.sleep(0.05)
    county.clear_fault("false_confirm")
    return missed


def _shared_out(county: ChaosCounty, words: Sequence[str]) -> dict[str, list[str]]:
    """One process of the hub's kinds alone: the other one goes on, and what the dead one held is the other's."""
    shares: dict[str, list[str]] = {}
    for kind, all_points in POINTS.items():
        points = [one for one in all_points if not words or any(word in f"{kind} {one}" for word in words)]
        names = [name for name in county.all_programs() if kind_of(name) == kind]
        used = names if kind == "node" else names[:1]
        shares |= {name: list(points[n :: len(used)]) for n, name in enumerate(used)}
    return shares
