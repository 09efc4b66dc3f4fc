"""What it was measured on."""

import os
import platform
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

__all__ = ["MachineFacts", "machine_facts"]

_SYNCS = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineFacts:
    """`load`: processes that wanted a core in the minute before. `sync_ms`: median of writing 4 KiB to stable
    storage."""

    cores: int
    cpu: str
    python: str
    system: str
    load: float
    sync_ms: float


def machine_facts(where: Path) -> MachineFacts:
    return MachineFacts(
        cores=len(os.sched_getaffinity(0)),
        cpu=_cpu(),
        python=platform.python_version(),
        system=f"{platform.system()} {platform.machine()}",
        load=round(os.getloadavg()[0], 2),
        sync_ms=round(_sync_seconds(where) * 1000, 2),
    )


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def _sync_seconds(where: Path) -> float:
    times = []
    with (where / "sync").open("wb") as file:
        for _ in range(_SYNCS):
            began = time.perf_counter()
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - began)
    return median(times)
