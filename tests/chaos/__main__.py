"""`python -m tests.chaos`: every point and every fault once; or random faults for some minutes; or one seed again.

Every run prints its seed and the command that replays it. Exit code 1 when any promise was broken.
"""

import argparse
import random
import shlex
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace

from tests.chaos import network
from tests.chaos.county import SMALL, WHOLE
from tests.chaos.run import KEPT, Outcome, Setting, every_fault, every_point, no_fault, random_faults

_SECONDS = 40.0
_RUNS: dict[str, Callable[[Setting], Outcome]] = {
    "points": every_point,
    "faults": every_fault,
    "random": lambda setting: random_faults(setting, _SECONDS),
    "none": no_fault,
}


def main() -> int:
    network.enter("tests.chaos", sys.argv[1:])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that everything that was started is ended
    arguments = _arguments()
    seed = arguments.seed if arguments.seed is not None else random.SystemRandom().randrange(1_000_000)
    size = SMALL if arguments.small else WHOLE
    setting = Setting(
        seed=seed, patience=arguments.patience, size=size, words=arguments.words, times=arguments.times, say=_say
    )
    if arguments.minutes is not None:
        return _for_minutes(arguments.minutes, setting)
    kinds = [arguments.only] if arguments.only else ["faults"] if arguments.words else ["points", "faults"]
    return max(_one(kind, setting) for kind in kinds)


def _for_minutes(minutes: float, setting: Setting) -> int:
    ends, failed, runs = time.monotonic() + 60 * minutes, 0, 0
    while time.monotonic() < ends:
        failed += _one("random", replace(setting, seed=setting.seed + runs))
        runs += 1
    print(f"轮次 runs {runs}, 失败 failed {failed}", flush=True)
    return 1 if failed else 0


def _one(kind: str, setting: Setting) -> int:
    more = [*(["--small"] if setting.size is SMALL else []), *(["--times", str(setting.times)] * (setting.times > 1))]
    replay = shlex.join(["./run", "chaos", *setting.words, "--only", kind, "--seed", str(setting.seed), *more])
    print(f"== {replay}", flush=True)
    began = time.monotonic()
    outcome = _RUNS[kind](setting)
    for failure in outcome.failures:
        print(f"违反 BROKEN {failure}", flush=True)
    took = time.monotonic() - began
    print(
        f"公文 documents {outcome.documents}, 故障 faults {outcome.faults}, "
        f"失败 failures {len(outcome.failures)}, {took:.0f} s",
        flush=True,
    )
    if outcome.failures:
        print(f"重放 replay: {replay}\n{KEPT}{outcome.kept}", flush=True)
    return 1 if outcome.failures else 0


def _say(line: str) -> None:
    print(line, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run chaos", description=__doc__)
    parser.add_argument("words", nargs="*", help="only the faults, or points, whose names hold one of these, once each")
    parser.add_argument("--minutes", type=float, help="random faults on ever new counties for so long")
    parser.add_argument("--seed", type=int, help="of the first run; otherwise drawn and printed")
    parser.add_argument("--patience", type=float, default=300.0, help="seconds until all must be at rest (300)")
    parser.add_argument("--times", type=int, default=1, help="each of the faults so often (1)")
    parser.add_argument("--only", choices=tuple(_RUNS), help="one kind of run")
    parser.add_argument(
        "--small", action="store_true", help="two units, one of each worker: starts in a third of the time"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
