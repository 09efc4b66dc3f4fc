"""Runs in the copy with the bug: crash points and seeds in turn, until one fails. Prints what caught it and exits 1;
exits 0 when nothing did."""

import gc
import sys

from tests.simulation.crashes import crash_at
from tests.simulation.run import Outcome, simulate


def main(seeds: int) -> int:
    gc.disable()
    if _caught(crash_at(sys.maxsize), "a story without any fault", 0):
        return 1
    for seed in range(seeds):
        if _caught(simulate(seed), f"seed {seed}", seed + 1):
            return 1
        gc.collect()
    return 0


def _caught(outcome: Outcome, by: str, seeds: int) -> bool:
    if outcome.failures:
        sys.stdout.write(f"{seeds}\t{by}\t{outcome.failures[0][:160]}\n")
    return bool(outcome.failures)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
