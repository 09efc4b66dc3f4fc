"""archivist: old months leave the database for archive files, in the clock's process, if the settings say `monthly`.

Consumes           nothing: it looks into the store once an hour
Publishes          nothing
Writes             archive files, and which there are; removes bytes that are in a file which was read back
Acknowledges       nothing
If it dies here    a file that nobody was told of, or bytes that may go and are still there: the next one goes on
If two run         the lease lets one work; two would do no harm
Settings           archive (folder, keep_months, monthly)
Metrics            none of its own

A month takes minutes, and the clock has other things to do between: each step is one small piece.
"""

from collections.abc import Iterator

from exchange.errors import YidiError
from exchange.ports.telemetry import Log
from exchange.ports.time import Clock
from exchange.services.archive.month import Archiver, Step
from exchange.services.hub.hub import Hub
from exchange.trust.anchor import Anchor
from exchange.wiring.archive import open_archiver
from exchange.wiring.homes import HubHome
from workers import runner

__all__ = ["Archivist", "steps"]

_LOOK_SECONDS = 3600.0


def steps(home: HubHome, anchor: Anchor, hub: Hub) -> list[runner.Step]:
    """None, unless the settings say that the clock archives."""
    if not home.archive.monthly:
        return []
    archivist = Archivist(open_archiver(home, anchor, hub.store, hub.log, hub.clock), hub.clock, hub.log)
    return [runner.Step(name="clock.archive", run=archivist.step)]


class Archivist:
    def __init__(self, archiver: Archiver, clock: Clock, log: Log) -> None:
        self._archiver, self._clock, self._log = archiver, clock, log
        self._run: Iterator[Step] | None = None
        self._next = clock.monotonic()

    def step(self) -> int:
        """One piece; how many there were. What cannot be archived is an alarm, and tried again an hour later: it is no
        trouble of the exchange's."""
        if self._run is None:
            if self._clock.monotonic() < self._next:
                return 0
            self._run = self._archiver.run()
        try:
            next(self._run)
        except StopIteration:
            self._rest()
            return 0
        except YidiError as error:
            self._log.alarm("archive_failed", code=error.code, detail=f"{error.message} {error.detail}".strip())
            self._rest()
            return 0
        return 1

    def _rest(self) -> None:
        self._run = None
        self._next = self._clock.monotonic() + _LOOK_SECONDS
