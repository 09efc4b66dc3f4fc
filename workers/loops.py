"""The loops of one process, each in a thread: run until told to stop, and say how they are. A node's also serve its
programs.

Not here: what the loops do.
"""

import threading
from collections.abc import Callable, Sequence

from exchange.web.serve import Server
from workers.runner import Runner

__all__ = ["Loops"]


class Loops:
    """`run()` blocks until `stop()`, which may come from any thread or a signal; then `ends` are called, in order."""

    def __init__(self, runners: Sequence[Runner], ends: Sequence[Callable[[], None]]) -> None:
        self.runners, self._ends = tuple(runners), tuple(ends)
        self.api_url = ""

    def join(self, runner: Runner, end: Callable[[], None]) -> None:
        """One more loop, and what ends after all loops have."""
        self.runners, self._ends = (*self.runners, runner), (*self._ends, end)

    def serve(self, api: Server) -> None:
        """Begin to serve programs at once, and stop before anything else ends. Raises InputError (WEB_ADDRESS)."""
        api.start()
        self.api_url = api.url
        self._ends = (api.stop, *self._ends)

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
            self.close()

    def stop(self) -> None:
        """Each loop ends after the step in hand: what it committed is published and acknowledged first."""
        for runner in self.runners:
            runner.stop()

    def close(self) -> None:
        for end in self._ends:
            end()

    def faults(self) -> dict[str, str]:
        """What keeps this process from being ready: steps that fail now."""
        return {name: f"failed {count} times in a row" for r in self.runners for name, count in r.faults().items()}

    def seconds_since_round(self) -> float:
        """Since the slowest loop last came round: the liveness of the process."""
        return max(runner.seconds_since_round() for runner in self.runners)
