"""`python -m tests.simulation`: many seeds, then one small story killed at every point; or one seed, verbosely.

Every failure prints its seed and the one command that replays it. Exit code 1 when anything failed.
"""

import argparse
import gc
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import count

from tests.simulation.crashes import crash_at
from tests.simulation.run import Outcome, simulate

_CHUNK = 10
_SHOWN = 5
_REPLAY = "{python} -m tests.simulation {option} {number}"


def main() -> int:
    arguments = _arguments()
    if arguments.seed is not None:
        return _replay(simulate(arguments.seed))
    if arguments.point is not None:
        return _replay(crash_at(arguments.point))
    with ProcessPoolExecutor(arguments.jobs, initializer=gc.freeze) as pool:
        failed = _seeds(pool, arguments.first, arguments.seeds)
        failed += 0 if arguments.no_crashes else _points(pool)
    print("全部通过 all promises held" if not failed else f"失败 FAILED: {failed}", flush=True)
    return 1 if failed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, help="how many seeds (200)")
    parser.add_argument("--first", type=int, default=0, help="the first of them (0)")
    parser.add_argument("--jobs", type=int, default=2, help="processes (2)")
    parser.add_argument("--no-crashes", action="store_true", help="leave out the story killed at every point")
    parser.add_argument("--seed", type=int, help="replay this one and tell everything")
    parser.add_argument("--point", type=int, help="replay the story killed at this point and tell everything")
    return parser.parse_args()


def _seeds(pool: ProcessPoolExecutor, first: int, seeds: int) -> int:
    began = time.monotonic()
    chunks = [range(start, min(start + _CHUNK, first + seeds)) for start in range(first, first + seeds, _CHUNK)]
    failed, documents = _report("--seed", pool.map(_run_seeds, chunks))
    took = time.monotonic() - began
    rate = f"{seeds / took * 60:.0f} 个/分 per minute"
    print(f"种子 seeds {seeds}: 失败 failed {failed}, 公文 documents {documents}, {rate}", flush=True)
    return failed


def _points(pool: ProcessPoolExecutor) -> int:
    """Chunks of points, until one comes after the last."""
    began = time.monotonic()
    last = crash_at(sys.maxsize).points
    chunks = [range(start, min(start + _CHUNK, last + 1)) for start in range(1, last + 1, _CHUNK)]
    failed, _ = _report("--point", pool.map(_run_points, chunks))
    print(f"逐点崩溃 crash points {last}: 失败 failed {failed}, {time.monotonic() - began:.1f} s")
    return failed


def _run_seeds(seeds: Iterable[int]) -> list[tuple[int, Outcome]]:
    return _collected(seeds, simulate)


def _run_points(points: Iterable[int]) -> list[tuple[int, Outcome]]:
    return _collected(points, crash_at)


def _collected(numbers: Iterable[int], run: Callable[[int], Outcome]) -> list[tuple[int, Outcome]]:
    gc.disable()  # worlds are full of cycles and small; a sweep between chunks is enough
    outcomes = [(number, run(number)) for number in numbers]
    gc.collect()
    return outcomes


def _report(option: str, chunks: Iterator[list[tuple[int, Outcome]]]) -> tuple[int, int]:
    failures, documents, shown = 0, 0, count()
    for number, outcome in (pair for chunk in chunks for pair in chunk):
        documents += outcome.documents
        if not outcome.failures:
            continue
        failures += 1
        if next(shown) < _SHOWN:
            _tell(outcome)
            print("重放 replay: " + _REPLAY.format(python=sys.executable, option=option, number=number), flush=True)
    return failures, documents


def _tell(outcome: Outcome) -> None:
    print("\n".join(outcome.events))
    print("\n".join(f"违反 BROKEN {failure}" for failure in outcome.failures), flush=True)


def _replay(outcome: Outcome) -> int:
    _tell(outcome)
    print(f"公文 documents {outcome.documents}, 崩溃点 points {outcome.points}, 失败 failures {len(outcome.failures)}")
    return 1 if outcome.failures else 0


if __name__ == "__main__":
    if os.environ.get("PYTHONHASHSEED") != "0":  # the order of sets is part of a seed
        os.execve(  # itself, again
            sys.executable,
            [sys.executable, "-m", "tests.simulation", *sys.argv[1:]],
            {**os.environ, "PYTHONHASHSEED": "0"},
        )
    sys.exit(main())
