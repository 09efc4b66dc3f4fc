"""Times as an office reads them: all of China keeps one, and offices' systems have no zones."""

from datetime import datetime, timedelta, timezone
from typing import Final

__all__ = ["county_time"]

_COUNTY: Final = timezone(timedelta(hours=8))


def county_time(at: datetime) -> str:
    """2026-11-03 16:30:00."""
    return at.astimezone(_COUNTY).strftime("%Y-%m-%d %H:%M:%S")
