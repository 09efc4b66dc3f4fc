"""A clock that moves only when told, in whole milliseconds."""

from datetime import UTC, datetime, timedelta

__all__ = ["FakeClock"]

_START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)  # a Monday, nine in the morning in Beijing


class FakeClock:
    def __init__(self, start: datetime = _START) -> None:
        self._exact = start
        self._elapsed = timedelta()

    def now(self) -> datetime:
        return self._exact.replace(microsecond=self._exact.microsecond // 1000 * 1000)

    def monotonic(self) -> float:
        return self._elapsed.total_seconds()

    def advance(self, by: timedelta) -> None:
        """Time passes: both clocks move."""
        if by < timedelta():
            raise ValueError("time does not run backwards; `jump` sets the wall clock")
        self._elapsed += by
        self._exact += by

    def jump(self, by: timedelta) -> None:
        """Somebody sets the wall clock, forwards or backwards; timers do not notice."""
        self._exact += by
