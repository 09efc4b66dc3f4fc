"""`python -m tests.chaos`: every point and every fault once; or random faults for some minutes; or one seed again.

Every run prints its seed and the command that replays it. Exit code 1 when any promise was broken.
"""

import argparse
import random
import signal
import sys
import time
from collections.abc import Callable

from tests.chaos.run import Outcome, every_fault, every_point, random_faults

_SECONDS = 40.0


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that everything that was started is ended
    arguments = _arguments()
    seed = arguments.seed if arguments.seed is not None else random.SystemRandom().randrange(1_000_000)
    patience: float = arguments.patience
    if arguments.minutes is not None:
        return _for_minutes(arguments.minutes, seed, arguments.patience)
    runs: dict[str, Callable[[], Outcome]] = {
        "points": lambda: every_point(seed, patience, _say),
        "faults": lambda: every_fault(seed, patience, _say, arguments.words),
        "random": lambda: random_faults(seed, patience, _SECONDS, _say),
    }
    kinds = [arguments.only] if arguments.only else ["faults"] if arguments.words else ["points", "faults"]
    return max(_one(" ".join([*arguments.words, f"--only {kind} --seed {seed}"]), runs[kind]) for kind in kinds)


def _for_minutes(minutes: float, seed: int, patience: float) -> int:
    ends, failed, runs = time.monotonic() + 60 * minutes, 0, 0
    while time.monotonic() < ends:
        failed += _random(seed + runs, patience)
        runs += 1
    print(f"轮次 runs {runs}, 失败 failed {failed}", flush=True)
    return 1 if failed else 0


def _random(seed: int, patience: float) -> int:
    return _one(f"--only random --seed {seed}", lambda: random_faults(seed, patience, _SECONDS, _say))


def _one(how: str, run: Callable[[], Outcome]) -> int:
    replay = f"./run chaos {how}"
    print(f"== {replay}", flush=True)
    began = time.monotonic()
    outcome = run()
    for failure in outcome.failures:
        print(f"违反 BROKEN {failure}", flush=True)
    took = time.monotonic() - began
    print(
        f"公文 documents {outcome.documents}, 故障 faults {outcome.faults}, "
        f"失败 failures {len(outcome.failures)}, {took:.0f} s",
        flush=True,
    )
    if outcome.failures:
        print(f"重放 replay: {replay}\n现场 everything of it: {outcome.kept}", flush=True)
    return 1 if outcome.failures else 0


def _say(line: str) -> None:
    print(line, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run chaos", description=__doc__)
    parser.add_argument("words", nargs="*", help="only the faults whose names hold one of these, once each")
    parser.add_argument("--minutes", type=float, help="random faults on ever new counties for so long")
    parser.add_argument("--seed", type=int, help="of the first run; otherwise drawn and printed")
    parser.add_argument("--patience", type=float, default=150.0, help="seconds until all must be at rest (150)")
    parser.add_argument("--only", choices=("points", "faults", "random"), help="one kind of run")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
