"""The loops of one process, each in a thread: run until told to stop, and say how they are. A node's also serve its
programs.

Stopping is in order, and the log says each (`stopped`): first what takes work in, so that nobody begins what could not
be ended; then the loops, each after the step in hand, whose work is committed, published and acknowledged by then; then
the queues, which give back what was taken and not looked at; last the stores, which all before may have needed. Whoever
watches the process sees it until after that.

Not here: what the loops do.
"""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from typing import Final, NamedTuple

from exchange.errors import loggable
from exchange.ports.telemetry import Log
from exchange.web.serve import Server
from workers.runner import Runner

__all__ = ["End", "Loops"]

_PATIENCE_SECONDS: Final = 8.0  # of ten that a stop may take, from the moment it was asked for


class End(NamedTuple):
    """Something to close at the end. `what`: its name in the log."""

    what: str
    close: Callable[[], None]


class Loops:
    """`run()` blocks until `stop()`, which may come from any thread; then `ends` are closed, in order. `doors`: what
    takes work in and is closed before the loops end. `left`: names of loops that did not end."""

    def __init__(self, runners: Sequence[Runner], ends: Sequence[End], log: Log, *, doors: Sequence[End] = ()) -> None:
        self.runners, self._doors, self._ends, self._log = tuple(runners), tuple(doors), tuple(ends), log
        self.api_url = ""
        self.left: tuple[str, ...] = ()
        self._stop_asked: float | None = None
        self._over = threading.Event()  # told to stop, or a loop broke

    def join(self, runner: Runner, end: End) -> None:
        """One more loop, and what is closed after all loops have ended."""
        self.runners, self._ends = (*self.runners, runner), (*self._ends, end)

    def serve(self, api: Server) -> None:
        """Begin to serve programs at once, and stop before anything else ends. Raises InputError (WEB_ADDRESS)."""
        api.start()
        self.api_url = api.url
        self._doors = (*self._doors, End("programs", api.stop))

    def run(self) -> None:
        loops = {_begun(runner, f"loop-{n}"): runner for n, runner in enumerate(self.runners)}
        for one in loops:
            one.add_done_callback(lambda _: self._over.set())
        self._over.wait()
        self.stop()
        assert self._stop_asked is not None
        ended, left = wait(loops, self._stop_asked + _PATIENCE_SECONDS - time.monotonic())
        self.left = tuple(sorted(loops[one].name for one in left))
        for name in self.left:
            self._log.warning("loop_left", worker=name)
        if not left:
            self._log.info("stopped", what="loops")
            self.close()
        for one in ended:
            one.result()

    def stop(self) -> None:
        """Take nothing more in. Each loop ends after the step in hand, or is left in it. Blocks for the seconds in
        which who asked before is still answered."""
        self._stop_asked = self._stop_asked or time.monotonic()
        doors, self._doors = self._doors, ()
        self._close(doors)
        for runner in self.runners:
            runner.stop()
        self._over.set()

    def close(self) -> None:
        doors, self._doors = self._doors, ()
        self._close((*doors, *self._ends))

    def _close(self, ends: Sequence[End]) -> None:
        """One that fails, as an adapter may, which is anybody's code, keeps no other open."""
        for end in ends:
            try:
                end.close()
            except Exception as error:  # noqa: BLE001
                self._log.warning("not_closed", what=end.what, detail=loggable(error))
            else:
                self._log.info("stopped", what=end.what)

    def faults(self) -> dict[str, str]:
        """What keeps this process from being ready: steps that fail now."""
        return {name: f"failed {count} times in a row" for r in self.runners for name, count in r.faults().items()}

    def seconds_since_round(self) -> float:
        """Since the slowest loop last came round: the liveness of the process."""
        return max(runner.seconds_since_round() for runner in self.runners)


def _begun(runner: Runner, name: str) -> "Future[None]":
    """Its end. The thread keeps no process from ending."""
    end: Future[None] = Future()

    def turn() -> None:
        try:
            runner.run()
        except BaseException as error:  # noqa: BLE001  # it is raised where the end is looked at
            end.set_exception(error)
        else:
            end.set_result(None)

    threading.Thread(target=turn, name=name, daemon=True).start()
    return end
