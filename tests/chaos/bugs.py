"""The zoo of deliberate bugs, on real servers and processes: `python -m tests.chaos.bugs [WORD ...]`.

Each is put into a copy of the source, where a run must break a promise. They are those of `tests.zoo` that a process, a
queue or a clock brings to light, and some that need real ones.
"""

import argparse
import sys
from dataclasses import replace

from tests.zoo.__main__ import report
from tests.zoo.bugs import BUGS, PROCESSES, Bug
from tests.zoo.cage import hunt

_POINTS, _LIES = "--only points", "lying wipe broker poison --only faults"
_JUDGES = {
    "the router acknowledges before it commits": _POINTS,
    "the node acknowledges before it commits": _POINTS,
    "the hub does not look for duplicates": _POINTS,
    "the node does not look for duplicates": _POINTS,
    "publishing closes the outbox": _POINTS,
    "publishing closes a forward": _POINTS,
    "a receipt gets no entry in the ledger": _LIES,
    "the broker's account is not compared with a receipt's author": _POINTS,
    "the sealer begins at the first leaf again": _POINTS,
}
_OWN = (
    Bug(
        name="what was stored under a wrong clock is never found",
        file="workers/watch.py",
        old="self._make_due(now[0] if set_back else now[0] + self._longest + _NOTHING)",
        new="self._make_due(now[0] if set_back else now[0] + timedelta(days=3650))",
        judge=f"{PROCESSES}clock --only faults",
    ),
    Bug(
        name="a connection that was lost is not made again",
        file="exchange/transport/rabbit_connection.py",
        old="        if self._closing:\n            self._loop.stop()\n            return\n        longest",
        new="        if self._closing or self._attempts > 1:\n"
        "            self._loop.stop()\n            return\n        longest",
        judge=f"{PROCESSES}broker cut --only faults",
    ),
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.bugs", description=__doc__)
    parser.add_argument("words", nargs="*", help="hunt only bugs whose names hold one of these")
    words = parser.parse_args().words
    known = {bug.name: bug for bug in BUGS}
    bugs = [replace(known[name], judge=PROCESSES + judge) for name, judge in _JUDGES.items()] + list(_OWN)
    wanted = [bug for bug in bugs if not words or any(word in bug.name for word in words)]
    return report(hunt(bug) for bug in wanted)  # one after the other: each has servers of its own


if __name__ == "__main__":
    sys.exit(main())
