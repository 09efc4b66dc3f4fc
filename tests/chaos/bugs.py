"""The zoo of deliberate bugs, on real servers and processes: `python -m tests.chaos.bugs [WORD ...]`.

Each is put into a copy of the source, where a run on a small county must break the promise that it is about. They are
those of `tests.zoo` that a process, a queue or a clock brings to light, and some that need a real clock, line or disk.
"""

import argparse
import sys
from dataclasses import replace

from tests.chaos import network
from tests.chaos.volume import may_mount
from tests.zoo.__main__ import report
from tests.zoo.bugs import BUGS, PROCESSES, Bug
from tests.zoo.cage import hunt

_POWER, _SILENT = "'power cut'", "'silent lines'"
# Of those in `tests.zoo`: what is done to a small county, and what the verdict must say.
_HUNTS = {
    "the router acknowledges before it commits": ("--only none", "router-1 acknowledged"),
    "the node acknowledges before it commits": ("--only none", "before it was kept"),
    "the hub does not look for duplicates": ("'router ack.before' --only points --patience 15", "outbox_open"),
    "the node does not look for duplicates": (
        "'node commit[add_documents].after' --only points --patience 15",
        "deliveries accepted",
    ),
    "publishing closes the outbox": ("'false confirms'", "LOST"),
    "publishing closes a forward": ("'false confirms'", "sender lacks"),
    "a receipt gets no entry in the ledger": ("--only none", "ENTRIES"),
    "the broker's account is not compared with a receipt's author": ("'foreign account'", "not set aside"),
    "the sealer begins at the first leaf again": ("--only none --patience 15", "entries_unsealed"),
}
_OWN = (
    Bug(
        name="what was stored under a wrong clock is never found",
        file="workers/watch.py",
        old="self._make_due(now[0] if set_back else now[0] + self._longest + _NOTHING)",
        new="self._make_due(now[0] if set_back else now[0] + timedelta(days=3650))",
        judge=f"{PROCESSES}'clock ahead' --times 4 --patience 25",
        because="still open",
    ),
    Bug(
        name="a connection that was lost is not made again",
        file="exchange/transport/rabbit_connection.py",
        old="        if self._closing:\n            self._loop.stop()\n            return\n        longest",
        new="        if self._closing or self._attempts > 1:\n"
        "            self._loop.stop()\n            return\n        longest",
        judge=f"{PROCESSES}'kill the broker' --patience 25",
        because="outbox_open",
    ),
    Bug(
        name="a database that is gone without a word is waited for",
        file="exchange/storage/engine.py",
        old="connect_args=dict(_POSTGRESQL_LINE),",
        new="",
        judge=f"{PROCESSES}{_SILENT} --patience 25",
        because="ended with",
    ),
    Bug(
        name="the node answers before its disk has it",
        file="exchange/storage/engine.py",
        old="PRAGMA synchronous = FULL",
        new="PRAGMA synchronous = OFF",
        judge=PROCESSES + _POWER,
        because="was accepted and is gone",
    ),
    Bug(
        name="an uploaded file counts before the disk has it",
        file="exchange/files/local.py",
        old="        os.fsync(file.fileno())\n    except",
        new="        file.fileno()\n    except",
        judge=f"{PROCESSES}{_POWER} --patience 25",
        because="FILES",
    ),
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="./run zoo --processes", description=__doc__)
    parser.add_argument("words", nargs="*", help="hunt only bugs whose names hold one of these")
    words = parser.parse_args().words
    known = {bug.name: bug for bug in BUGS}
    hunts = [(known[name], judge, because) for name, (judge, because) in _HUNTS.items()]
    bugs = [replace(bug, judge=PROCESSES + judge, because=because) for bug, judge, because in hunts] + list(_OWN)
    wanted = [bug for bug in bugs if not words or any(word in bug.name for word in words)]
    possible = [bug for bug in wanted if _is_possible(bug)]
    for bug in wanted:
        if bug not in possible:
            sys.stdout.write(f"此机做不到，未做 this machine cannot, left out: {bug.name}\n")
    return report(hunt(bug) for bug in possible)  # one after the other: each has servers of its own


def _is_possible(bug: Bug) -> bool:
    if _POWER in bug.judge:
        return may_mount()
    return _SILENT not in bug.judge or network.is_possible()


if __name__ == "__main__":
    sys.exit(main())
