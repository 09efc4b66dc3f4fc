"""watch: the wall clock. Set back, it leaves everything that is open due far ahead, where nobody would look for days.

Consumes           nothing
Writes             due times, through what it is told to wake
If it dies here    a start makes everything that is open due anyway

Set forward it costs nothing but attempts: what is due is done, and the dispatcher knows a late look when it sees one.
It may be right again before anybody looks; what was stored meanwhile is then due later than any wait lasts, by which
it is known.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from exchange.ports.telemetry import Log
from exchange.ports.time import Clock
from exchange.services.backoff import longest_wait
from exchange.services.hub.forward import WHILE_ABSENT
from exchange.services.hub.hub import Hub
from workers.runner import Step

__all__ = ["ClockWatch", "hub_longest_wait", "steps"]

_NOTHING = timedelta(minutes=1)  # what a time service corrects without anybody's noticing


class ClockWatch:
    """Compares how far the wall clock and the timer went since the last look. `make_due`: whatever is due after the
    given time becomes due now; `longest`: no wait is ever longer."""

    def __init__(self, clock: Clock, make_due: Callable[[datetime], None], longest: timedelta, log: Log) -> None:
        self._clock, self._make_due, self._longest, self._log = clock, make_due, longest, log
        self._last = (clock.now(), clock.monotonic())

    def look(self) -> int:
        """1 when it was set back, else 0."""
        (wall, timer), now = self._last, (self._clock.now(), self._clock.monotonic())
        back = timedelta(seconds=now[1] - timer) - (now[0] - wall)
        set_back = back > _NOTHING
        if set_back:
            self._log.alarm("clock_set_back", seconds=round(back.total_seconds()))
        self._make_due(now[0] if set_back else now[0] + self._longest + _NOTHING)
        self._last = now
        return int(set_back)


def hub_longest_wait(hub: Hub) -> timedelta:
    return max(longest_wait(hub.timing.retry), WHILE_ABSENT)


def steps(watch: ClockWatch) -> list[Step]:
    return [Step(name="watch.clock", run=watch.look, every_seconds=10.0)]
