"""The loops of one process, each in a thread: run until told to stop, and say how they are. A node's also serve its
programs.

Stopping is in order, and the log says each (`stopped`): first what takes work in, so that nobody begins what could not
be ended; then the loops, each after the step in hand, whose work is committed, published and acknowledged by then; then
the queues, which give back what was taken and not looked at; last the stores, which all before may have needed. Whoever
watches the process sees it until after that.

Not here: what the loops do.
"""

import threading
from collections.abc import Callable, Sequence
from typing import NamedTuple

from exchange.ports.telemetry import Log
from exchange.web.serve import Server
from workers.runner import Runner

__all__ = ["End", "Loops"]


class End(NamedTuple):
    """Something to close at the end. `what`: its name in the log."""

    what: str
    close: Callable[[], None]


class Loops:
    """`run()` blocks until `stop()`, which may come from any thread; then `ends` are closed, in order. `doors`: what
    takes work in and is closed before the loops end."""

    def __init__(self, runners: Sequence[Runner], ends: Sequence[End], log: Log, *, doors: Sequence[End] = ()) -> None:
        self.runners, self._doors, self._ends, self._log = tuple(runners), tuple(doors), tuple(ends), log
        self.api_url = ""

    def join(self, runner: Runner, end: End) -> None:
        """One more loop, and what is closed after all loops have ended."""
        self.runners, self._ends = (*self.runners, runner), (*self._ends, end)

    def serve(self, api: Server) -> None:
        """Begin to serve programs at once, and stop before anything else ends. Raises InputError (WEB_ADDRESS)."""
        api.start()
        self.api_url = api.url
        self._doors = (*self._doors, End("programs", api.stop))

    def run(self) -> None:
        threads = [threading.Thread(target=runner.run, name=f"loop-{n}") for n, runner in enumerate(self.runners[1:])]
        for thread in threads:
            thread.start()
        try:
            self.runners[0].run()
        finally:
            self.stop()
            for thread in threads:
                thread.join()
            self._log.info("stopped", what="loops")
            self.close()

    def stop(self) -> None:
        """Take nothing more in. Each loop ends after the step in hand. Blocks for the seconds in which who asked before
        is still answered."""
        doors, self._doors = self._doors, ()
        self._close(doors)
        for runner in self.runners:
            runner.stop()

    def close(self) -> None:
        doors, self._doors = self._doors, ()
        self._close((*doors, *self._ends))

    def _close(self, ends: Sequence[End]) -> None:
        for end in ends:
            end.close()
            self._log.info("stopped", what=end.what)

    def faults(self) -> dict[str, str]:
        """What keeps this process from being ready: steps that fail now."""
        return {name: f"failed {count} times in a row" for r in self.runners for name, count in r.faults().items()}

    def seconds_since_round(self) -> float:
        """Since the slowest loop last came round: the liveness of the process."""
        return max(runner.seconds_since_round() for runner in self.runners)
