"""`python -m tests.zoo [NAME ...]`: hunt every bug, or those whose names hold a word; exit code 1 when one survives."""

import argparse
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from tests.zoo.bugs import BUGS
from tests.zoo.cage import Catch, hunt


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.zoo", description=__doc__)
    parser.add_argument("words", nargs="*", help="hunt only bugs whose names hold one of these")
    parser.add_argument("--jobs", type=int, default=2, help="processes (2)")
    arguments = parser.parse_args()
    wanted = [bug for bug in BUGS if not arguments.words or any(word in bug.name for word in arguments.words)]
    with ThreadPoolExecutor(arguments.jobs) as pool:
        return report(pool.map(hunt, wanted))


def report(hunted: Iterable[Catch]) -> int:
    """Tells each as it comes; 1 when one survived."""
    began = time.monotonic()
    catches = [_tell(catch, began) for catch in hunted]
    survived = [catch.bug.name for catch in catches if not catch.by]
    print(f"\n错误 bugs {len(catches)}, 逃脱 survived {len(survived)}, {time.monotonic() - began:.0f} s")
    for name in survived:
        print(f"逃脱 SURVIVED: {name}")
    return 1 if survived else 0


def _tell(catch: Catch, began: float) -> Catch:
    print(f"{time.monotonic() - began:4.0f} s  {catch.bug.name}", flush=True)
    print(f"        {catch.by or catch.misfit or '逃脱 SURVIVED'}", flush=True)
    return catch


if __name__ == "__main__":
    sys.exit(main())
