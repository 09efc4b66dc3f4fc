"""The real clock and real ids. Simulations bring their own."""

import random
import time
import uuid
from datetime import UTC, datetime

__all__ = ["SystemClock", "SystemIds", "system_chance"]


class SystemClock:
    def now(self) -> datetime:
        now = datetime.now(UTC)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    def monotonic(self) -> float:
        return time.monotonic()


class SystemIds:
    def new(self) -> str:
        return str(uuid.uuid4())


def system_chance() -> random.Random:
    """For jitter alone; nothing secret is drawn from it."""
    return random.Random()  # noqa: S311
