"""Keeps a hub's workers running: one process each, started again when it dies, stopped in order.

A worker that dies again and again is started ever later, up to half a minute; one that ran for a minute counts as
well. One whose loops are stuck is killed, and so started again: its work comes again. Stopping: first what takes work
in, last the sealer, each group together.

Not here: what a worker does (`workers.processes`).
"""

import subprocess
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from exchange.ports.telemetry import Log
from exchange.ports.time import Clock

__all__ = ["STOP_ORDER", "Process", "Supervisor"]

STOP_ORDER = ("web", "router", "acknowledger", "clock", "sealer")
_LONGEST_WAIT, _WELL_SECONDS, _STOP_SECONDS = 30.0, 60.0, 20.0
_ASK_SECONDS = 30.0
# In a row: a machine that is busy for a while answers late, and is no better for a restart.
_STUCK_ANSWERS = 4


class Process(Protocol):
    """What `subprocess.Popen` is of a process."""

    @property
    def pid(self) -> int: ...
    def poll(self) -> int | None: ...
    def terminate(self) -> None: ...
    def kill(self) -> None: ...
    def wait(self, timeout: float | None = None) -> int: ...


@dataclass(slots=True)
class _Post:
    name: str
    number: int
    process: Process | None = None
    started: float = 0.0
    failures: int = 0
    due: float = field(default=float("-inf"))
    asked: float = 0.0
    stuck: int = 0


class Supervisor:
    def __init__(
        self,
        plan: Iterable[tuple[str, int]],
        spawn: Callable[[str, int], Process],
        clock: Clock,
        log: Log,
        *,
        moves: Callable[[str, int], bool] = lambda _name, _number: True,
    ) -> None:
        """`plan`: worker -> how many. `spawn`: name and number -> its process, started. `moves`: whether it says that
        its loops come round; it may take a few seconds to find out."""
        self._posts = [_Post(name, number) for name, count in plan for number in range(1, count + 1)]
        self._spawn, self._clock, self._log, self._moves = spawn, clock, log, moves

    def look(self) -> None:
        """Note who died, and start who is due. Now and then, at least every second."""
        now = self._clock.monotonic()
        for post in self._posts:
            if post.process is not None and (code := post.process.poll()) is not None:
                self._note_end(post, code, now)
            if post.process is None and now >= post.due:
                post.process, post.started = self._spawn(post.name, post.number), now
                post.asked, post.stuck = now, 0
                self._log.info("worker_started", worker=f"{post.name}-{post.number}", pid=post.process.pid)

    def end_stuck(self) -> None:
        """Ask the worker that was not asked for longest, if it is time; kill it when it has been stuck for minutes. Now
        and then, beside `look`, which starts it again."""
        now = self._clock.monotonic()
        running = [post for post in self._posts if post.process is not None]
        post = min(running, key=lambda one: one.asked, default=None)
        if post is None or post.process is None or now - post.asked < _ASK_SECONDS:
            return
        post.asked = now
        post.stuck = 0 if self._moves(post.name, post.number) else post.stuck + 1
        if post.stuck >= _STUCK_ANSWERS:
            self._log.alarm("worker_stuck", worker=f"{post.name}-{post.number}", pid=post.process.pid)
            post.process.kill()

    def pids(self) -> dict[str, int]:
        """`router-1` -> its process, of those that run."""
        return {f"{post.name}-{post.number}": post.process.pid for post in self._posts if post.process is not None}

    def stop(self) -> None:
        """All of them, in order. One that does not end in time is killed: its work comes again."""
        for name in STOP_ORDER:
            self._stop([(post, post.process) for post in self._posts if post.name == name and post.process is not None])

    def _note_end(self, post: _Post, code: int, now: float) -> None:
        post.failures = 1 if now - post.started >= _WELL_SECONDS else post.failures + 1
        post.due = now + min(_LONGEST_WAIT, 0.25 * 2.0 ** min(post.failures, 10))
        post.process = None
        self._log.warning("worker_ended", worker=f"{post.name}-{post.number}", status=code, failures=post.failures)

    def _stop(self, group: Sequence[tuple[_Post, Process]]) -> None:
        for _, process in group:
            process.terminate()
        for post, process in group:
            worker = f"{post.name}-{post.number}"
            try:
                self._log.info("worker_stopped", worker=worker, status=process.wait(_STOP_SECONDS))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                self._log.warning("worker_killed", worker=worker)
