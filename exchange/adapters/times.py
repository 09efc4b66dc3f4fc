"""Times as an office reads them: all of China keeps one, and offices' systems have no zones."""

from datetime import datetime

from exchange.model.calendar import COUNTY_TIME

__all__ = ["county_time"]


def county_time(at: datetime) -> str:
    """2026-11-03 16:30:00."""
    return at.astimezone(COUNTY_TIME).strftime("%Y-%m-%d %H:%M:%S")
