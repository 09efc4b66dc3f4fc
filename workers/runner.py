"""Runs steps in turn until told to stop. Idle steps wait, failing steps back off, and no step's failure stops another.

A step is a function that does one bounded piece of work and returns how many things it did. What it took from a
queue and could not finish it has given back itself. Not here: what any step does.

Shutdown is in order: `stop()` ends the loop after the step in hand, so that whatever was committed is also
published and acknowledged. A step that moves much is left between two pieces of it, as if it had died there: it would
keep the process for hours, and goes on at the next start.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from exchange.errors import YidiError, loggable
from exchange.ports.pulse import Stopping, listening
from exchange.ports.telemetry import Log, Metrics
from exchange.ports.time import Clock
from exchange.telemetry import log_context

__all__ = ["Runner", "Step"]

_PAUSE_CAP_SECONDS = 30.0
# A round costs transactions, syncs and round trips, however little it finds. One that found less than so much lets a
# moment pass, in which more comes together; under load nobody waits.
_FEW = 50
_MOMENT_SECONDS = 0.03


@dataclass(slots=True, kw_only=True)
class Step:
    """`every_seconds`: 0 runs in each round; more runs at that interval. `name` is the label of its metrics.
    `meanwhile`: it also runs at the pulses of a step that takes long (`exchange.ports.pulse`)."""

    name: str
    run: Callable[[], int]
    every_seconds: float = 0.0
    meanwhile: bool = False
    due: float = field(default=0.0)
    failures: int = field(default=0)


class Runner:
    def __init__(
        self,
        name: str,
        steps: Sequence[Step],
        clock: Clock,
        metrics: Metrics,
        log: Log,
        *,
        idle_seconds: float = 0.05,
        pace: float = 1.0,
    ) -> None:
        """`pace`: so much faster do steps come round that come seldom, and failing ones again; none for it more often
        than each second."""
        self.name = name
        self._steps, self._clock, self._metrics, self._log = list(steps), clock, metrics, log
        self._idle, self._pace = idle_seconds, pace
        self._stop = threading.Event()
        self.last_round = clock.monotonic()

    def stop(self) -> None:
        self._stop.set()

    def run(self) -> None:
        """Until `stop()`. Sleeps when no step found anything to do, and a moment when they found little."""
        with log_context(worker=self.name), listening(self._pulse):
            while not self._stop.is_set():
                if pause := self.pause_seconds(self.round()):
                    self._stop.wait(pause)

    def pause_seconds(self, done: int) -> float:
        """How long to wait after a round that did so much."""
        if not done:
            return self._idle
        return min(_MOMENT_SECONDS, self._idle) if done < _FEW else 0.0

    def round(self) -> int:
        """Every step that is due, once; returns how much was done."""
        done = 0
        for step in self._steps:
            if self._stop.is_set():
                break
            if self._clock.monotonic() >= step.due:
                done += self._run(step)
        self.came_round()
        return done

    def _pulse(self) -> None:
        """A step that takes long moves: the loop is not stuck. Raises Stopping once it is told to stop."""
        if self._stop.is_set():
            raise Stopping
        self.came_round()
        self.meanwhile()

    def meanwhile(self) -> None:
        """From within a step: those that must not wait until it ends, if they are due."""
        for step in self._steps:
            if step.meanwhile and self._clock.monotonic() >= step.due:
                self._run(step)

    def came_round(self) -> None:
        self.last_round = self._clock.monotonic()
        self._metrics.gauge("yidi_worker_seen_timestamp_seconds", self._clock.now().timestamp(), worker=self.name)

    def seconds_since_round(self) -> float:
        return self._clock.monotonic() - self.last_round

    def faults(self) -> dict[str, int]:
        """Steps that are failing now, and how often in a row."""
        return {step.name: step.failures for step in self._steps if step.failures}

    def _run(self, step: Step) -> int:
        try:
            done = step.run()
        except Stopping:  # it goes on there at the next start
            self._log.info("step_left", step=step.name)
            return 0
        except YidiError as error:
            self._pause(step, error.code, loggable(error))
            return 0
        except Exception as error:  # noqa: BLE001  # a worker outlives its bugs and says so
            self._pause(step, "BUG", loggable(error))
            return 0
        step.failures = 0
        step.due = self._clock.monotonic() + max(min(step.every_seconds, 1.0), step.every_seconds / self._pace)
        if done:
            self._metrics.count("yidi_worker_work_total", done, step=step.name)
        return done

    def _pause(self, step: Step, code: str, detail: str) -> None:
        step.failures += 1
        pause = min(_PAUSE_CAP_SECONDS / self._pace, 0.1 * 2.0 ** min(step.failures, 10))
        step.due = self._clock.monotonic() + pause
        self._metrics.count("yidi_worker_failures_total", step=step.name, code=code)
        self._log.warning("step_failed", step=step.name, code=code, detail=detail, failures=step.failures)
