"""What programs of one unit may upload to their node in a day, in bytes; counted in the node's store, so that no
restart forgets it. Days are the county's.

A program may send small pieces, and each synced commit costs more than a piece: what is counted in the store is drawn
from it in blocks, and spent here piece by piece. A process that dies leaves at most one block counted that never came.

Limits: what was taken before midnight and given back after it is added to the new day.
"""

import threading
from collections import Counter
from datetime import datetime
from typing import Final

from exchange.errors import AllowanceError, LimitError
from exchange.model.calendar import begin_of_day, next_day
from exchange.model.unit import UnitCode
from exchange.ports.node import NodeStore
from exchange.ports.time import Clock

__all__ = ["ProgramQuota"]

_BLOCK: Final = 64 << 20
_BLOCKS: Final = 100


class ProgramQuota:
    """`allowed`: bytes per unit and day. For any number of threads."""

    def __init__(self, store: NodeStore, clock: Clock, allowed: int) -> None:
        self._store, self._clock, self._allowed = store, clock, allowed
        self._block = min(_BLOCK, allowed // _BLOCKS)
        self._lock = threading.Lock()
        self._day: datetime | None = None
        self._drawn: Counter[UnitCode] = Counter()  # counted in the store, and not spent

    def check(self, unit: UnitCode, coming: int) -> None:
        """Raises AllowanceError unless so many more bytes may come today, LimitError (SIZE) when they never may."""
        if coming > self._allowed:
            raise LimitError(
                f"{coming} bytes are to come, and a unit's programs may upload {self._allowed} in a day: the node's "
                "administrator must raise api.upload_bytes_per_day",
                code="SIZE",
            )
        with self._lock:
            day = self._turn()
            with self._store.look() as session:
                used = session.bytes_of_day(unit, day)
            if used - self._drawn[unit] + coming > self._allowed:
                raise self._used_up()

    def take(self, unit: UnitCode, coming: int) -> None:
        """Count bytes that are about to come. Raises AllowanceError; then none was counted."""
        with self._lock:
            day = self._turn()
            if (missing := coming - self._drawn[unit]) > 0:
                self._draw(unit, day, missing)
            self._drawn[unit] -= coming

    def give_back(self, unit: UnitCode, missing: int) -> None:
        """Of what was taken so much did not come."""
        with self._lock:
            day = self._turn()
            self._drawn[unit] += missing
            if (more := self._drawn[unit] - self._block) > 0:
                with self._store.begin() as session:
                    session.add_bytes(unit, day, -more)
                self._drawn[unit] -= more

    def _draw(self, unit: UnitCode, day: datetime, missing: int) -> None:
        with self._store.begin() as session:
            left = self._allowed - session.bytes_of_day(unit, day)
            if missing > left:
                raise self._used_up()
            drawn = min(missing + self._block, left)
            session.add_bytes(unit, day, drawn)
        self._drawn[unit] += drawn

    def _turn(self) -> datetime:
        today = begin_of_day(self._clock.now())
        if today != self._day:
            self._day = today
            self._drawn.clear()
        return today

    def _used_up(self) -> AllowanceError:
        until = next_day(self._clock.now())
        return AllowanceError(
            f"a unit's programs may upload {self._allowed} bytes in a day; the next begins at {until:%Y-%m-%dT%H:%MZ}",
            until=until,
            code="QUOTA",
        )
