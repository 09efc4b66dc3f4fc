"""Bring faults upon an exchange that is watched, and hold it to what the matrix says."""

import sys
import time
from collections.abc import Collection, Mapping, Sequence

from tests.servers.alarms.matrix import Fault
from tests.servers.alarms.told import BEGINS, OVER, Alarm, Notification, turns
from tests.servers.alarms.watched import Firing, Watched

__all__ = ["begun", "judge", "lingers", "play"]

_HOLD_SECONDS = 3.0  # what must stay silent is given so long to fire after what must


def play(watched: Watched, row: Sequence[Fault], lasting: Firing) -> None:
    """The faults of a row together, until all is over. `lasting`: alarms of faults that go on meanwhile."""
    names = ", ".join(fault.name for fault in row)
    fires, must, may = _of(row)
    lingering = lasting | lingers(row)
    began, before = time.monotonic(), len(watched.told)
    undo = [fault.begin(watched) for fault in row]
    # Not all at one moment: some are over before others have waited for long enough.
    watched.until(f"{names}: {sorted(must)} must fire", lambda: must <= watched.fired_since(began))
    watched.until(f"{names}: {sorted(fires)} must be told", lambda: fires <= begun(watched.told[before:]))
    time.sleep(_HOLD_SECONDS)
    fired = watched.fired_since(began)
    for one in undo:
        one()
    ended = time.monotonic()
    assert fired <= may | lasting, f"{names}: {sorted(fired - may - lasting)} must stay silent"
    watched.until(f"{names}: all must fall silent", lambda: watched.firing() <= lingering)
    watched.until(f"{names}: all ends must be told", lambda: begun(watched.told[before:], still=True) <= lingering)
    told = {alarm: its for alarm, its in turns(watched.told[before:]).items() if alarm.name not in lingering}
    judge(names, told, fires | {one for fault in row for one in fault.may_fire})
    now = time.monotonic()
    print(f"{names}: {ended - began:.0f} + {now - ended:.0f} s", file=sys.stderr)  # noqa: T201  # shown by -s


def judge(what: str, told: Mapping[Alarm, list[str]], may: Collection[str]) -> None:
    """Of each alarm that may be told people hear once that it begins, and once that it is over; of others nothing."""
    wrong = {alarm.name: its for alarm, its in told.items() if alarm.name not in may or its != [BEGINS, OVER]}
    assert not wrong, f"{what}: {wrong} was told"


def begun(heard: Sequence[Notification], *, still: bool = False) -> Firing:
    """Alarms of which people heard that they begin; `still`: and not that they are over."""
    return frozenset(
        alarm.name for alarm, its in turns(heard).items() if BEGINS in its and not (still and its[-1] == OVER)
    )


def lingers(row: Sequence[Fault]) -> Firing:
    return frozenset(one for fault in row if fault.lingers for one in fault.fires)


def _of(faults: Sequence[Fault]) -> tuple[Firing, Firing, Firing]:
    """What fires and is told, what must fire, what may."""
    fires = frozenset(one for fault in faults for one in fault.fires)
    must = fires | {one for fault in faults for one in fault.follows}
    return fires, must, must | {one for fault in faults for one in (*fault.may_fire, *fault.may_follow)}
