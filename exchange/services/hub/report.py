"""The report of a day or a month: what each unit sent, received and signed, how late, and how much it was there.

It counts documents by when the hub accepted them, and says of each what has become of it by now: the report of a month
that was taken on its last day and the one that is taken a week later differ in what was signed since.

Not here: the sums (`exchange.ports.figures`), presence (`exchange.services.hub.attendance`), how a table is written.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from exchange.directory.snapshot import Directory
from exchange.model.calendar import start_of
from exchange.model.unit import UnitCode
from exchange.ports.figures import Figures
from exchange.ports.hub import HubSession
from exchange.services.hub.attendance import WorkingHours, attended

__all__ = ["Report", "ReportLine", "report"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportLine:
    """`presence`: its share of the working hours; None where there were none, or it has no key."""

    unit: UnitCode
    name: str
    figures: Figures
    presence: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """`units` in the directory's order: every active one, and any other that has figures. `all`: of all together, a
    document for three units once as sent and three times as received."""

    first: date
    last: date
    units: tuple[ReportLine, ...]
    all: Figures


def report(
    session: HubSession,
    directory: Directory,
    first: date,
    last: date,
    days: Sequence[date],
    hours: WorkingHours,
    now: datetime,
) -> Report:
    """From the first to the last day of the county's. `days`: those of them that are worked."""
    start, end = start_of(first), start_of(last + timedelta(days=1))
    figures = session.figures(start, end, now)
    there = {one.unit: one.share for one in attended(session, directory, days, hours, now)}
    lines = [
        ReportLine(
            unit=entry.unit.code,
            name=entry.unit.name,
            figures=figures.get(entry.unit.code, Figures()),
            presence=there.get(entry.unit.code),
        )
        for entry in directory.units
        if entry.unit.active or entry.unit.code in figures
    ]
    return Report(first=first, last=last, units=tuple(lines), all=figures.get(None, Figures()))
