"""watch: the wall clock. Set back, it leaves everything that is open due far ahead, where nobody would look for days.

Consumes           nothing
Writes             due times, through what it is told to wake
If it dies here    a start makes everything that is open due anyway

Set forward it costs nothing but attempts: what is due is done, and the dispatcher knows a late look when it sees one.
"""

from collections.abc import Callable
from datetime import timedelta

from exchange.ports.telemetry import Log
from exchange.ports.time import Clock
from workers.runner import Step

__all__ = ["ClockWatch", "steps"]

_NOTHING = timedelta(minutes=1)  # what a time service corrects without anybody's noticing


class ClockWatch:
    """Compares how far the wall clock and the timer went since the last look."""

    def __init__(self, clock: Clock, make_all_due: Callable[[], None], log: Log) -> None:
        self._clock, self._make_all_due, self._log = clock, make_all_due, log
        self._last = (clock.now(), clock.monotonic())

    def look(self) -> int:
        """1 when it was set back, else 0."""
        (wall, timer), now = self._last, (self._clock.now(), self._clock.monotonic())
        back = timedelta(seconds=now[1] - timer) - (now[0] - wall)
        set_back = back > _NOTHING
        if set_back:
            self._log.alarm("clock_set_back", seconds=round(back.total_seconds()))
            self._make_all_due()
        self._last = now
        return int(set_back)


def steps(watch: ClockWatch) -> list[Step]:
    return [Step(name="watch.clock", run=watch.look, every_seconds=10.0)]
