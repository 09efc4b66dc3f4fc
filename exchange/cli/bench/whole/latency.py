"""How long one document to one unit takes until the sender holds its DELIVERED: on an idle exchange, and while
documents to 16 units each make half the load that the machine can carry."""

import threading
import time
from collections.abc import Callable, Sequence

from exchange.cli.bench.whole.load import delivered, send
from exchange.cli.bench.whole.result import Latency, Run
from exchange.cli.bench.whole.stage import Stage
from exchange.model.envelope import EnvelopeKey

__all__ = ["measure_half_load", "measure_idle"]

_LOOK_SECONDS = 0.01
_PROBE_SECONDS = 0.1


def measure_idle(stage: Stage, probes: int, say: Callable[[int, int], None]) -> Latency:
    """One after the other: the exchange has come to rest before each."""
    to, took = stage.recipients(1), []
    for number in range(probes):
        stage.rest()
        began = time.monotonic()
        key = send(stage, number, to)
        stage.until(lambda key=key: delivered(stage, key), "delivered", every_seconds=_LOOK_SECONDS)  # type: ignore[misc]  # a default binds the loop's value
        took.append(time.monotonic() - began)
        say(number + 1, probes)
    return _latency(took, 0.0)


def measure_half_load(stage: Stage, full: Run, seconds: float, say: Callable[[int, int], None]) -> Latency:
    """`full`: what the exchange did at its best. The probes go to one of the units that the load goes to."""
    stage.rest()
    to, load = stage.recipients(full.recipients), full.per_second / 2
    ended, sent = threading.Event(), [0]

    def push() -> None:
        began = time.monotonic()
        while not ended.is_set():
            send(stage, sent[0], to)
            sent[0] += 1
            ended.wait(max(0.0, began + sent[0] * full.recipients / load - time.monotonic()))

    pusher = threading.Thread(target=push, name="load")
    began = time.monotonic()
    pusher.start()
    try:
        took = _probe(stage, seconds, say)
    finally:
        ended.set()
        pusher.join()
    return _latency(took, sent[0] * full.recipients / (time.monotonic() - began))


def _probe(stage: Stage, seconds: float, say: Callable[[int, int], None]) -> list[float]:
    to, began = stage.recipients(1), time.monotonic()
    took: list[float] = []
    under_way: list[tuple[float, EnvelopeKey]] = []
    while (now := time.monotonic()) < began + seconds or under_way:
        if now < began + seconds:
            under_way.append((now, send(stage, len(took), to)))
        due = now + _PROBE_SECONDS
        while (now := time.monotonic()) < due:
            done = [item for item in under_way if delivered(stage, item[1])]
            took += [time.monotonic() - sent for sent, _ in done]
            under_way = [item for item in under_way if item not in done]
            time.sleep(_LOOK_SECONDS)
        say(min(int(now - began), int(seconds)), int(seconds))
    return took


def _latency(took: Sequence[float], load: float) -> Latency:
    ordered = sorted(took)

    def at(share: float) -> float:
        return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000, 1)

    return Latency(probes=len(ordered), load=round(load, 1), p50_ms=at(0.5), p95_ms=at(0.95), p99_ms=at(0.99))
