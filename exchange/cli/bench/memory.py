"""Memory of an idle node process that hosts one unit, and of one that hosts them all, every key in use."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from exchange.cli.bench.county import found_county
from exchange.errors import YidiError
from exchange.ports.telemetry import Log

__all__ = ["Memory", "measure_memory"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """KiB. `rss` counts what the process has in memory, `pss` its share of what several processes use."""

    units: int
    one_rss: int
    one_pss: int
    all_rss: int
    all_pss: int

    @property
    def per_unit(self) -> float:
        return (self.all_pss - self.one_pss) / max(1, self.units - 1)


def measure_memory(folder: Path, units: int, log: Log) -> Memory:
    """The directory knows all units both times: what differs is who is hosted."""
    one, all_ = folder / "one", folder / "all"
    found_county(one, units, log, hosted=1)
    found_county(all_, units, log)
    one_rss, one_pss = _idle(one)
    all_rss, all_pss = _idle(all_)
    return Memory(units=units, one_rss=one_rss, one_pss=one_pss, all_rss=all_rss, all_pss=all_pss)


def _idle(data: Path) -> tuple[int, int]:
    """(RSS, PSS) of a node process over `data` that has come to rest."""
    process = subprocess.Popen(  # noqa: S603  # our own interpreter and module, and a directory of ours
        [sys.executable, "-m", "exchange.cli.bench.idle", str(data)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        if process.stdout.readline().strip() != "idle":
            raise YidiError("the idle node did not start", code="BENCH")
        rollup = Path(f"/proc/{process.pid}/smaps_rollup").read_text(encoding="ascii")
        process.stdin.close()
    sizes = {line.partition(":")[0]: line.split()[1] for line in rollup.splitlines() if line.endswith("kB")}
    return int(sizes["Rss"]), int(sizes["Pss"])
