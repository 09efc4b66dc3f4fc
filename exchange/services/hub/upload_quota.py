"""What one unit may upload to the hub in a day, in bytes; counted in the hub's store, so that no restart forgets it and
several processes count together. Days are the county's.

Not here: what is accepted of its documents (`quota`).
"""

from exchange.errors import AllowanceError, LimitError
from exchange.model.calendar import begin_of_day, next_day
from exchange.model.unit import UnitCode
from exchange.ports.hub import HubStore, Usage
from exchange.ports.time import Clock

__all__ = ["UploadQuota"]


class UploadQuota:
    """`allowed`: bytes per unit and day."""

    def __init__(self, store: HubStore, clock: Clock, allowed: int) -> None:
        self._store, self._clock, self._allowed = store, clock, allowed

    def check(self, unit: UnitCode, coming: int) -> None:
        """Raises AllowanceError unless so many more bytes may come today, LimitError (SIZE) when they never may."""
        if coming > self._allowed:
            raise LimitError(
                f"{coming} bytes are to come, and a unit may upload {self._allowed} in a day: the hub's administrator "
                "must raise http.upload_bytes_per_day",
                code="SIZE",
            )
        now = self._clock.now()
        with self._store.begin() as session:
            used = session.usage([unit], begin_of_day(now)).get(unit, Usage())
        self._judge(used.uploaded + coming)

    def take(self, unit: UnitCode, coming: int) -> None:
        """Count bytes that are about to come. Raises AllowanceError; then none was counted."""
        day = begin_of_day(self._clock.now())
        with self._store.begin() as session:
            # Counted, then looked at: who counts for the same unit waits for us.
            session.add_usage(day, {unit: Usage(uploaded=coming)})
            self._judge(session.usage([unit], day)[unit].uploaded)

    def give_back(self, unit: UnitCode, missing: int) -> None:
        """Of what was taken so much did not come."""
        with self._store.begin() as session:
            session.add_usage(begin_of_day(self._clock.now()), {unit: Usage(uploaded=-missing)})

    def _judge(self, used: int) -> None:
        if used > self._allowed:
            until = next_day(self._clock.now())
            raise AllowanceError(
                f"a unit may upload {self._allowed} bytes in a day; the next begins at {until:%Y-%m-%dT%H:%MZ}",
                until=until,
            )
